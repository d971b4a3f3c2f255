package review

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// person is how people know a team, as Markdown; empty for what is not known.
type person struct{ alias, centre string }

// people are the plan's teams by id.
type people map[string]person

// costCentres are the names under which metadata has one.
var costCentres = []string{"cost_center", "cost_centre"}

// people reads names and cost centres of all teams of a plan, as they are after it.
func (p plan) people() people {
	found := people{}
	for _, team := range p.teams {
		of := team.after
		if of.values == nil {
			of = team.before
		}
		found[of.at("team_id").text()] = person{alias: of.shown("team_alias"), centre: of.centre()}
	}
	return found
}

func (s side) centre() string {
	for _, name := range costCentres {
		if text := s.shown("metadata." + name); text != "" {
			return text
		}
	}
	return ""
}

// shown is text that is plain to see, as Markdown.
func (s side) shown(path string) string {
	v := s.at(path)
	if v.unknown || v.sensitive {
		return ""
	}
	switch raw := v.raw.(type) {
	case string:
		if raw != "" {
			return code(raw)
		}
	case json.Number:
		return code(raw.String())
	}
	return ""
}

// whom is a team with its name and cost centre.
func (p person) whom(id string) string {
	var parts []string
	if p.alias != "" && p.alias != id {
		parts = append(parts, p.alias)
	}
	if p.centre != "" {
		parts = append(parts, "cost centre "+p.centre)
	}
	if len(parts) == 0 {
		return id
	}
	return id + " (" + strings.Join(parts, ", ") + ")"
}

// whom says what a resource is, for people who know no addresses: a team, or something of a team; "" for what has no name yet.
func (o object) whom(team string) string {
	if o.kind == teamKind {
		if team == nothing {
			return ""
		}
		return team
	}
	name := ""
	for _, path := range []string{"key_alias", o.kind.id} {
		for _, side := range []side{o.after, o.before} {
			name = cmp.Or(name, side.shown(path))
		}
	}
	switch {
	case name == "":
		return ""
	case team != nothing && slices.Contains([]*kind{keyKind, budgetKind, memberKind}, o.kind):
		return o.kind.noun + " " + name + " of " + team
	default:
		return o.kind.noun + " " + name
	}
}

// entry is what is told of a resource.
func (o object) entry(usage usages, all people, before, after map[string]side) entry {
	team := o.team()
	who := all[o.teamID()]
	was, is := o.before.allowed(before), o.after.allowed(after)
	there := o.after.values != nil && o.action != forgotten
	told := entry{noun: o.kind.noun, team: person{alias: who.alias}.whom(team), costCentre: who.centre, made: o.action == created, rows: rowsOf(o, usage, who.whom(team))}
	switch o.kind {
	case teamKind, budgetKind, keyKind:
		newKey := o.kind == keyKind && o.action == created // its team's cap holds
		told.open = there && !newKey && (is.open && !was.open || is.unsure && !was.unsure)
		if known := !is.open && !was.open && !is.unsure && !was.unsure; known {
			told.more = is.amount - was.amount
		}
		told.once = was.once || is.once
		if was.once != is.once && o.action == updated {
			told.more = 0 // amounts of a month and of all time are not to be compared
		}
	}
	return told
}

// teamID is the team that a resource is or belongs to, "" for none.
func (o object) teamID() string {
	switch o.kind {
	case teamKind, memberKind, keyKind:
	default:
		return ""
	}
	if id := o.after.at("team_id").text(); id != "" && o.action != deleted {
		return id
	}
	return o.before.at("team_id").text()
}
