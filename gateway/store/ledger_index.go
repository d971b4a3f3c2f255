package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
)

const (
	// sortable is how many rows a page may be sorted from.
	sortable = 20_000
	// countable is how many entries of an index may be looked at one by one to count them.
	countable = 100_000
	// lookUp is what it takes to look at the row of an entry, in entries: when the disk has to be read it is far more.
	lookUp = 5
)

// ledgerIndex finds ledger rows.
type ledgerIndex struct {
	name string
	// by are the values of the condition that it finds rows by; knows are others that it tells without a look at the row.
	by, knows []string
}

// ledgerIndexes are the indexes of conditions on ledger rows. Of conditions that are all too frequent to tell which is rarest, the
// first counts whose index knows everything that is asked, else the first.
var ledgerIndexes = []ledgerIndex{
	{"ledger_end_user", []string{"end_user"}, nil},
	{"ledger_kind", []string{"kind", "unusual_kind"}, nil},
	{"ledger_key", []string{"key_id"}, []string{"model", "min_cost_nano", "max_cost_nano", "kind", "unusual_kind"}},
	{"ledger_user", []string{"user_id"}, []string{"team_id", "model", "min_cost_nano", "max_cost_nano", "kind", "unusual_kind"}},
	{"ledger_team", []string{"team_id"}, []string{"model", "min_cost_nano", "max_cost_nano", "kind", "unusual_kind"}},
	{"ledger_model", []string{"model"}, []string{"min_cost_nano", "max_cost_nano", "kind", "unusual_kind"}},
}

// ledgerCost finds rows by what they cost, in the order of that: it is for few.
var ledgerCost = ledgerIndex{"ledger_cost", []string{"min_cost_nano", "max_cost_nano"}, nil}

// viaIndex says by which index SQLite finds ledger rows: by the one that has to look at the least, when that is less
// than most. Left alone SQLite takes all conditions for alike, and goes through a million rows of a large team to find five of a rare
// model. PostgreSQL keeps statistics and knows.
func (s *Store) viaIndex(ctx context.Context, values args, most int) error {
	if s.db.Kind != SQLite || len(values.only("request_id")) > 0 {
		return nil
	}
	frequent, covered := "ledger_admitted", false
	best, effort := "", most
	for _, index := range append(slices.Clip(ledgerIndexes), ledgerCost) {
		condition := values.only(index.by...)
		byCost := index.name == ledgerCost.name
		if len(condition) == 0 || len(condition) < len(index.by) && !byCost {
			continue
		}
		times := values.only("from_ms", "to_ms")
		covers := len(condition)+len(times)+len(values.only(index.knows...)) == len(values)
		if !byCost {
			maps.Copy(condition, times)
			if first := frequent == "ledger_admitted"; first || covers && !covered {
				frequent, covered = index.name, covers
			}
		}
		each := lookUp
		if covers {
			each = 1
		}
		n, err := s.countUpTo(ctx, condition, index.name, effort/each)
		if err != nil {
			return err
		}
		if n*each < effort-effort%each {
			best, effort = index.name, n*each
		}
	}
	values["via_"+cmp.Or(best, frequent)] = true
	return nil
}

// countUpTo counts rows by an index that has all that is asked.
func (s *Store) countUpTo(ctx context.Context, condition args, index string, most int) (n int, err error) {
	condition["via_"+index], condition["most"] = true, most
	if _, err = s.oneBooked(ctx, "ledger_count", condition, &n); err != nil {
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
