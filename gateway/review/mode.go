package review

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// hold says whether the limits of a resource refuse.
type hold int

const (
	// left is to what a plan does not have: the gateway's configuration, or a budget of another plan.
	left hold = iota
	refusing
	watching
	// untold is what is not known before the plan is applied.
	untold
)

// everlasting is from when limits refuse that are watched for good.
var everlasting = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// holds says whether limits refuse, by the resource's own mode, else that of the budget it names, and from when those refuse
// that are only watched.
func (s side) holds() (hold, time.Time) {
	mode, from := s.at("mode"), s.at("enforce_from")
	switch {
	case mode.unknown || mode.sensitive:
		return untold, everlasting
	case mode.empty() && s.budget != nil:
		return s.budget.holds()
	case mode.empty():
		return left, time.Time{}
	case mode.raw != api.ModeAudit:
		return refusing, time.Time{}
	}
	begins, err := time.Parse(time.RFC3339, from.text())
	switch {
	case err != nil || from.sensitive:
		return watching, everlasting
	case !begins.After(s.now):
		return refusing, time.Time{}
	default:
		return watching, begins
	}
}

// unrefused says why limits that are not there yet need approval: a cap that refuses nobody is none.
func (s side) unrefused() string {
	switch held, from := s.holds(); {
	case held == untold:
		return "has a mode that " + notKnown
	case held == watching && from.Equal(everlasting):
		return onlyWatched
	case held == watching:
		return "is only watched until " + from.UTC().Format(time.RFC3339) + ", and refuses nobody before"
	default:
		return ""
	}
}

// link tells each side the time, so that it knows which dates have passed, and the budget that it names.
func (p *plan) link(now time.Time) {
	for _, objects := range [][]object{p.budgets, p.teams, p.objects} {
		for i := range objects {
			objects[i].before.now, objects[i].after.now = now, now
		}
	}
	before, after := p.terms(created), p.terms(deleted)
	for _, objects := range [][]object{p.teams, p.objects} {
		for i := range objects {
			if objects[i].kind == budgetKind {
				continue // its budget_id is its own
			}
			objects[i].before.budget, objects[i].after.budget = objects[i].before.namedIn(before), objects[i].after.namedIn(after)
		}
	}
}

func (s side) namedIn(terms map[string]side) *side {
	named, found := terms[s.at("budget_id").text()]
	if !found {
		return nil
	}
	return &named
}

// renamed is the effect of the budget that a resource names: one that refuses less, or of which the plan tells nothing.
func renamed(d difference) loosening {
	was, refusedFrom := d.before.holds()
	is, refusesFrom := d.after.holds()
	switch {
	case d.new.unknown || d.new.sensitive:
		return unmeasured(notKnown)
	case d.new.empty() && !d.old.empty():
		return unmeasured("leaves its budget")
	case d.new.empty() || !d.after.at("mode").empty():
		return loosening{} // its own mode tells
	case d.after.budget == nil:
		return unmeasured("names a budget that is not in the plan")
	case is == untold:
		return unmeasured("names a budget whose mode " + notKnown)
	case is == watching && was != watching:
		return unmeasured("names a budget whose limits are only watched")
	case is == watching && refusesFrom.After(refusedFrom):
		return unmeasured("names a budget whose limits are watched for longer")
	case is == left && was == refusing:
		return unmeasured(leftAround)
	default:
		return loosening{}
	}
}
