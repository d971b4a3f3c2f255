package review

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const (
	// mostShown is how many resources have lines of their own; the others are told by what changes alike.
	mostShown = 20
	// mostGroups is how many such groups there are at most.
	mostGroups = 20
	// fewNamed is how many teams and cost centres of a group are named.
	fewNamed = 3
)

// entry is all that is told of one resource or action.
type entry struct {
	noun, team, costCentre string
	rows                   []row
	// more is how much money more there is, less than 0 for less, a month or once; open is that nothing bounds it any more.
	more       money.Nano
	once, open bool
	// made says that it is new: there is nothing to compare it with.
	made bool
	// elsewhere says that what was used of it stands in the table of teams.
	elsewhere bool
}

// group is what several resources have in common.
type group struct {
	noun, what string
	entries    []entry
}

// grouped puts together what changes alike: to the same numbers, or, what is alone or where that are too many groups, in the
// same direction.
func grouped(entries []entry) []group {
	count := map[string]int{}
	for _, e := range entries {
		count[e.noun+e.exactly()]++
	}
	shared := 0
	for _, n := range count {
		if n > 1 {
			shared++
		}
	}
	return groupedBy(entries, func(e entry) string {
		exactly := e.exactly()
		if len(count) <= fewNamed || shared <= mostGroups/2 && count[e.noun+exactly] > 1 {
			return exactly
		}
		return e.roughly()
	})
}

func groupedBy(entries []entry, alike func(entry) string) []group {
	var found []group
	at := map[string]int{}
	for _, e := range entries {
		what := alike(e)
		i, known := at[e.noun+what]
		if !known {
			i = len(found)
			at[e.noun+what] = i
			found = append(found, group{noun: e.noun, what: what})
		}
		found[i].entries = append(found[i].entries, e)
	}
	slices.SortStableFunc(found, func(a, b group) int {
		if a.open() != b.open() {
			return cmp.Compare(b.open(), a.open())
		}
		return cmp.Or(cmp.Compare(b.magnitude(), a.magnitude()), cmp.Compare(len(b.entries), len(a.entries)))
	})
	return found
}

func magnitude(amount money.Nano) money.Nano { return max(amount, -amount) }

func (g group) magnitude() money.Nano { return magnitude(g.more(false)) + magnitude(g.more(true)) }

// exactly says what changes, with the numbers.
func (e entry) exactly() string {
	return e.each(func(r row) string {
		switch {
		case r.limit == nothing:
			return r.change
		case e.made:
			return r.limit + " " + r.new
		default:
			return r.limit + " " + r.old + " -> " + r.new
		}
	})
}

// roughly says what changes, without the numbers.
func (e entry) roughly() string {
	return e.each(func(r row) string {
		switch {
		case r.limit == nothing:
			return r.change
		case e.made:
			return r.limit
		}
		return r.limit + " " + direction(r.change)
	})
}

func (e entry) each(says func(row) string) string {
	var parts []string
	for _, r := range e.rows {
		if text := says(r); !slices.Contains(parts, text) {
			parts = append(parts, text)
		}
	}
	text := strings.Join(parts, ", ")
	if e.made && e.rows[0].limit != nothing {
		return "new, with " + text
	}
	return text
}

func direction(change string) string {
	switch {
	case strings.HasPrefix(change, "+"):
		return "raised"
	case strings.HasPrefix(change, "-"):
		return "lowered"
	default:
		return change
	}
}

// more is how much money more the group has together, a month or once.
func (g group) more(once bool) (sum money.Nano) {
	for _, e := range g.entries {
		if e.once == once {
			sum += e.more
		}
	}
	return sum
}

// open is how many of the group nothing bounds any more.
func (g group) open() (n int) {
	for _, e := range g.entries {
		if e.open {
			n++
		}
	}
	return n
}

func (g group) markdown() string {
	text := fmt.Sprintf("**%s**: %s", counting(len(g.entries), g.noun), g.what)
	if open := g.open(); open > 0 {
		text += fmt.Sprintf("; no bound for %s of them", thousands(strconv.Itoa(open)))
	} else {
		text += together(g.more(false), "a month") + together(g.more(true), "in total")
	}
	text += ". " + named("", g.teams())
	if centres := named("Cost centres: ", g.centres()); centres != "" {
		text += " " + centres
	}
	return strings.TrimSpace(text)
}

func together(sum money.Nano, per string) string {
	switch more := wholeCents(sum); {
	case more > 0:
		return fmt.Sprintf("; at most %s more %s together", usd(more), per)
	case more < 0:
		return fmt.Sprintf("; %s less %s together", usd(-more), per)
	default:
		return ""
	}
}

// counting is a number of resources in words.
func counting(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(strconv.Itoa(n)) + " " + noun + "s"
}

// teams are whom the group is about, in order.
func (g group) teams() []string {
	var names []string
	for _, e := range g.entries {
		if e.team != nothing && !slices.Contains(names[max(0, len(names)-1):], e.team) {
			names = append(names, e.team)
		}
	}
	return names
}

// centres are the cost centres of a group, those of most resources first, each with how many these are.
func (g group) centres() []string {
	counts := map[string]int{}
	var names []string
	for _, e := range g.entries {
		if e.costCentre == "" {
			continue
		}
		if counts[e.costCentre]++; counts[e.costCentre] == 1 {
			names = append(names, e.costCentre)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b)) })
	for i, name := range names {
		names[i] = fmt.Sprintf("%s (%s)", name, thousands(strconv.Itoa(counts[name])))
	}
	return names
}

// named lists the first few and counts the rest.
func named(title string, names []string) string {
	switch {
	case len(names) == 0:
		return ""
	case len(names) > fewNamed:
		return fmt.Sprintf("%s%s and %s more.", title, strings.Join(names[:fewNamed], ", "), thousands(strconv.Itoa(len(names)-fewNamed)))
	default:
		return title + strings.Join(names, ", ") + "."
	}
}

// remark is a line about something at an address, and about a team where it is known.
// rule says the same for all that one rule of a policy is about, without figures.
type remark struct{ address, text, team, rule string }

// alike writes remarks, one for all of those that say the same where there are many.
func alike(remarks []remark) []string {
	var lines []string
	if len(remarks) <= mostShown {
		for _, r := range remarks {
			lines = append(lines, r.line())
		}
		return lines
	}
	var texts []string
	addresses := map[string][]string{}
	for _, r := range withoutFigures(remarks) {
		if addresses[r.text] == nil {
			texts = append(texts, r.text)
		}
		addresses[r.text] = append(addresses[r.text], cmp.Or(r.team, r.address))
	}
	slices.SortStableFunc(texts, func(a, b string) int { return cmp.Compare(len(addresses[b]), len(addresses[a])) })
	for _, text := range texts {
		where := addresses[text]
		if len(where) == 1 {
			lines = append(lines, where[0]+": "+text)
			continue
		}
		lines = append(lines, fmt.Sprintf("%s: %s: %s", counting(len(where), "change"), text, named("", where)))
	}
	return lines
}

// withoutFigures are remarks of which few say the same: those of one rule say it alike.
func withoutFigures(remarks []remark) []remark {
	different := map[string]bool{}
	for _, r := range remarks {
		different[r.text] = true
	}
	if len(different) <= mostShown {
		return remarks
	}
	told := slices.Clone(remarks)
	for i, r := range told {
		told[i].text = cmp.Or(r.rule, r.text)
	}
	return told
}

func (r remark) line() string {
	if r.address == "" {
		return r.text
	}
	if r.team != "" {
		return r.team + ": " + r.text + " <sub>" + r.address + "</sub>"
	}
	return r.address + ": " + r.text
}
