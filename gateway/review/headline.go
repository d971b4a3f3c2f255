package review

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// allowance is what a resource may spend at most, in a month or, if its cap never starts again, once.
type allowance struct {
	amount money.Nano
	once   bool
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
	every := s.at("budget_duration")
	times, once := 1.0, every.empty()
	if !once {
		often, ok := perMonth(every.text())
		if !ok {
			return allowance{unsure: true}
		}
		times = often
	}
	return allowance{amount: money.Nano(math.Min(math.Ceil(float64(amount)*times), math.MaxInt64/4)), once: once}
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

// capSum is what caps of one kind add up to before and after, and how many of their teams have none on that side.
type capSum struct {
	was, is       money.Nano
	unbound, free int
	found         bool
}

// headline sums up what all teams that the plan has an effect on may spend in a month, and apart from that once.
func (p plan) headline() string {
	before, after := p.terms(created), p.terms(deleted)
	var month, once capSum
	var wasOpen, open, unsure, turned []string
	for _, team := range p.teams {
		old, new := team.before.allowed(before), team.after.allowed(after)
		if old == new && team.action != created && team.action != deleted || team.action == forgotten {
			continue
		}
		if team.before.values != nil && team.after.values != nil && old.bounded() && new.bounded() && old.once != new.once {
			turned = append(turned, team.team()+" from "+old.each()+" to "+new.each())
			continue
		}
		sum := &month
		if old.once || new.once {
			sum = &once
		}
		sum.found, sum.was, sum.is = true, sum.was+old.amount, sum.is+new.amount
		switch {
		case new.open && team.after.values != nil:
			sum.free++
			open = append(open, team.team())
		case new.unsure:
			sum.free++
			unsure = append(unsure, team.team())
		case old.open && team.before.values != nil:
			sum.unbound++
			wasOpen = append(wasOpen, team.team())
		}
	}
	sentences := slices.Concat(month.says("Caps of teams per month"), once.says("Lifetime caps of teams, in total and not per month"))
	for _, list := range []struct {
		title string
		names []string
	}{
		{"Change how their cap counts: ", turned},
		{"Had no cap that refuses: ", wasOpen},
		{"Have no cap that refuses then: ", open},
		{"Not known before the apply: ", unsure},
	} {
		if len(list.names) > 0 {
			sentences = append(sentences, list.title+listed(list.names)+".")
		}
	}
	return strings.Join(sentences, " ")
}

func (c capSum) says(title string) []string {
	if !c.found {
		return nil
	}
	was, is := wholeCents(c.was), wholeCents(c.is)
	text := fmt.Sprintf("**%s: %s -> %s", title, sumText(was, c.unbound > 0), sumText(is, c.free > 0))
	switch {
	case c.unbound+c.free > 0: // what has no bound is neither more nor less
	case is > was:
		text += fmt.Sprintf(", at most %s more", usd(is-was))
	case is < was:
		text += fmt.Sprintf(", %s less", usd(was-is))
	}
	return []string{text + ".**"}
}

func (a allowance) bounded() bool { return !a.open && !a.unsure }

// each is a bound with what it holds for.
func (a allowance) each() string {
	if a.once {
		return usd(wholeCents(a.amount)) + " in total"
	}
	return usd(wholeCents(a.amount)) + " a month"
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
