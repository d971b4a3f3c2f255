package replay

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// mostCallers is how many callers an answer lists.
const mostCallers = 200

// tally counts what became of calls.
type tally struct {
	told          api.QuotaReplay
	before, after map[verdict]*api.ReplayLimit
	callers       map[callerModel]*api.ReplayCaller
}

type callerModel struct{ team, key, model string }

func newTally(from, to time.Time) *tally {
	return &tally{
		told:   api.QuotaReplay{From: from, To: to},
		before: map[verdict]*api.ReplayLimit{}, after: map[verdict]*api.ReplayLimit{}, callers: map[callerModel]*api.ReplayCaller{},
	}
}

func (t *tally) count(call *api.RecordedCall, before, after verdict) {
	if call.AdmittedAt.Before(t.told.From) {
		return // it only fills the windows
	}
	t.told.Cost += call.Cost
	if call.Kind == api.LedgerCorrection || call.Kind == api.LedgerAdjust {
		return
	}
	t.told.Calls += max(call.Calls, 1)
	if !call.Recorded() {
		t.told.Estimated++
	}
	refuse(&t.told.Before, t.before, call, before)
	refuse(&t.told.After, t.after, call, after)
	id := callerModel{call.TeamID, call.KeyID, call.Model}
	caller := t.callers[id]
	if caller == nil {
		caller = &api.ReplayCaller{TeamID: call.TeamID, KeyID: call.KeyID, Model: call.Model}
		t.callers[id] = caller
	}
	caller.Calls++
	if before != (verdict{}) {
		caller.RefusedBefore++
	}
	if after != (verdict{}) {
		caller.RefusedAfter++
		caller.RefusedCost += call.Cost
		if caller.FirstAfter == nil {
			caller.FirstAfter = new(call.AdmittedAt)
		}
	}
}

func refuse(outcome *api.ReplayOutcome, limits map[verdict]*api.ReplayLimit, call *api.RecordedCall, by verdict) {
	if by == (verdict{}) {
		return
	}
	outcome.Refused++
	outcome.RefusedCost += call.Cost
	limit := limits[by]
	if limit == nil {
		limit = &api.ReplayLimit{Scope: by.scope, Kind: by.kind, First: call.AdmittedAt}
		limits[by] = limit
	}
	limit.Refused++
	limit.Cost += call.Cost
}

func (t *tally) answer(ctx context.Context, keyByID func(context.Context, string) (api.Key, error)) (api.QuotaReplay, error) {
	t.told.Before.Limits, t.told.After.Limits = sorted(t.before), sorted(t.after)
	concerned := slices.DeleteFunc(slices.Collect(maps.Values(t.callers)), func(c *api.ReplayCaller) bool { return c.RefusedBefore+c.RefusedAfter == 0 })
	slices.SortFunc(concerned, func(a, b *api.ReplayCaller) int {
		return cmp.Or(cmp.Compare(b.RefusedCost, a.RefusedCost), cmp.Compare(b.RefusedAfter, a.RefusedAfter),
			cmp.Compare(a.TeamID, b.TeamID), cmp.Compare(a.KeyID, b.KeyID), cmp.Compare(a.Model, b.Model))
	})
	if len(concerned) > mostCallers {
		t.told.MoreCallers = len(concerned) - mostCallers
		concerned = concerned[:mostCallers]
	}
	t.told.Callers = []api.ReplayCaller{}
	for _, caller := range concerned {
		key, err := keyByID(ctx, caller.KeyID)
		switch {
		case err == nil && key.KeyAlias != nil:
			caller.KeyAlias = *key.KeyAlias
		case err != nil && api.CodeOf(err) != api.NotFound:
			return t.told, err
		}
		t.told.Callers = append(t.told.Callers, *caller)
	}
	t.told.Exact = t.told.Estimated == 0
	t.told.Notes = t.notes()
	return t.told, nil
}

func (t *tally) notes() []string {
	notes := []string{}
	if t.told.RefusedThen > 0 {
		notes = append(notes, fmt.Sprintf("%d calls were refused at their time. They are not decided again: the record counts them by the minute and "+
			"has neither their arrivals nor their amounts.", t.told.RefusedThen))
	}
	if t.told.Estimated > 0 {
		notes = append(notes, "Some rows do not say what was reserved, as those of earlier releases and of crashes: these calls are decided by what they used.")
	}
	return notes
}

func sorted(limits map[verdict]*api.ReplayLimit) []api.ReplayLimit {
	all := []api.ReplayLimit{}
	for _, limit := range limits {
		all = append(all, *limit)
	}
	slices.SortFunc(all, func(a, b api.ReplayLimit) int {
		return cmp.Or(cmp.Compare(b.Refused, a.Refused), cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Kind, b.Kind))
	})
	return all
}
