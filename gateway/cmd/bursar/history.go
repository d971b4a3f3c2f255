package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// historyCommand says what became of a team's limits.
type historyCommand struct {
	Team     string `arg:"" help:"The team's id."`
	Endpoint string `help:"Address of the gateway." env:"BURSAR_ENDPOINT" required:"" placeholder:"URL"`
	AdminKey string `help:"Admin key of the gateway; a viewer's will do." env:"BURSAR_ADMIN_KEY" placeholder:"KEY"`
	jobToken
	Limit  int    `help:"How many changes at most; 0 is all of them." default:"50"`
	Format string `help:"As text for people, or json for programs." enum:"text,json" default:"text"`
}

// Help says what counts.
func (historyCommand) Help() string {
	return `Says when a limit of the team, its keys, its members or the budgets that it names was changed, by whom, from what to
what, why, and in which pull request, newest first. It is read from the audit log.`
}

// Run writes the history to standard output.
func (c historyCommand) Run(ctx context.Context) error {
	gateway, err := c.open(client.Options{Endpoint: c.Endpoint, AdminKey: c.AdminKey, UserAgent: "bursar-history/" + version})
	if err != nil {
		return err
	}
	if c.Limit < 0 {
		return fmt.Errorf("--limit must be 0 or more. Received: %d", c.Limit)
	}
	history, err := gateway.QuotaHistory(ctx, c.Team, c.Limit)
	if err != nil {
		return err
	}
	if c.Format == "json" {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(history)
	}
	return writeHistory(os.Stdout, c.Team, history)
}

func writeHistory(w io.Writer, team string, history []api.QuotaHistoryEntry) error {
	var b strings.Builder
	if len(history) == 0 {
		fmt.Fprintf(&b, "No limit of team %s was changed, as far as the audit log goes.\n", shown(team))
	}
	for _, entry := range history {
		fmt.Fprintf(&b, "%s  %s %s by %s\n", entry.At.UTC().Format(time.RFC3339), entry.Action, shown(entry.ObjectID), shown(entry.Actor))
		for _, change := range entry.Changes {
			fmt.Fprintf(&b, "    %s: %s -> %s\n", change.Field, limitShown(change.Field, change.Old), limitShown(change.Field, change.New))
		}
		if entry.Reason != "" {
			fmt.Fprintf(&b, "    why: %s\n", shown(entry.Reason))
		}
		if entry.PullRequest != "" && entry.PullRequest != entry.Reason {
			fmt.Fprintf(&b, "    pull request: %s\n", shown(entry.PullRequest))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func limitShown(field string, raw json.RawMessage) string {
	text := string(raw)
	isLimit := strings.Contains(field, "limit") || strings.HasPrefix(field, "max_") || strings.HasSuffix(field, "_budget")
	switch {
	case text == "null" && isLimit && field != "soft_budget":
		return "no limit"
	case text == "null":
		return "not set"
	case strings.Contains(field, "max_budget") || strings.HasSuffix(field, "_budget") || field == "temp_budget_increase":
		return "$" + shown(text)
	default:
		return shown(text)
	}
}

// shown takes out of a text from the audit log what would move a terminal.
func shown(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return unicode.ReplacementChar
		default:
			return r
		}
	}, text)
}
