package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// AppendLedger writes ledger rows and alert events in one transaction. A row or event whose id
// is there already is passed over, so that appending again after a lost answer is harmless.
// The daily sums change with the rows that were really new.
func (s *Store) AppendLedger(ctx context.Context, rows []api.LedgerRow, events []api.AlertEvent) error {
	if len(rows) == 0 && len(events) == 0 {
		return nil
	}
	// Events are sent from the tables, and rare: they go there at once.
	if s.journal != nil && len(events) == 0 && s.joined(ctx) == nil {
		return s.journal.append(rows)
	}
	return s.appendLedger(ctx, rows, events)
}

func (s *Store) appendLedger(ctx context.Context, rows []api.LedgerRow, events []api.AlertEvent) error {
	// Always in the order of ids: gateways that append the same rows wait for each other, never in a circle.
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b api.LedgerRow) int { return cmp.Compare(a.ID, b.ID) })
	events = slices.SortedFunc(slices.Values(events), func(a, b api.AlertEvent) int { return cmp.Compare(a.ID, b.ID) })
	return s.transact(ctx, func(ctx context.Context, _ *tx) error {
		fresh, err := s.insertLedger(ctx, rows)
		if err != nil {
			return err
		}
		if err := s.addUsage(ctx, fresh); err != nil {
			return err
		}
		for _, event := range events {
			if err := s.InsertAlertEvent(ctx, event); err != nil {
				return err
			}
		}
		return nil
	})
}

// insertLedger returns the rows that were not there yet. It takes the rows, sorted by their ids, for its own.
func (s *Store) insertLedger(ctx context.Context, rows []api.LedgerRow) (fresh []api.LedgerRow, err error) {
	clean := rows[:0]
	for _, row := range rows {
		if n := len(clean); n == 0 || clean[n-1].ID != row.ID {
			clean = append(clean, readable(row))
		}
	}
	if s.kind == SQLite {
		return s.insertEach(ctx, clean)
	}
	byID := make(map[string]api.LedgerRow, len(clean))
	values := make([][]any, 0, len(clean))
	for _, row := range clean {
		bound, err := ledgerValues(row)
		if err != nil {
			return nil, err
		}
		byID[row.ID] = row
		values = append(values, bound)
	}
	err = inBatches(values, func(batch [][]any) error {
		return s.eachWritten(ctx, "ledger_insert", args{"rows": batch, "returning": true}, func(scan func(...any) error) error {
			var id string
			err := scan(&id)
			fresh = append(fresh, byID[id])
			return err
		})
	})
	return fresh, err
}

// insertEach writes row by row with one prepared statement. SQLite has no way to be sent, and keeps a copy
// of every page that a statement of several rows changes, in case that statement fails.
func (s *Store) insertEach(ctx context.Context, rows []api.LedgerRow) (fresh []api.LedgerRow, err error) {
	if len(rows) == 0 {
		return nil, nil
	}
	// The transaction ends with its context; the driver would start a goroutine for each row to watch it.
	each := context.WithoutCancel(ctx)
	insert, err := s.prepareRow(ctx, rows[0])
	if err != nil {
		return nil, err
	}
	defer insert.Close()
	fresh = rows[:0]
	for _, row := range rows {
		bound, err := ledgerValues(row)
		if err != nil {
			return nil, err
		}
		result, err := insert.ExecContext(each, bound...)
		if err != nil {
			return nil, s.explain("ledger_insert", err)
		}
		if n, err := result.RowsAffected(); err != nil || n > 0 {
			fresh = append(fresh, row)
		}
	}
	return fresh, ctx.Err()
}

// prepareRow prepares the insert of one row in the context's transaction.
func (s *Store) prepareRow(ctx context.Context, row api.LedgerRow) (*sql.Stmt, error) {
	bound, err := ledgerValues(row)
	if err != nil {
		return nil, err
	}
	text, _, err := s.bind("ledger_insert", args{"rows": [][]any{bound}})
	if err != nil {
		return nil, err
	}
	insert, err := s.joined(ctx).sql.PrepareContext(ctx, text)
	if err != nil {
		return nil, s.explain("ledger_insert", err)
	}
	return insert, nil
}

// inBatches calls insert with the rows in batches of a few fixed sizes, so that databases
// have few statements to remember.
func inBatches(rows [][]any, insert func(batch [][]any) error) error {
	for _, size := range []int{insertRows, insertRows / 4, insertRows / 16, 1} {
		for len(rows) >= size {
			if err := insert(rows[:size]); err != nil {
				return err
			}
			rows = rows[size:]
		}
	}
	return nil
}

// readable replaces in a row's texts what cannot be stored: what a client wrote must not keep its
// request, and those booked with it, out of the ledger.
func readable(row api.LedgerRow) api.LedgerRow {
	for _, text := range []*string{
		&row.ID, &row.Kind, &row.RequestID, &row.TeamID, &row.KeyID, &row.UserID, &row.Model, &row.Upstream, &row.PriceVersion,
		&row.EndUser,
	} {
		*text = storable(*text)
	}
	row.Tags = slices.Clone(row.Tags)
	for i := range row.Tags {
		row.Tags[i] = storable(row.Tags[i])
	}
	return row
}

func ledgerValues(row api.LedgerRow) ([]any, error) {
	tags, err := encode(api.StringList(row.Tags))
	if err != nil {
		return nil, err
	}
	return []any{
		row.ID, row.Kind, row.AdmittedAt.UnixMilli(), row.SettledAt.UnixMilli(), row.RequestID,
		row.TeamID, row.KeyID, row.UserID, row.Model, row.Upstream,
		row.PromptTokens, row.CachedTokens, row.CompletionTokens, int64(row.Cost), row.PriceVersion,
		row.EndUser, tags,
	}, nil
}

// LedgerRows returns the rows that the filter selects, newest first, and how many there are without the
// filter's limit, offset and cursor. Times are exact to the millisecond.
func (s *Store) LedgerRows(ctx context.Context, filter api.LedgerFilter) (rows []api.LedgerRow, total int, err error) {
	entries, err := s.LedgerPage(ctx, filter)
	if err != nil {
		return nil, 0, err
	}
	rows = make([]api.LedgerRow, len(entries))
	for i, entry := range entries {
		rows[i] = entry.LedgerRow
	}
	total, err = s.LedgerCount(ctx, filter)
	return rows, total, err
}

// LedgerCount counts the rows that the filter selects, without its limit, offset and cursor.
func (s *Store) LedgerCount(ctx context.Context, filter api.LedgerFilter) (total int, err error) {
	_, err = s.one(ctx, "ledger_count", ledgerArgs(filter), &total)
	return total, err
}

// LedgerPage is LedgerRows without the count, which takes long for many rows.
func (s *Store) LedgerPage(ctx context.Context, filter api.LedgerFilter) ([]api.LedgerEntry, error) {
	values := ledgerArgs(filter)
	boundArgs(values, filter.Limit, filter.Offset)
	if filter.After != nil {
		values["after_ms"], values["after_id"] = filter.After.AdmittedAt.UnixMilli(), filter.After.ID
	}
	return s.ledgerEntries(ctx, "ledger_list", values)
}

func ledgerArgs(filter api.LedgerFilter) args {
	values := args{}
	values.given("team_id", filter.TeamID)
	values.given("key_id", filter.KeyID)
	values.given("user_id", filter.UserID)
	values.given("end_user", filter.EndUser)
	values.given("model", filter.Model)
	values.given("request_id", filter.RequestID)
	values.given("kind", filter.Kind)
	values.givenTimes(filter.From, filter.To)
	if filter.MinCost != nil {
		values["min_cost_nano"] = int64(*filter.MinCost)
	}
	if filter.MaxCost != nil {
		values["max_cost_nano"] = int64(*filter.MaxCost)
	}
	return values
}

// ledgerEntries reads a query of whole rows.
func (s *Store) ledgerEntries(ctx context.Context, query string, values args) ([]api.LedgerEntry, error) {
	entries := []api.LedgerEntry{}
	err := s.each(ctx, query, values, func(scan func(...any) error) error {
		var row api.LedgerEntry
		var admittedAtMS, settledAtMS int64
		var tags string
		err := scan(&row.Seq, &row.ID, &row.Kind, &admittedAtMS, &settledAtMS, &row.RequestID,
			&row.TeamID, &row.KeyID, &row.UserID, &row.Model, &row.Upstream,
			&row.PromptTokens, &row.CachedTokens, &row.CompletionTokens, &row.Cost, &row.PriceVersion, &row.EndUser, &tags)
		if err != nil {
			return err
		}
		row.AdmittedAt, row.SettledAt = timeOf(admittedAtMS), timeOf(settledAtMS)
		if tags != "[]" {
			err = decode(tags, &row.Tags)
		}
		entries = append(entries, row)
		return err
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// LedgerSpend sums the cost of what was admitted from from on and before to, over the selection.
// A zero time does not bound.
func (s *Store) LedgerSpend(ctx context.Context, selection api.LedgerSelection, from, to time.Time) (spent money.Nano, err error) {
	_, err = s.one(ctx, "ledger_spend", selectionArgs(selection, from, to), &spent)
	return spent, err
}

// LedgerSpendBySlot is LedgerSpend apart for the slots that the rows were counted in, see [api.LedgerRow.Slot].
func (s *Store) LedgerSpendBySlot(ctx context.Context, selection api.LedgerSelection, from, to time.Time) (map[string]money.Nano, error) {
	spent := make(map[string]money.Nano)
	err := s.each(ctx, "ledger_spend_by_slot", selectionArgs(selection, from, to), func(scan func(...any) error) error {
		var row api.LedgerRow
		err := scan(&row.TeamID, &row.KeyID, &row.Cost)
		slot := row.Slot()
		if row.TeamID == "" && row.KeyID == "" {
			slot = "" // adjustments were counted in none
		}
		spent[slot] += row.Cost
		return err
	})
	return spent, err
}

func selectionArgs(selection api.LedgerSelection, from, to time.Time) args {
	values := spendArgs(from, to)
	values.givenIDs("team_ids", selection.TeamIDs)
	values.givenIDs("key_ids", selection.KeyIDs)
	values.givenIDs("user_ids", selection.UserIDs)
	values.givenIDs("models", selection.Models)
	values.given("scope", selection.Scope)
	return values
}
