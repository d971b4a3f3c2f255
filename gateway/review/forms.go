package review

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"regexp"
	"strings"
	"text/tabwriter"
)

// Formats of a review.
const (
	// Markdown is for hosts of pull requests, Text for terminals, JSON for programs; only JSON has a line for every change.
	Markdown = "markdown"
	Text     = "text"
	JSON     = "json"
)

func (p page) write(w io.Writer, format string, result Result) error {
	switch format {
	case "", Markdown:
		_, err := io.WriteString(w, result.Markdown)
		return err
	case Text:
		_, err := io.WriteString(w, asText(result.Markdown))
		return err
	case JSON:
		out := json.NewEncoder(w)
		out.SetIndent("", "  ")
		out.SetEscapeHTML(false)
		return out.Encode(p.document(result))
	default:
		return fmt.Errorf("%q is no format: markdown, text or json", format)
	}
}

// document is a review for programs. What people read in it is plain text.
type document struct {
	Headline      string          `json:"headline"`
	Summary       string          `json:"summary"`
	Changes       int             `json:"changes"`
	NeedsApproval bool            `json:"needs_approval"`
	Lines         []documentLine  `json:"lines"`
	Groups        []documentGroup `json:"groups"`
	Notes         []string        `json:"notes"`
	Warnings      []string        `json:"warnings"`
	Approvals     []string        `json:"approvals"`
	Reviewers     []string        `json:"reviewers"`
	Labels        []string        `json:"labels"`
}

type documentLine struct {
	Resource   string `json:"resource"`
	Team       string `json:"team"`
	CostCentre string `json:"cost_centre,omitempty"`
	What       string `json:"what"`
	Old        string `json:"old"`
	New        string `json:"new"`
	Difference string `json:"difference"`
	Used       string `json:"used,omitempty"`
}

// documentGroup are changes alike, of those that have no line in the other formats.
type documentGroup struct {
	Count       int      `json:"count"`
	Of          string   `json:"of"`
	What        string   `json:"what"`
	MoreUSD     string   `json:"at_most_more_a_month_usd"`
	Unbounded   int      `json:"unbounded"`
	Teams       []string `json:"teams"`
	CostCentres []string `json:"cost_centres"`
}

func (p page) document(result Result) document {
	told := document{
		Headline: asText(p.headline), Summary: asText(p.summary), Changes: result.Changes, NeedsApproval: result.NeedsApproval,
		Lines: []documentLine{}, Groups: []documentGroup{}, Notes: texts(p.notes), Warnings: texts(p.warnings), Approvals: texts(p.approvals),
		Reviewers: append([]string{}, result.Reviewers...), Labels: append([]string{}, result.Labels...),
	}
	for _, e := range p.entries {
		for _, r := range e.rows {
			told.Lines = append(told.Lines, documentLine{
				Resource: asText(r.resource), Team: asText(e.team), CostCentre: asText(e.costCentre), What: asText(r.limit),
				Old: asText(r.old), New: asText(r.new), Difference: asText(r.change), Used: asText(r.used),
			})
		}
	}
	for _, g := range grouped(p.entries[p.shown():]) {
		told.Groups = append(told.Groups, documentGroup{
			Count: len(g.entries), Of: g.noun, What: asText(g.what), MoreUSD: strings.Replace(g.more().Dollars(), "$", "", 1), Unbounded: g.open(),
			Teams: texts(g.teams()), CostCentres: texts(g.centres()),
		})
	}
	return told
}

func texts(markdown []string) []string {
	plain := make([]string, len(markdown))
	for i, text := range markdown {
		plain[i] = asText(text)
	}
	return plain
}

// asText takes the markup off: tables become columns, names stand as they are.
func asText(markdown string) string {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	lines := strings.Split(markdown, "\n")
	for i, line := range lines {
		cells, isRow := strings.CutPrefix(line, "| ")
		switch {
		case isRow && strings.HasPrefix(cells, "---"):
			continue
		case isRow:
			fmt.Fprintln(table, strings.Join(texts(strings.Split(strings.TrimSuffix(cells, " |"), " | ")), "\t"))
			continue
		}
		_ = table.Flush()
		b.WriteString(unmarked(strings.TrimLeft(line, "#")))
		if i < len(lines)-1 {
			b.WriteString("\n")
		}
	}
	_ = table.Flush()
	return strings.TrimLeft(b.String(), " ")
}

// marked are the only kinds of markup that a review has: names as code, small and bold text.
var marked = regexp.MustCompile("`[^`]*`|<code>[^<]*</code>|<sub>|</sub>|\\*\\*")

func unmarked(markdown string) string {
	var b strings.Builder
	at := 0
	for _, found := range marked.FindAllStringIndex(markdown, -1) {
		b.WriteString(html.UnescapeString(markdown[at:found[0]]))
		switch mark := markdown[found[0]:found[1]]; {
		case mark[0] == '`':
			b.WriteString(strings.Trim(mark, "`"))
		case strings.HasPrefix(mark, "<code>"):
			b.WriteString(html.UnescapeString(strings.TrimSuffix(strings.TrimPrefix(mark, "<code>"), "</code>")))
		case mark == "<sub>":
			b.WriteString("(")
		case mark == "</sub>":
			b.WriteString(")")
		}
		at = found[1]
	}
	b.WriteString(html.UnescapeString(markdown[at:]))
	return b.String()
}
