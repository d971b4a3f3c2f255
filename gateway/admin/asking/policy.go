package asking

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Raise is what a request would change of its object, in fields by the API's names.
type Raise struct {
	// Noun is team, key, member or budget.
	Noun string
	// Before is the object as it is. AsAsked is it with the increase, as it would be stored, and AsLimit with a limit that is
	// larger by as much: a policy that asks for approval of either asks for it.
	Before, AsAsked, AsLimit map[string]any
}

// Policy says for what reasons somebody must agree to a raise; none is that nobody need.
type Policy func(ctx context.Context, raise Raise) ([]string, error)

// raiseOf is what a request would change. The limit grows by the increases of before, too, so that many small requests are
// one large one.
func (l limit) raiseOf(r api.QuotaRequest, now time.Time) (Raise, error) {
	noun, _ := r.Of()
	before, err := fieldsOf(l.fields)
	asked, errAsked := fieldsOf(l.fields)
	larger, errLarger := fieldsOf(l.fields)
	for _, err := range []error{err, errAsked, errLarger} {
		if err != nil {
			return Raise{}, err
		}
	}
	budget, rates := l.tempBudget, l.tempRates
	raise(r, &budget, &rates, now)
	var increases any = rates
	if r.Limit == api.LimitBudget {
		increases = budget
	}
	raised, err := fieldsOf(increases)
	if err != nil {
		return Raise{}, err
	}
	maps.Copy(asked, raised)
	name := l.capField(r)
	if r.Limit == api.LimitBudget {
		before[name], larger[name] = dollars(l.base(now)), dollars(*l.aim(r))
	} else {
		before[name], larger[name] = number(l.baseRate(r, now)), number(*l.aimRate(r))
	}
	asked[name] = before[name]
	return Raise{Noun: noun, Before: before, AsAsked: asked, AsLimit: larger}, nil
}

// capField is the field of the limit that a request is about.
func (l limit) capField(r api.QuotaRequest) string {
	if r.Limit == api.LimitBudget && r.UserID != nil {
		return "max_budget_in_team"
	}
	return r.Limit
}

func dollars(amount money.Nano) json.Number { return json.Number(amount.String()) }

func number(n int64) json.Number { return json.Number(fmt.Sprint(n)) }

// fieldsOf are an object's fields by the API's names.
func fieldsOf(object any) (fields map[string]any, err error) {
	data, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("read what is asked to be raised: %w", err)
	}
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, fmt.Errorf("read what is asked to be raised: %w", err)
	}
	return fields, nil
}
