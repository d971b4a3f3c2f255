package policy

import (
	"context"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// enforcedFrom is from when limits refuse, in the words of the engine: by the first of these that has a mode of its own,
// else by the gateway's.
func (b *Book) enforcedFrom(inner ...api.Enforcement) time.Time {
	for _, e := range append(inner, b.defaults.Enforcement) {
		from, own := e.Enforced()
		switch {
		case !own:
		case from == nil:
			return quota.Never
		default:
			return from.UTC()
		}
	}
	return time.Time{}
}

// keyEnforcedFrom is from when the limits of a key refuse: by its own mode, that of the budget it names, else its team's.
func (b *Book) keyEnforcedFrom(s *Subject, key api.Key, terms budgetTerms) time.Time {
	for _, e := range []api.Enforcement{key.Enforcement, terms.enforcement} {
		if _, own := e.Enforced(); own {
			return b.enforcedFrom(e)
		}
	}
	if s.Team != nil {
		return s.teamFrom
	}
	return b.enforcedFrom()
}

// enforce says from when the budget refuses.
func (r *runningBudget) enforce(from time.Time) {
	r.template.EnforcedFrom = from
	if r.increased != nil {
		r.increased.EnforcedFrom = from
	}
}

// PotWatched says whether a pot's cap is only watched, and refuses nobody yet.
func (s Spending) PotWatched(pot api.Budget) bool {
	return quota.Watched(s.Book.enforcedFrom(pot.Enforcement), s.Now())
}

// KeyWatched says the same of a key's own limits.
func (s Spending) KeyWatched(ctx context.Context, key api.Key) (bool, error) {
	subject, err := s.Book.subject(ctx, key, SlotOf(key), 0)
	if err != nil {
		return false, err
	}
	return quota.Watched(subject.keyFrom, s.Now()), nil
}
