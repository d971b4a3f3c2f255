package review

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// page is a review before it is text.
type page struct {
	entries   []entry
	withUsage bool
	summary   string
	headline  string
	// concerned are the teams that something is told of at now, teams is how, effects what follows the changes.
	concerned      teamTable
	now            time.Time
	teams, effects string
	notes          []string
	// approvals and warnings are what a policy says, as Markdown.
	approvals []string
	warnings  []string
	// named says that the policy says by whom.
	named bool
}

func (p page) markdown() string {
	var b strings.Builder
	b.WriteString("## Quota changes\n\n")
	if len(p.entries) == 0 {
		b.WriteString("This plan changes no quota.\n")
	} else {
		if p.headline != "" {
			b.WriteString(p.headline + "\n\n")
		}
		b.WriteString(p.summary + " This takes effect when it is applied, in the running period too.\n\n")
		if p.teams != "" {
			b.WriteString(strings.TrimPrefix(p.teams, "\n") + "\n**What changes**:\n\n")
		}
		p.table(&b)
		b.WriteString(p.effects)
	}
	for i, note := range p.notes {
		if i == 0 {
			b.WriteString("\n")
		}
		if i == mostShown {
			fmt.Fprintf(&b, "* and %s more\n", thousands(strconv.Itoa(len(p.notes)-i)))
			break
		}
		b.WriteString("* " + capital(note) + "\n")
	}
	section(&b, "**Mind:**", p.warnings)
	title := "**Needs approval.** The policy names nobody for it: somebody who answers for the money must agree."
	if p.named {
		title = "**Needs approval:**"
	}
	section(&b, title, p.approvals)
	return b.String()
}

// section lists lines below a title, unless there are none.
func section(b *strings.Builder, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	b.WriteString("\n" + title + "\n\n")
	for i, line := range lines {
		if i == mostShown {
			fmt.Fprintf(b, "* and %s more\n", thousands(strconv.Itoa(len(lines)-i)))
			return
		}
		b.WriteString("* " + line + "\n")
	}
}

func (p page) table(b *strings.Builder) {
	head := []string{"Team", "What changes", "Old", "New", "Difference"}
	if p.withUsage {
		head = append(head, "Used in this period")
	}
	head = append(head, "In Terraform")
	writeRow(b, head)
	writeRow(b, strings.Split(strings.Repeat("--- ", len(head)-1)+"---", " "))
	shown := p.shown()
	for _, e := range p.entries[:shown] {
		for _, r := range e.rows {
			cells := []string{r.team, r.limit, r.old, r.new, r.change}
			if p.withUsage {
				cells = append(cells, e.used(r))
			}
			writeRow(b, append(cells, r.resource))
		}
	}
	rest(b, p.entries[shown:])
}

// used is what was used of what a line is about, unless the table of teams says so.
func (e entry) used(of row) string {
	if e.elsewhere {
		return ""
	}
	return of.used
}

// mostRows is how many lines of a table people read.
const mostRows = 100

// shown is how many resources have lines of their own: the first ones, and never half of one.
func (p page) shown() int {
	rows := 0
	for i, e := range p.entries {
		rows += len(e.rows)
		if i == mostShown || i > 0 && rows > mostRows {
			return i
		}
	}
	return len(p.entries)
}

// rest tells the others by what changes alike.
func rest(b *strings.Builder, others []entry) {
	if len(others) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s more, which change less money, by what changes alike:\n\n", thousands(strconv.Itoa(len(others))))
	for i, g := range grouped(others) {
		if i == mostGroups {
			fmt.Fprintf(b, "* and other changes\n")
			return
		}
		b.WriteString("* " + g.markdown() + "\n")
	}
}

func writeRow(b *strings.Builder, cells []string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

func capital(text string) string {
	return strings.ToUpper(text[:1]) + text[1:]
}

const (
	maxCodeRunes = 120
	// harmless is the punctuation that is markup nowhere within a word.
	harmless = `.,-/"()=`
)

// code prints text from outside so that nothing in it is markup: as a code span, or, where
// backquotes, bars or backslashes would end that or the table's cell, as HTML with entities.
func code(text string) string {
	text = oneLine(text)
	if text == "" {
		return "(empty)"
	}
	if !strings.ContainsAny(text, "`|\\") {
		return "`" + text + "`"
	}
	var b strings.Builder
	b.WriteString("<code>")
	for _, r := range text {
		if r < unicode.MaxASCII && unicode.In(r, unicode.P, unicode.S) && !strings.ContainsRune(harmless, r) {
			fmt.Fprintf(&b, "&#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	b.WriteString("</code>")
	return b.String()
}

// oneLine replaces what does not show or would change how the rest shows, hides who signs in to an address, and cuts long text.
func oneLine(text string) string {
	runes := []rune(userinfo.ReplaceAllString(text, "://(hidden)@"))
	if len(runes) > maxCodeRunes {
		runes = append(runes[:maxCodeRunes-1], '…')
	}
	for i, r := range runes {
		switch {
		case unicode.IsSpace(r):
			runes[i] = ' '
		case !unicode.IsPrint(r):
			runes[i] = unicode.ReplacementChar
		}
	}
	return strings.TrimSpace(string(runes))
}
