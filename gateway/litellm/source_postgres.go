package litellm

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed queries/*.sql
var queries embed.FS

// tablePattern finds the table that a query reads.
var tablePattern = regexp.MustCompile(`FROM ("LiteLLM_\w+")`)

// FromPostgres reads a LiteLLM database in one transaction that cannot write. Tables that a release of LiteLLM does not
// have are empty. What days have cost comes from since on; the zero time leaves it out.
func FromPostgres(ctx context.Context, address string, since time.Time) (estate Estate, err error) {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return estate, fmt.Errorf("reach LiteLLM's database: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return estate, fmt.Errorf("begin to read LiteLLM's database: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	r := reader{ctx: ctx, tx: tx}
	readInto(&r, "teams", &estate.Teams)
	readInto(&r, "users", &estate.Users)
	readInto(&r, "keys", &estate.Keys)
	readInto(&r, "memberships", &estate.Memberships)
	readInto(&r, "budgets", &estate.Budgets)
	readInto(&r, "models", &estate.Models)
	readInto(&r, "organizations", &estate.Organizations)
	readInto(&r, "model_spend", &estate.ModelSpend)
	if estate.ModelSpend == nil {
		estate.ModelSpend = []modelSpend{} // known to be nothing
	}
	var history []struct {
		Calls int64  `json:"calls"`
		Spend amount `json:"spend"`
	}
	readInto(&r, "history", &history)
	if len(history) == 1 {
		estate.Calls, estate.CallSpend = history[0].Calls, history[0].Spend
	}
	if !since.IsZero() {
		estate.Days = readDays(&r, since.UTC().Format(time.DateOnly))
	}
	readInto(&r, "projects", &estate.Projects)
	readInto(&r, "end_users", &estate.EndUsers)
	readInto(&r, "tags", &estate.Tags)
	readInto(&r, "organization_members", &estate.OrganizationMembers)
	readInto(&r, "old_secrets", &estate.OldSecrets)
	readInto(&r, "jwt_mappings", &estate.JWTMappings)
	if r.err == nil && len(estate.Teams)+len(estate.Keys)+len(estate.Users) == 0 {
		r.err = errors.New("there are no teams, users or keys of LiteLLM's in this database; is it the right one?")
	}
	return estate, r.err
}

// reader reads table after table, until one fails.
type reader struct {
	// ctx is of the one transaction that it reads.
	ctx context.Context
	tx  pgx.Tx
	err error
}

// readDays reads what days have cost from the tables that have it: sums of days, and single calls of the time before there were any.
func readDays(r *reader, since string) []dayUse {
	var teams, users, logs []dayUse
	readInto(r, "team_days", &teams, since)
	readInto(r, "user_days", &users, since)
	days := allDays(teams, users)
	first := "9999-12-31"
	for _, use := range days {
		first = min(first, use.Date)
	}
	if first > since {
		readInto(r, "log_days", &logs, since, first)
	}
	return append(days, logs...)
}

func readInto[T any](r *reader, name string, into *[]T, values ...any) {
	if r.err != nil {
		return
	}
	query, err := queries.ReadFile("queries/" + name + ".sql")
	if err != nil {
		r.err = fmt.Errorf("query %s: %w", name, err)
		return
	}
	table := tablePattern.FindAllSubmatch(query, -1)
	var there bool
	for _, match := range table {
		if err := r.tx.QueryRow(r.ctx, "SELECT to_regclass($1) IS NOT NULL", string(match[1])).Scan(&there); err != nil {
			r.err = fmt.Errorf("look for the table %s: %w", match[1], err)
		}
		if !there {
			return
		}
	}
	rows, err := r.tx.Query(r.ctx, string(query), values...)
	if err != nil {
		r.err = fmt.Errorf("read LiteLLM's %s: %w", name, err)
		return
	}
	*into, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (one T, err error) {
		var text string
		if err := row.Scan(&text); err != nil {
			return one, err
		}
		return one, json.Unmarshal([]byte(text), &one)
	})
	if err != nil {
		r.err = fmt.Errorf("read LiteLLM's %s: %w", name, err)
	}
}
