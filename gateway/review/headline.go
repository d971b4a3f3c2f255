package review

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// allowance is what a resource may spend in a month at most.
type allowance struct {
	amount money.Nano
	// open says that nothing is refused, and unsure that the plan does not say how much.
	open, unsure bool
}

// allowed is what one side of a team or pot may spend in a month; terms are those of a budget that it names.
func (s side) allowed(terms map[string]side) allowance {
	if s.values == nil {
		return allowance{}
	}
	if id := s.at("budget_id").text(); s.at("max_budget").empty() && id != "" {
		if named, found := terms[id]; found {
			return named.bound(s)
		}
		return allowance{unsure: true}
	}
	return s.own()
}

func (s side) own() allowance { return s.bound(s) }

// bound is what the terms allow whom they bind: its own mode goes before theirs.
func (s side) bound(whom side) allowance {
	capped, hard := s.at("max_budget"), s.at("hard_cap")
	held, _ := whom.holds()
	switch {
	case capped.unknown || capped.sensitive:
		return allowance{unsure: true}
	case capped.empty() || hard.raw == false || held == watching:
		return allowance{open: true}
	case held == untold:
		return allowance{unsure: true}
	}
	text, _ := capped.raw.(json.Number)
	amount, err := money.Parse(text.String())
	if err != nil {
		return allowance{unsure: true}
	}
	times := 1.0
	if every := s.at("budget_duration"); !every.empty() {
		often, ok := perMonth(every.text())
		if !ok {
			return allowance{unsure: true}
		}
		times = often
	}
	return allowance{amount: money.Nano(math.Min(math.Ceil(float64(amount)*times), math.MaxInt64/4))}
}

// weight is how much money a month more or less there is, for sorting: a cap that goes weighs most.
func (o object) weight(before, after map[string]side) money.Nano {
	was, is := o.before.allowed(before), o.after.allowed(after)
	switch {
	case o.kind == keyKind && is.open && o.action == created:
		return 0 // its team's cap holds
	case is.open && !was.open && o.after.values != nil, is.unsure && !was.unsure:
		return math.MaxInt64
	default:
		return max(is.amount, was.amount) - min(is.amount, was.amount)
	}
}

// headline sums up what all teams that the plan has an effect on may spend in a month.
func (p plan) headline() string {
	before, after := p.terms(created), p.terms(deleted)
	var was, is money.Nano
	var wasOpen, open, unsure []string
	changed := false
	for _, team := range p.teams {
		old, new := team.before.allowed(before), team.after.allowed(after)
		if old == new && team.action != created && team.action != deleted {
			continue
		}
		changed = true
		was, is = was+old.amount, is+new.amount
		switch {
		case new.open && team.after.values != nil:
			open = append(open, team.team())
		case new.unsure:
			unsure = append(unsure, team.team())
		case old.open && team.before.values != nil:
			wasOpen = append(wasOpen, team.team())
		}
	}
	if !changed {
		return ""
	}
	was, is = wholeCents(was), wholeCents(is)
	text := fmt.Sprintf("**Caps of teams per month: %s -> %s", sumText(was, len(wasOpen) > 0), sumText(is, len(open)+len(unsure) > 0))
	switch {
	case len(wasOpen)+len(open)+len(unsure) > 0: // what has no bound is neither more nor less
	case is > was:
		text += fmt.Sprintf(", at most %s more", usd(is-was))
	case is < was:
		text += fmt.Sprintf(", %s less", usd(was-is))
	}
	text += ".**"
	if len(wasOpen) > 0 {
		text += " Had no cap that refuses: " + listed(wasOpen) + "."
	}
	if len(open) > 0 {
		text += " Have no cap that refuses then: " + listed(open) + "."
	}
	if len(unsure) > 0 {
		text += " Not known before the apply: " + listed(unsure) + "."
	}
	return text
}

// wholeCents rounds up, as what is at most is never less than it says.
func wholeCents(amount money.Nano) money.Nano {
	const cent = money.USD / 100
	return (amount + cent - 1) / cent * cent
}

// sumText is what caps add up to. Where one team has none, there is no sum.
func sumText(sum money.Nano, unbounded bool) string {
	switch {
	case !unbounded:
		return usd(sum)
	case sum == 0:
		return "without bound"
	default:
		return "without bound (" + usd(sum) + " for the others)"
	}
}

// listed names some and counts the rest.
func listed(names []string) string {
	if len(names) > maxListed {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxListed], ", "), len(names)-maxListed)
	}
	return strings.Join(names, ", ")
}

// terms are the budgets of a plan by id: before it, where what it creates is absent, or after it.
func (p plan) terms(absent action) map[string]side {
	terms := map[string]side{}
	for _, budget := range p.budgets {
		of := budget.after
		if absent == created {
			of = budget.before
		}
		if id := of.at("budget_id").text(); id != "" {
			terms[id] = of
		}
	}
	return terms
}

// followers are the teams that name a budget, by its id, before or after.
func (p plan) followers() map[string][]string {
	found := map[string][]string{}
	for _, team := range p.teams {
		for _, side := range []side{team.before, team.after} {
			id, name := side.at("budget_id").text(), team.team()
			if id != "" && !slices.Contains(found[id], name) {
				found[id] = append(found[id], name)
			}
		}
	}
	return found
}

// byWeight puts first what changes most money, and keeps the plan's order otherwise.
func (p plan) byWeight() []object {
	before, after := p.terms(created), p.terms(deleted)
	sorted := slices.Clone(p.objects)
	weigh := func(o object) money.Nano {
		switch o.kind {
		case teamKind, budgetKind, keyKind:
			return o.weight(before, after)
		default:
			return 0
		}
	}
	slices.SortStableFunc(sorted, func(a, b object) int {
		x, y := weigh(a), weigh(b)
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		default:
			return 0
		}
	})
	return sorted
}
