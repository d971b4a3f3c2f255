package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
)

// newLogger writes lines of JSON, and lines of text where a person reads along.
func newLogger(lines *logBuffer, person bool) *slog.Logger {
	if person {
		return slog.New(slog.NewTextHandler(lines, nil))
	}
	return slog.New(slog.NewJSONHandler(lines, nil))
}

// person says whether somebody sees what is written there.
func person(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// greet tells a person what is served where, and what to do next.
func greet(out io.Writer, address, administration string, settings config.Config) error {
	counters := "in this process"
	if settings.RedisURL != "" {
		counters = "in Redis"
	}
	record := "PostgreSQL"
	if file, embedded := strings.CutPrefix(settings.DatabaseURL, "sqlite:"); embedded {
		record = "SQLite, " + file
	}
	_, err := fmt.Fprintf(out, `bursar %[1]s serves on %[2]s

  calls      %[2]s/v1 for OpenAI's clients, %[2]s for Anthropic's
  models     %[3]s
  admin API  %[7]s/docs; it opens with the admin key
%[8]s  health     %[2]s/health/readiness
  metrics    %[7]s/metrics, with the admin key or metrics_key
  record     %[4]s
  counters   %[5]s

%[6]s
Ctrl-C ends it.

`, version, address, servedModels(settings), record, counters, whatNext(administration, settings), administration, consoleLine(administration, settings))
	return err
}

// consoleLine says how the console is opened, never with the key itself.
func consoleLine(address string, settings config.Config) string {
	if !settings.Console {
		return ""
	}
	where := "in BURSAR_ADMIN_KEY"
	if settings.File != "" && os.Getenv("BURSAR_ADMIN_KEY") == "" {
		where = "under admin_key in " + settings.File
	}
	return fmt.Sprintf("  console    %s/console/; sign in with the admin key, which stands %s\n", address, where)
}

// greeted is how many models are named; more are counted.
const greeted = 6

func servedModels(settings config.Config) string {
	if len(settings.Models) == 0 {
		return "none in the configuration; those made through the API are served"
	}
	var names []string
	for _, model := range settings.Models {
		if len(names) == greeted {
			return strings.Join(names, ", ") + fmt.Sprintf(" and %d more", len(settings.Models)-greeted)
		}
		names = append(names, model.Name)
	}
	return strings.Join(names, ", ")
}

func whatNext(address string, settings config.Config) string {
	key := "$BURSAR_ADMIN_KEY"
	if settings.File != "" && os.Getenv("BURSAR_ADMIN_KEY") == "" {
		key = "ADMIN_KEY" // it stands in the file and not in a variable
	}
	if len(settings.Models) == 0 && settings.File != "" {
		return fmt.Sprintf("Next: add an entry under models in %s and send this process SIGHUP (kill -HUP %d).", settings.File, os.Getpid())
	}
	return fmt.Sprintf(`Next: make a team and a key, with Terraform or so:
  curl %[1]s/team/new     -H "Authorization: Bearer %[2]s" -d '{"team_id": "first", "max_budget": 10, "budget_duration": "1mo"}'
  curl %[1]s/key/generate -H "Authorization: Bearer %[2]s" -d '{"team_id": "first"}'`, address, key)
}
