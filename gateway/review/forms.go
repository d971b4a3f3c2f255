package review

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
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
	Teams         []documentTeam  `json:"teams"`
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

// documentTeam is what the plan does to one team, all of them and not only those that the other formats have a line for. Before is
// nil for a team that is new, after for one that goes; both are for a team whose caps the plan does not have.
type documentTeam struct {
	TeamID string         `json:"team_id"`
	Name   string         `json:"name"`
	Before *documentMost  `json:"at_most_before"`
	After  *documentMost  `json:"at_most_after"`
	Spent  string         `json:"spent,omitempty"`
	Ahead  *documentAhead `json:"forecast,omitempty"`
	Busy   string         `json:"busiest_minute,omitempty"`
	Fate   string         `json:"from_the_apply_on,omitempty"`
}

// documentMost is what a team may spend at most. USD is nil where nothing is refused, or the plan does not say yet.
type documentMost struct {
	USD *string `json:"usd"`
	// Per is "month", "total" for a cap that never starts again, "unbounded" or "unknown".
	Per string `json:"per"`
}

// documentAhead is what a team is likely to cost, and when its cap is used up without the plan and with it.
type documentAhead struct {
	Cost   string `json:"cost"`
	Before string `json:"used_up_before"`
	After  string `json:"used_up_after"`
}

func (t teamTable) document(now time.Time) []documentTeam {
	told := []documentTeam{}
	for _, line := range slices.Concat(t.lines, t.others) {
		of := documentTeam{TeamID: oneLine(line.id), Name: asText(line.name)}
		if line.spent() != nothing {
			of.Spent = asText(line.spent())
		}
		if line.known && !line.made {
			of.Before = line.was.document()
		}
		if line.known && !line.gone() {
			of.After = line.is.document()
		}
		if cells := texts(line.ahead.cells(now)); line.ahead != nil && cells[0] != nothing {
			of.Ahead = &documentAhead{cells[0], cells[1], cells[2]}
		}
		if line.rehearsed != nil {
			of.Busy, of.Fate = asText(t.peaks.of(*line.rehearsed)), asText(fateOf(*line.rehearsed))
		}
		told = append(told, of)
	}
	return told
}

func (a allowance) document() *documentMost {
	switch amount := plainUSD(wholeCents(a.amount)); {
	case a.open:
		return &documentMost{Per: "unbounded"}
	case a.unsure:
		return &documentMost{Per: "unknown"}
	case a.once:
		return &documentMost{&amount, "total"}
	default:
		return &documentMost{&amount, "month"}
	}
}

// plainUSD is an amount in USD for programs.
func plainUSD(amount money.Nano) string { return strings.Replace(amount.Dollars(), "$", "", 1) }

// documentGroup are changes alike, of those that have no line in the other formats.
type documentGroup struct {
	Count       int      `json:"count"`
	Of          string   `json:"of"`
	What        string   `json:"what"`
	MoreUSD     string   `json:"at_most_more_a_month_usd"`
	OnceUSD     string   `json:"at_most_more_in_total_usd"`
	Unbounded   int      `json:"unbounded"`
	Teams       []string `json:"teams"`
	CostCentres []string `json:"cost_centres"`
}

func (p page) document(result Result) document {
	told := document{
		Headline: asText(p.headline), Summary: asText(p.summary), Changes: result.Changes, NeedsApproval: result.NeedsApproval,
		Teams: p.concerned.document(p.now), Lines: []documentLine{}, Groups: []documentGroup{}, Notes: texts(p.notes), Warnings: texts(p.warnings), Approvals: texts(p.approvals),
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
			Count: len(g.entries), Of: g.noun, What: asText(g.what), MoreUSD: plainUSD(g.more(false)), OnceUSD: plainUSD(g.more(true)), Unbounded: g.open(),
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
