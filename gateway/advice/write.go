package advice

import (
	"fmt"
	"html"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// Markdown writes the advice for a pull request or an issue. Names are code, so that none becomes markup.
func Markdown(w io.Writer, r Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## Advice on limits\n\n%s\n", r.headline())
	if len(r.Limits) > 0 {
		b.WriteString("\n| Team | Limit | Is | 99 of 100 minutes | Most | Proposed | |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	}
	for _, l := range r.Limits {
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s | %s | %s |\n", code(l.TeamID), l.Attribute, l.amount(l.Cap), l.amount(l.P99), l.amount(l.Peak), l.proposed(), l.Why)
	}
	for i, k := range r.UnusedKeys {
		if i == 0 {
			fmt.Fprintf(&b, "\n**No call since %s:**\n\n", day(r.UnusedSince))
		}
		fmt.Fprintf(&b, "* key %s%s, made %s\n", code(k.name()), ofTeam(k.TeamID, code), day(k.Made))
	}
	for i, o := range r.Oversold {
		if i == 0 {
			b.WriteString("\n**More than the deployments take:**\n\n")
		}
		fmt.Fprintf(&b, "* %s\n", o.sentence(code))
	}
	if lines := r.HCL(); lines != "" {
		b.WriteString("\n```hcl\n" + lines + "```\n")
	}
	return write(w, b.String())
}

// Text writes the advice for a terminal.
func Text(w io.Writer, r Report) error {
	var b strings.Builder
	b.WriteString(r.headline() + "\n")
	if len(r.Limits) > 0 {
		b.WriteString("\n")
		table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "TEAM\tLIMIT\tIS\t99 OF 100 MINUTES\tMOST\tPROPOSED\t")
		for _, l := range r.Limits {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", shown(l.TeamID), l.Attribute, l.amount(l.Cap), l.amount(l.P99), l.amount(l.Peak), l.proposed(), l.Why)
		}
		if err := table.Flush(); err != nil {
			return fmt.Errorf("write the advice: %w", err)
		}
	}
	for i, k := range r.UnusedKeys {
		if i == 0 {
			fmt.Fprintf(&b, "\nNo call since %s:\n", day(r.UnusedSince))
		}
		fmt.Fprintf(&b, "  key %s%s, made %s\n", shown(k.name()), ofTeam(k.TeamID, shown), day(k.Made))
	}
	for i, o := range r.Oversold {
		if i == 0 {
			b.WriteString("\nMore than the deployments take:\n")
		}
		fmt.Fprintf(&b, "  %s\n", o.sentence(shown))
	}
	if lines := r.HCL(); lines != "" {
		b.WriteString("\n" + lines)
	}
	return write(w, b.String())
}

func write(w io.Writer, text string) error {
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("write the advice: %w", err)
	}
	return nil
}

func (r Report) headline() string {
	return fmt.Sprintf("%d of %d limits could be others, by use since %s as far as the gateway keeps minutes. %d keys had no call since %s.",
		r.Proposals(), len(r.Limits), day(r.PeaksFrom), len(r.UnusedKeys), day(r.UnusedSince))
}

// HCL are the lines of configuration, by team.
func (r Report) HCL() string {
	var b strings.Builder
	team := ""
	for _, l := range r.Limits {
		if l.Proposed == nil {
			continue
		}
		if b.Len() == 0 || l.TeamID != team {
			team = l.TeamID
			fmt.Fprintf(&b, "# team_id = %s\n", strconv.QuoteToASCII(team))
		}
		b.WriteString(l.HCL() + "\n")
	}
	return b.String()
}

func (l Limit) amount(number float64) string {
	if l.Attribute == "max_budget" {
		return "$" + strconv.FormatFloat(number, 'f', 2, 64)
	}
	return plain(number)
}

func (l Limit) proposed() string {
	if l.Proposed == nil {
		return "-"
	}
	return l.amount(*l.Proposed)
}

func plain(number float64) string { return strconv.FormatFloat(number, 'f', -1, 64) }

func (k UnusedKey) name() string {
	if k.KeyAlias != "" {
		return k.KeyAlias
	}
	return k.KeyID
}

func ofTeam(team string, as func(string) string) string {
	if team == "" {
		return ""
	}
	return " of team " + as(team)
}

func (o Oversold) sentence(as func(string) string) string {
	text := fmt.Sprintf("model %s: its deployments take %d %s", as(o.Model), o.Deployments, o.Attribute)
	if o.Teams > 0 {
		text += fmt.Sprintf(", the teams' limits add up to %d", o.Teams)
	}
	switch o.Unlimited {
	case 0:
		return text
	case 1:
		return text + ", and 1 team has no such limit"
	default:
		return text + fmt.Sprintf(", and %d teams have no such limit", o.Unlimited)
	}
}

func day(at time.Time) string { return at.UTC().Format("2 Jan 2006") }

// shown takes out of a name what would move a terminal.
func shown(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, name)
}

// code is a name as code, whatever it holds.
func code(name string) string {
	escaped := html.EscapeString(shown(name))
	return "<code>" + strings.NewReplacer("|", "&#124;", "`", "&#96;").Replace(escaped) + "</code>"
}
