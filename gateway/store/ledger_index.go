package store

import (
	"context"
	"fmt"
)

const (
	// sortable is how many rows a page may be sorted from.
	sortable = 20_000
	// countable is how many rows may be looked at one by one to count them.
	countable = 100_000
)

// ledgerIndexes are the indexes of conditions on ledger rows, and the values that a condition has; the last resort is
// the order of admission. Of conditions that are as frequent as each other the first one counts.
var ledgerIndexes = []struct {
	index  string
	values []string
}{
	{"ledger_end_user", []string{"end_user"}},
	{"ledger_kind", []string{"kind", "unusual_kind"}},
	{"ledger_key", []string{"key_id"}},
	{"ledger_user", []string{"user_id"}},
	{"ledger_model", []string{"model"}},
	{"ledger_team", []string{"team_id"}},
}

// viaIndex says by which index SQLite finds ledger rows: by the condition that the fewest rows meet, when that is less
// than most. Left alone it takes them for alike, and goes through a million rows of a large team to find five of a rare
// model. PostgreSQL keeps statistics and knows.
func (s *Store) viaIndex(ctx context.Context, values args, most int) error {
	if s.db.Kind != SQLite || len(values.only("request_id")) > 0 {
		return nil
	}
	index, fewest := "ledger_admitted", most
	byCost := values.only("min_cost_nano", "max_cost_nano")
	if len(byCost) > 0 {
		n, err := s.countUpTo(ctx, byCost, "ledger_cost", most)
		if err != nil {
			return err
		}
		if n < most {
			index, fewest = "ledger_cost", n
		}
	}
	for _, known := range ledgerIndexes {
		condition := values.only(known.values...)
		if len(condition) != len(known.values) {
			continue
		}
		if index == "ledger_admitted" {
			index = known.index
		}
		for _, bound := range []string{"from_ms", "to_ms"} {
			if at, given := values[bound]; given {
				condition[bound] = at
			}
		}
		n, err := s.countUpTo(ctx, condition, known.index, fewest)
		if err != nil {
			return err
		}
		if n < fewest {
			index, fewest = known.index, n
		}
	}
	values["via_"+index] = true
	return nil
}

// countUpTo counts rows by an index that has all that is asked.
func (s *Store) countUpTo(ctx context.Context, condition args, index string, most int) (n int, err error) {
	condition["via_"+index], condition["most"] = true, most
	if _, err = s.one(ctx, "ledger_count", condition, &n); err != nil {
		return 0, fmt.Errorf("look how many rows %s finds: %w", index, err)
	}
	return n, nil
}

// only are the values of these names that are there.
func (a args) only(names ...string) args {
	some := args{}
	for _, name := range names {
		if value, there := a[name]; there {
			some[name] = value
		}
	}
	return some
}
