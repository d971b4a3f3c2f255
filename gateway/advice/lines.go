package advice

import (
	"cmp"
	"fmt"
	"slices"
)

// Lines are the advice in a few lines of plain text: money first, then what has least room, then keys that nobody uses. Where
// there is more, the last line counts it.
func (r Report) Lines(most int) []string {
	proposed := slices.DeleteFunc(slices.Clone(r.Limits), func(l Limit) bool { return l.Proposed == nil })
	slices.SortStableFunc(proposed, func(a, b Limit) int {
		return cmp.Or(cmp.Compare(b.rank(), a.rank()), cmp.Compare(magnitude(b), magnitude(a)))
	})
	var lines []string
	for _, l := range proposed {
		lines = append(lines, fmt.Sprintf("team %s: %s of %s %s; %s would fit", shown(l.TeamID), l.Attribute, l.amount(l.Cap), l.Why, l.amount(*l.Proposed)))
	}
	for _, k := range r.UnusedKeys {
		lines = append(lines, fmt.Sprintf("key %s%s had no call since %s", shown(k.name()), ofTeam(k.TeamID, shown), day(r.UnusedSince)))
	}
	if len(lines) > most {
		rest := len(lines) - most + 1
		lines = append(lines[:most-1], fmt.Sprintf("and %d more: bursar advise has them all", rest))
	}
	return lines
}

// rank puts budgets before other limits.
func (l Limit) rank() int {
	if l.Attribute == "max_budget" {
		return 1
	}
	return 0
}

// magnitude is by how much a proposal differs: in money for a budget, and otherwise as a share of the limit.
func magnitude(l Limit) float64 {
	by := max(*l.Proposed-l.Cap, l.Cap-*l.Proposed)
	if l.rank() == 0 {
		return by / l.Cap
	}
	return by
}
