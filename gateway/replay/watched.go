package replay

import (
	"fmt"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// A replay asks what limits do that hold now. The engine's clock shows the time of the record, when a limit that refuses
// by now may still have been watched: its date is taken off before.

// asOf takes the dates off limits that have passed by now. What it is given stays as it is.
func asOf(now time.Time, windows []quota.Window, budgets []quota.Budget) ([]quota.Window, []quota.Budget) {
	dated := func(from time.Time) bool { return !from.IsZero() && !quota.Watched(from, now) }
	if slices.ContainsFunc(windows, func(w quota.Window) bool { return dated(w.EnforcedFrom) }) {
		windows = slices.Clone(windows)
		for i := range windows {
			if dated(windows[i].EnforcedFrom) {
				windows[i].EnforcedFrom = time.Time{}
			}
		}
	}
	if slices.ContainsFunc(budgets, func(b quota.Budget) bool { return dated(b.EnforcedFrom) }) {
		budgets = slices.Clone(budgets)
		for i := range budgets {
			if dated(budgets[i].EnforcedFrom) {
				budgets[i].EnforcedFrom = time.Time{}
			}
		}
	}
	return windows, budgets
}

// enforced is a proposal once its dates have come: whoever proposes to refuse from a day on asks what that will refuse. The
// notes say so.
func enforced(proposal api.Proposal, now time.Time) (api.Proposal, []string) {
	var notes []string
	come := func(noun, id string, e *api.Enforcement) {
		from, own := e.Enforced()
		if !own || from == nil || !quota.Watched(*from, now) {
			return
		}
		notes = append(notes, fmt.Sprintf("%s %s only watches its limits until %s, and refuses nobody before. The answer says what they refuse from then on.",
			noun, id, from.UTC().Format(time.RFC3339)))
		*e = api.Enforcement{Mode: new(api.ModeEnforce)}
	}
	proposal.Teams = each(proposal.Teams, func(id string, team *api.Team) { come("Team", id, &team.Enforcement) })
	proposal.Keys = each(proposal.Keys, func(id string, key *api.Key) { come("Key", id, &key.Enforcement) })
	proposal.Budgets = each(proposal.Budgets, func(id string, budget *api.Budget) { come("Budget", id, &budget.Enforcement) })
	slices.Sort(notes)
	return proposal, notes
}

// each is a copy of what is proposed, with a change made to all that is not deleted.
func each[T any](proposed map[string]*T, change func(id string, object *T)) map[string]*T {
	if proposed == nil {
		return nil
	}
	copies := make(map[string]*T, len(proposed))
	for id, object := range proposed {
		copies[id] = object
		if object != nil {
			copied := *object
			change(id, &copied)
			copies[id] = &copied
		}
	}
	return copies
}
