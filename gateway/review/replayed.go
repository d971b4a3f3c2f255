package review

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Replayer decides the calls of the last days again, usually by asking a gateway.
type Replayer interface {
	// Replay answers for changes that follow each other.
	Replay(ctx context.Context, changes []api.QuotaChange) (api.QuotaReplay, error)
}

// replayed is what a gateway said that the plan would have done.
type replayed struct {
	told api.QuotaReplay
	// asked says that told is an answer; failed is why it is not.
	asked  bool
	failed error
}

// replay asks about the teams, keys and budgets of a plan that the gateway would take.
func replay(ctx context.Context, gateway Replayer, objects []object) replayed {
	var changes []api.QuotaChange
	for _, o := range objects {
		if change, ok := o.rehearsed(); ok {
			changes = append(changes, change)
		}
	}
	if gateway == nil || len(changes) == 0 {
		return replayed{}
	}
	told, err := gateway.Replay(ctx, changes)
	return replayed{told: told, asked: err == nil, failed: err}
}

// asking is the failure to ask. A plan that the gateway would not take was asked about: the rehearsal says why not.
func (r replayed) asking() error {
	if api.CodeOf(r.failed) == api.Invalid {
		return nil
	}
	return r.failed
}

// mostReplayedRows is how many limits and callers the review lists.
const mostReplayedRows = 10

// section says in words and a table what would have been refused.
func (r replayed) section() string {
	switch {
	case r.failed != nil:
		return "\nWhat it would have refused could not be replayed: " + code(r.failed.Error()) + "\n"
	case !r.asked:
		return ""
	}
	told, b := r.told, strings.Builder{}
	days := told.To.Sub(told.From).Round(time.Hour).Hours() / 24
	last := trimmed(days) + " days"
	if last == "1 days" {
		last = "day"
	}
	fmt.Fprintf(&b, "\n**Replay of the last %s** (%s, which cost %s): ", last, calls(told.Calls), usd(told.Cost))
	switch {
	case told.Before.Refused == 0 && told.After.Refused == 0:
		b.WriteString("none of them would have been refused.\n")
	default:
		fmt.Fprintf(&b, "these limits would have refused **%s**, which cost %s; today's limits would have refused %s.\n",
			calls(told.After.Refused), usd(told.After.RefusedCost), calls(told.Before.Refused))
	}
	if len(told.After.Limits) > 0 {
		b.WriteString("\n")
		writeRow(&b, []string{"Refused by", "Calls", "They had cost", "First on"})
		writeRow(&b, []string{"---", "---", "---", "---"})
		for i, limit := range told.After.Limits {
			if i == mostReplayedRows {
				fmt.Fprintf(&b, "\n%d more limits would have refused calls.\n", len(told.After.Limits)-i)
				break
			}
			writeRow(&b, []string{limitName(limit), thousands(fmt.Sprint(limit.Refused)), usd(limit.Cost), limit.First.UTC().Format("Mon 2 Jan 15:04 UTC")})
		}
	}
	r.callers(&b)
	for i, note := range told.Notes {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString("* " + oneLine(note) + "\n")
	}
	return b.String()
}

func (r replayed) callers(b *strings.Builder) {
	shown := 0
	for _, caller := range r.told.Callers {
		if caller.RefusedAfter <= caller.RefusedBefore {
			continue
		}
		if shown == 0 {
			b.WriteString("\n")
			writeRow(b, []string{"Who would have been refused", "Model", "Calls", "Refused today", "Refused then", "They had cost"})
			writeRow(b, []string{"---", "---", "---", "---", "---", "---"})
		}
		if shown++; shown > mostReplayedRows {
			b.WriteString("\nMore keys and models are concerned.\n")
			return
		}
		name := caller.KeyAlias
		if name == "" {
			name = caller.KeyID
		}
		who := "key " + code(name)
		if caller.TeamID != "" {
			who += " of " + code(caller.TeamID)
		}
		writeRow(b, []string{
			who, code(caller.Model), thousands(fmt.Sprint(caller.Calls)), thousands(fmt.Sprint(caller.RefusedBefore)),
			thousands(fmt.Sprint(caller.RefusedAfter)), usd(caller.RefusedCost),
		})
	}
}

// limitName says which limit it is: "the budget of team marketing".
func limitName(limit api.ReplayLimit) string {
	noun, id, _ := strings.Cut(limit.Scope, ":")
	whose := noun + " " + code(id)
	if noun == "budget" {
		whose = "shared budget " + code(id)
	}
	switch limit.Kind {
	case "budget":
		if noun == "budget" {
			return whose
		}
		return "budget of " + whose
	case "requests":
		return "requests per minute of " + whose
	case "tokens":
		return "tokens per minute of " + whose
	case "max_parallel_requests":
		return "parallel requests of " + whose
	case "models":
		return "models of " + whose
	default:
		return whose + " is " + limit.Kind
	}
}

func calls(n int64) string {
	if n == 1 {
		return "1 call"
	}
	return thousands(fmt.Sprint(n)) + " calls"
}

func trimmed(days float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", days), ".0")
}
