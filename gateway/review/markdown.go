package review

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// page is a review before it is text.
type page struct {
	rows      []row
	withUsage bool
	summary   string
	headline  string
	effects   string
	notes     []string
	// approvals and warnings are what a policy says, as Markdown.
	approvals []string
	warnings  []string
}

func (p page) markdown() string {
	var b strings.Builder
	b.WriteString("## Quota changes\n\n")
	if len(p.rows) == 0 {
		b.WriteString("This plan changes no quota.\n")
	} else {
		if p.headline != "" {
			b.WriteString(p.headline + "\n\n")
		}
		b.WriteString(p.summary + "\n\n")
		p.table(&b)
		b.WriteString(p.effects)
	}
	for i, note := range p.notes {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString("* " + capital(note) + "\n")
	}
	section(&b, "**Mind:**", p.warnings)
	section(&b, "**Needs approval:**", p.approvals)
	return b.String()
}

// section lists lines below a title, unless there are none.
func section(b *strings.Builder, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	b.WriteString("\n" + title + "\n\n")
	for i, line := range lines {
		if i == mostRows {
			fmt.Fprintf(b, "* and %d more\n", len(lines)-i)
			return
		}
		b.WriteString("* " + line + "\n")
	}
}

func (p page) table(b *strings.Builder) {
	head := []string{"Resource", "Team", "Limit", "Old", "New", "Change"}
	if p.withUsage {
		head = append(head, "Used so far")
	}
	writeRow(b, head)
	writeRow(b, strings.Split(strings.Repeat("--- ", len(head)-1)+"---", " "))
	for i, r := range p.rows {
		if i == mostRows {
			b.WriteString("\n" + rest(p.rows[i:]))
			break
		}
		cells := []string{r.resource, r.team, r.limit, r.old, r.new, r.change}
		if p.withUsage {
			cells = append(cells, r.used)
		}
		writeRow(b, cells)
	}
}

// mostRows is how many lines people read; the rest is counted by what happens.
const mostRows = 100

// rest counts rows by limit and direction.
func rest(rows []row) string {
	counts := map[string]int{}
	for _, r := range rows {
		counts[r.limit+" "+direction(r.change)]++
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s more lines, which change less money:\n\n", thousands(strconv.Itoa(len(rows))))
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&b, "* %s: %s\n", what, thousands(strconv.Itoa(counts[what])))
	}
	return b.String()
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

// oneLine replaces what does not show or would change how the rest shows, and cuts long text.
func oneLine(text string) string {
	runes := []rune(text)
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
