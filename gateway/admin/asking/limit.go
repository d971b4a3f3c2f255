package asking

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// limit is what a request is about, as it stands.
type limit struct {
	// name is whose it is, such as `team "marketing"`.
	name      string
	managedBy *api.ManagedBy
	// fields are the object's as it is, with its id.
	fields any
	// budget and rate are what is in force with increases; nil for what is not limited.
	budget *money.Nano
	rate   *int64
	// temporary are the increases that there are, running or not.
	tempBudget api.TempBudget
	tempRates  api.TempRates
	// raise changes the increases, and inForce tells the gateways of it.
	raise   func(ctx context.Context, change api.Change, edit func(*api.TempBudget, *api.TempRates)) error
	inForce func(ctx context.Context) error
}

// limitOf reads the limit that a request is about.
func (d *Desk) limitOf(ctx context.Context, r api.QuotaRequest) (limit, error) {
	team, err := d.Record.Team(ctx, r.TeamID)
	if err != nil {
		return limit{}, err
	}
	var found limit
	switch {
	case r.KeyID != nil:
		found, err = d.keyLimit(ctx, r)
	case r.UserID != nil:
		found, err = d.memberLimit(ctx, r, team)
	case r.BudgetID != nil:
		found, err = d.potLimit(ctx, r)
	default:
		found, err = d.teamLimit(ctx, r, team)
	}
	if err != nil {
		return limit{}, err
	}
	noun, id := r.Of()
	found.name = fmt.Sprintf("%s %q", noun, id)
	if r.Limit == api.LimitBudget && found.budget == nil || r.Limit != api.LimitBudget && found.rate == nil {
		return limit{}, api.FieldErrorf("limit", "%s of %s is not limited: there is nothing to raise", r.Limit, found.name)
	}
	return found, nil
}

func (d *Desk) teamLimit(ctx context.Context, r api.QuotaRequest, team api.Team) (limit, error) {
	if team.DeclaredIn != "" {
		return limit{}, api.Errorf(api.Conflict, "team %q is declared in %s, where it is to be changed", team.TeamID, team.DeclaredIn)
	}
	states, err := d.Spending.Teams(ctx, []api.Team{team})
	if err != nil {
		return limit{}, err
	}
	rates, err := d.Spending.LimitsInForce(ctx, team)
	return limit{
		managedBy: team.ManagedBy, fields: team, budget: capOf(states[0]), rate: rateOf(r, rates), tempBudget: team.TempBudget, tempRates: team.TempRates,
		raise: func(ctx context.Context, change api.Change, edit func(*api.TempBudget, *api.TempRates)) error {
			_, err := d.Record.UpdateTeam(ctx, change, team.TeamID, 0, func(team *api.Team) error {
				edit(&team.TempBudget, &team.TempRates)
				return nil
			})
			return err
		},
		inForce: func(ctx context.Context) error { return d.Changes.TeamChanged(ctx, team.TeamID) },
	}, err
}

func (d *Desk) keyLimit(ctx context.Context, r api.QuotaRequest) (limit, error) {
	key, err := d.Record.Key(ctx, *r.KeyID)
	if err != nil && api.CodeOf(err) != api.NotFound {
		return limit{}, err
	}
	if err != nil || key.TeamID == nil || *key.TeamID != r.TeamID {
		return limit{}, api.FieldErrorf("key_id", "is no key of team %q", r.TeamID)
	}
	states, err := d.Spending.Keys(ctx, []api.Key{key})
	if err != nil {
		return limit{}, err
	}
	before, after := key, key
	return limit{
		managedBy: key.ManagedBy, fields: key, budget: capOf(states[0]), rate: rateOf(r, key.TempRates.Raise(key.RateLimits, d.Now())), tempBudget: key.TempBudget, tempRates: key.TempRates,
		raise: func(ctx context.Context, change api.Change, edit func(*api.TempBudget, *api.TempRates)) (err error) {
			after, err = d.Record.UpdateKey(ctx, change, key.KeyID, 0, func(key *api.Key) error {
				before = *key
				edit(&key.TempBudget, &key.TempRates)
				return nil
			})
			return err
		},
		inForce: func(ctx context.Context) error { return d.Changes.KeyChanged(ctx, &before, &after) },
	}, nil
}

func (d *Desk) memberLimit(ctx context.Context, r api.QuotaRequest, team api.Team) (limit, error) {
	member, err := d.Record.Member(ctx, r.TeamID, *r.UserID)
	if err != nil {
		return limit{}, err
	}
	states, err := d.Spending.Members(ctx, team, []api.Membership{member})
	if err != nil {
		return limit{}, err
	}
	rates := member.TempRates.Raise(member.Limits(team.MemberDefaults), d.Now())
	return limit{
		managedBy: member.ManagedBy, fields: member, budget: capOf(states[0]), rate: rateOf(r, rates), tempBudget: member.TempBudget, tempRates: member.TempRates,
		raise: func(ctx context.Context, change api.Change, edit func(*api.TempBudget, *api.TempRates)) error {
			_, err := d.Record.UpdateMember(ctx, change, r.TeamID, *r.UserID, 0, func(fields *api.MemberFields) error {
				edit(&fields.TempBudget, &fields.TempRates)
				return nil
			})
			return err
		},
		inForce: func(ctx context.Context) error { return d.Changes.UserChanged(ctx, *r.UserID) },
	}, nil
}

func (d *Desk) potLimit(ctx context.Context, r api.QuotaRequest) (limit, error) {
	pot, err := d.Record.Budget(ctx, *r.BudgetID)
	if err != nil && api.CodeOf(err) != api.NotFound {
		return limit{}, err
	}
	if err != nil || !pot.Pot() || pot.TeamIDs != nil && !slices.Contains(pot.TeamIDs, r.TeamID) {
		return limit{}, api.FieldErrorf("budget_id", "is no pot that team %q spends from", r.TeamID)
	}
	states, err := d.Spending.Budgets(ctx, []api.Budget{pot})
	if err != nil {
		return limit{}, err
	}
	before, after := pot, pot
	return limit{
		managedBy: pot.ManagedBy, fields: pot, budget: capOf(states[0]), tempBudget: pot.TempBudget,
		raise: func(ctx context.Context, change api.Change, edit func(*api.TempBudget, *api.TempRates)) (err error) {
			after, err = d.Record.UpdateBudget(ctx, change, pot.BudgetID, 0, func(pot *api.Budget) error {
				before = *pot
				edit(&pot.TempBudget, &api.TempRates{})
				return nil
			})
			return err
		},
		inForce: func(ctx context.Context) error { return d.Changes.BudgetChanged(ctx, &before, &after) },
	}, nil
}

// capOf is the cap that a state was judged by.
func capOf(state api.BudgetState) *money.Nano {
	if state.RemainingBudget == nil {
		return nil
	}
	return new(state.Spend + *state.RemainingBudget)
}

func rateOf(r api.QuotaRequest, limits api.RateLimits) *int64 {
	if r.Limit == api.LimitTPM {
		return limits.TPMLimit
	}
	return limits.RPMLimit
}

// raise adds what is asked for to the increases that go on.
func raise(r api.QuotaRequest, budget *api.TempBudget, rates *api.TempRates, now time.Time) {
	until := r.Until
	if r.Limit == api.LimitBudget {
		increase := *r.USD
		if budget.InForce(now) {
			increase += *budget.TempBudgetIncrease
		}
		*budget = api.TempBudget{TempBudgetIncrease: &increase, TempBudgetExpiry: &until}
		return
	}
	if !rates.InForce(now) {
		*rates = api.TempRates{}
	}
	field := &rates.TempRPMIncrease
	if r.Limit == api.LimitTPM {
		field = &rates.TempTPMIncrease
	}
	increase := *r.By
	if *field != nil {
		increase += **field
	}
	*field, rates.TempLimitExpiry = &increase, &until
}

// aim is what the cap becomes, nil for a request of a rate; aimRate is the same of a rate.
func (l limit) aim(r api.QuotaRequest) *money.Nano {
	if r.USD == nil || l.budget == nil {
		return nil
	}
	return new(*l.budget + *r.USD)
}

func (l limit) aimRate(r api.QuotaRequest) *int64 {
	if r.By == nil || l.rate == nil {
		return nil
	}
	return new(*l.rate + *r.By)
}

// reaches says whether what was asked for is in force.
func (l limit) reaches(r api.QuotaRequest) bool {
	if r.Limit == api.LimitBudget {
		return l.budget == nil || r.TargetUSD != nil && *l.budget >= *r.TargetUSD
	}
	return l.rate == nil || r.Target != nil && *l.rate >= *r.Target
}

// hcl are the lines of configuration that bring what is asked for; "" where no configuration is known.
func (l limit) hcl(r api.QuotaRequest, now time.Time) string {
	if l.managedBy == nil {
		return ""
	}
	budget, rates := l.tempBudget, l.tempRates
	raise(r, &budget, &rates, now)
	var lines strings.Builder
	line := func(name, value string) { fmt.Fprintf(&lines, "%s = %s\n", name, value) }
	if r.Limit == api.LimitBudget {
		line("temp_budget_increase", budget.TempBudgetIncrease.String())
		line("temp_budget_expiry  ", fmt.Sprintf("%q", budget.TempBudgetExpiry.UTC().Format(time.RFC3339)))
		return lines.String()
	}
	if rates.TempRPMIncrease != nil {
		line("temp_rpm_increase", fmt.Sprint(*rates.TempRPMIncrease))
	}
	if rates.TempTPMIncrease != nil {
		line("temp_tpm_increase", fmt.Sprint(*rates.TempTPMIncrease))
	}
	line("temp_limit_expiry", fmt.Sprintf("%q", rates.TempLimitExpiry.UTC().Format(time.RFC3339)))
	return lines.String()
}
