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

// holds says whether limits refuse, and from when those refuse that are only watched: by the resource's own mode, else by
// what holds around it.
func (s side) holds() (hold, time.Time) {
	mode, from := s.at("mode"), s.at("enforce_from")
	switch {
	case mode.unknown || mode.sensitive:
		return untold, everlasting
	case mode.empty():
		return s.around()
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

// around is what holds for limits without a mode of their own, in the gateway's order: by the mode of the budget they name,
// else by their team's.
func (s side) around() (hold, time.Time) {
	switch {
	case s.budget == nil && !s.at("budget_id").empty():
		return left, time.Time{} // it may have a mode, and the plan does not have it
	case s.budget != nil:
		if held, from := s.budget.holds(); held != left {
			return held, from
		}
	}
	if s.team == nil {
		return left, time.Time{}
	}
	return s.team.holds()
}

// unrefused says why limits that are not there yet need approval: a cap that refuses nobody is none. That a team is watched
// was approved with the team: a new key in it is as one without limits, which needs no approval either.
func (s side) unrefused() string {
	s.team = nil
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

// link tells each side the time, so that it knows which dates have passed, the budget that it names, and keys their team.
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
			objects[i].before.budget, objects[i].after.budget = objects[i].before.namedIn(before, "budget_id"), objects[i].after.namedIn(after, "budget_id")
		}
	}
	p.linkKeys()
}

// linkKeys tells keys their teams, which know the budgets that they name by then.
func (p *plan) linkKeys() {
	before, after := map[string]side{}, map[string]side{}
	for _, team := range p.teams {
		before[team.before.at("team_id").text()], after[team.after.at("team_id").text()] = team.before, team.after
	}
	for i := range p.objects {
		if key := &p.objects[i]; key.kind == keyKind {
			key.before.team, key.after.team = key.before.namedIn(before, "team_id"), key.after.namedIn(after, "team_id")
		}
	}
}

// namedIn is what the attribute names among those by id; nil for none.
func (s side) namedIn(byID map[string]side, attribute string) *side {
	id := s.at(attribute).text()
	named, found := byID[id]
	if !found || id == "" {
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
	case is == watching && was != watching && d.after.budget.at("mode").empty():
		return unmeasured("names a budget without a mode, and is only watched as its team is")
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
