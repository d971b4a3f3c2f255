package review

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/forecast"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// teamLine is all that a gateway says of one team, on one line.
type teamLine struct {
	id, name  string
	was, is   allowance
	known     bool // the plan has the team's caps
	made      bool
	removed   bool
	rehearsed *api.TeamEffect
	ahead     *foreseenTeam
}

// teamTable is what the plan does to teams.
type teamTable struct {
	lines []teamLine
	// others are teams of which the plan changes the cap and a gateway said nothing.
	others []teamLine
	peaks  peaks
	// rehearsed and foreseen say which columns there are.
	rehearsed, foreseen bool
	failed              string
}

// teamTable puts together what was asked about teams: those who are hurt most first, then those of whom most money changes.
func (p plan) teamTable(r rehearsal, f foreseen, peaks peaks, all people) teamTable {
	told := teamTable{peaks: peaks, rehearsed: len(r.teams) > 0, foreseen: len(f.rows) > 0}
	if f.failed != nil {
		told.failed = "\nWhat teams will cost could not be asked of the gateway: " + code(f.failed.Error()) + "\n"
	}
	at := map[string]int{}
	line := func(id, name string) *teamLine {
		i, found := at[id]
		if !found {
			i, at[id] = len(told.lines), len(told.lines)
			told.lines = append(told.lines, teamLine{id: id, name: name})
		}
		return &told.lines[i]
	}
	for i := range r.teams {
		line(r.teams[i].TeamID, teamName(r.teams[i], all)).rehearsed = &r.teams[i]
	}
	for i := range f.rows {
		of := f.rows[i].forecast
		line(of.ID, all[of.ID].whom(code(of.ID))).ahead = &f.rows[i]
	}
	before, after := p.terms(created), p.terms(deleted)
	places := map[string]int{}
	for place, o := range p.teamsByWeight() {
		id := o.teamID()
		i, found := at[id]
		of := teamLine{id: id, was: o.before.allowed(before), is: o.after.allowed(after), known: true, made: o.action == created, removed: o.action == deleted}
		if !found {
			if of.made || of.removed || of.was != of.is && o.action != forgotten {
				of.name = all[id].whom(code(id))
				told.others = append(told.others, of)
			}
			continue
		}
		e := &told.lines[i]
		of.name, of.rehearsed, of.ahead = e.name, e.rehearsed, e.ahead
		*e = of
		places[e.name] = place + 1
	}
	slices.SortStableFunc(told.lines, func(a, b teamLine) int {
		return cmp.Or(cmp.Compare(b.urgency(), a.urgency()), cmp.Compare(cmp.Or(places[a.name], len(p.teams)+1), cmp.Or(places[b.name], len(p.teams)+1)))
	})
	return told
}

func (l teamLine) urgency() int {
	if l.rehearsed == nil {
		return 0
	}
	return urgency(*l.rehearsed)
}

// tells says whether a team has a line.
func (t teamTable) tells(id string) bool {
	return slices.ContainsFunc(t.lines, func(line teamLine) bool { return line.rehearsed != nil && line.rehearsed.TeamID == id })
}

// tellAll says whether the table has all that is known of use, so that the changes need no column for it.
func (t teamTable) tellAll(entries []entry) bool {
	return len(t.lines) > 0 && !slices.ContainsFunc(entries, func(of entry) bool {
		return slices.ContainsFunc(of.rows, func(r row) bool { return of.used(r) != "" && r.used != isNew })
	})
}

// columns are the table's, by what could be asked.
func (t teamTable) columns() []string {
	columns := []string{"Team", "Most a month", "Spent in the period"}
	if t.foreseen {
		columns = append(columns, "Likely to cost", "Used up with today's cap", "Used up with this change")
	}
	if t.rehearsed {
		columns = append(columns, "Busiest minute, last 7 days", "From the apply on")
	}
	return columns
}

func (t teamTable) cells(line teamLine, now time.Time) []string {
	cells := []string{line.name, line.most(), line.spent()}
	if t.foreseen {
		cells = append(cells, line.ahead.cells(now)...)
	}
	if t.rehearsed && line.rehearsed != nil {
		cells = append(cells, t.peaks.of(*line.rehearsed), fateOf(*line.rehearsed))
	} else if t.rehearsed {
		cells = append(cells, nothing, nothing)
	}
	return cells
}

// table has one line for each team that is concerned: how much more it gets, what it has used and will, and how it fares.
func (t teamTable) table(now time.Time) string {
	if len(t.lines) == 0 {
		return t.failed
	}
	var b strings.Builder
	b.WriteString("**Team by team**, as of now.")
	if t.foreseen {
		b.WriteString(" What a team is likely to cost is at the pace of the last weeks, in this period and the next. A cap that is used up refuses until the period ends.")
	}
	b.WriteString("\n\n")
	columns := t.columns()
	writeRow(&b, columns)
	writeRow(&b, slices.Repeat([]string{"---"}, len(columns)))
	for _, line := range t.lines[:min(mostShown, len(t.lines))] {
		writeRow(&b, t.cells(line, now))
	}
	if len(t.lines) > mostShown {
		b.WriteString("\n" + fates(t.lines[mostShown:]) + "\n")
	}
	return b.String() + t.failed
}

func (l teamLine) gone() bool { return l.removed || l.rehearsed != nil && l.rehearsed.New == nil }

// most is what the team may spend in a month, before and after.
func (l teamLine) most() string {
	switch {
	case !l.known:
		return nothing
	case l.made:
		return isNew + ": " + l.is.text()
	case l.gone():
		return l.was.text() + " -> gone"
	case l.was == l.is:
		return l.is.text() + ", as now"
	case l.was.bounded() && l.is.bounded() && l.was.once != l.is.once:
		return l.was.each() + " -> " + l.is.each()
	}
	text := l.was.text() + " -> " + l.is.text()
	if !l.was.bounded() || !l.is.bounded() {
		return text
	}
	if l.is.once {
		text = usd(wholeCents(l.was.amount)) + " -> " + l.is.each()
	}
	if l.is.amount > l.was.amount {
		return text + " (" + usd(wholeCents(l.is.amount-l.was.amount)) + " more)"
	}
	return text + " (" + usd(wholeCents(l.was.amount-l.is.amount)) + " less)"
}

func (a allowance) text() string {
	switch {
	case a.open:
		return "no cap that refuses"
	case a.unsure:
		return "not known before the apply"
	case a.once:
		return a.each()
	default:
		return usd(wholeCents(a.amount))
	}
}

func (l teamLine) spent() string {
	switch {
	case l.made:
		return isNew
	case l.rehearsed != nil:
		return spentOf(*l.rehearsed)
	case l.ahead != nil:
		return usd(l.ahead.forecast.Spend)
	default:
		return nothing
	}
}

// cells say what the running period and the next are likely to cost, and when the cap falls without and with the plan.
func (t *foreseenTeam) cells(now time.Time) []string {
	if t == nil {
		return []string{nothing, nothing, nothing}
	}
	running := t.forecast
	if running.PeriodStart == nil || running.PeriodEnd == nil || len(running.Weekdays) != len(pace{}) {
		return []string{nothing, nothing, nothing}
	}
	start, end := *running.PeriodStart, *running.PeriodEnd
	this := t.period(now, forecast.Budget{Spent: running.Spend, Start: start, End: end})
	next := t.period(end, forecast.Budget{Start: end, End: end.Add(end.Sub(start))})
	cost := this.cost + " until " + dayOf(end)
	if next.cost != this.cost {
		cost += ", then " + next.cost
	}
	then := "starts again at other times"
	if !t.renewed {
		then = inBoth(this.then, next.then)
	}
	return []string{cost, inBoth(this.today, next.today), then}
}

// inBoth says of two periods what holds in each.
func inBoth(this, next string) string {
	switch {
	case this == next:
		return this
	case this == notUsedUp:
		return "not in this period; in the next " + next
	case next == notUsedUp:
		return this + "; in the next not"
	default:
		return this + "; in the next " + next
	}
}
