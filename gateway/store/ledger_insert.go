package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// insertLedger returns the rows that were not there yet. It takes the rows, sorted by their ids, for its own.
func (s *Store) insertLedger(ctx context.Context, rows []api.LedgerRow) (fresh []api.LedgerRow, err error) {
	if rows, err = s.withoutGone(ctx, rows); err != nil {
		return nil, err
	}
	clean, values := rows[:0], make([][]any, 0, len(rows))
	for _, row := range rows {
		if n := len(clean); n > 0 && clean[n-1].ID == row.ID {
			continue
		}
		row = readable(row)
		bound, err := ledgerValues(row)
		if err != nil {
			return nil, err
		}
		clean, values = append(clean, row), append(values, bound)
	}
	if s.db.Kind == SQLite {
		return s.insertSQLite(ctx, clean, values)
	}
	byID := make(map[string]api.LedgerRow, len(clean))
	for _, row := range clean {
		byID[row.ID] = row
	}
	err = inBatches(values, func(batch [][]any) error {
		return s.eachWritten(ctx, "ledger_insert", args{"rows": batch}, func(scan func(...any) error) error {
			var id string
			err := scan(&id)
			fresh = append(fresh, byID[id])
			return err
		})
	})
	return fresh, err
}

// insertSQLite is insertLedger for SQLite, which computes as long for returning a row as for half of writing
// it: rows are counted, and looked for only when some were there already.
func (s *Store) insertSQLite(ctx context.Context, rows []api.LedgerRow, values [][]any) (fresh []api.LedgerRow, err error) {
	var lastSeq, inserted int64
	if _, err := s.one(ctx, "ledger_end", args{}, &lastSeq); err != nil {
		return nil, err
	}
	inserts := &ledgerInserts{store: s, prepared: map[int]*sql.Stmt{}}
	defer func() { err = errors.Join(err, inserts.close()) }()
	err = inBatches(values, func(batch [][]any) error {
		n, err := inserts.write(ctx, batch)
		inserted += n
		return err
	})
	if err != nil || inserted == int64(len(rows)) {
		return rows, err
	}
	written := map[string]bool{}
	err = s.each(ctx, "ledger_ids_after", args{"after_seq": lastSeq}, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		written[id] = true
		return err
	})
	return slices.DeleteFunc(rows, func(row api.LedgerRow) bool { return !written[row.ID] }), err
}

// ledgerInserts are the prepared statements of one transaction, by how many rows they write.
type ledgerInserts struct {
	store    *Store
	prepared map[int]*sql.Stmt
	bound    []any
}

// write inserts the rows that are not there yet and counts them.
func (l *ledgerInserts) write(ctx context.Context, batch [][]any) (inserted int64, err error) {
	insert := l.prepared[len(batch)]
	if insert == nil {
		if insert, err = l.prepare(ctx, batch); err != nil {
			return 0, err
		}
		l.prepared[len(batch)] = insert
	}
	l.bound = l.bound[:0]
	for _, row := range batch {
		l.bound = append(l.bound, row...)
	}
	result, err := insert.ExecContext(ctx, l.bound...)
	if err == nil {
		inserted, err = result.RowsAffected()
	}
	if err != nil {
		return 0, l.store.explain("ledger_insert", err)
	}
	return inserted, nil
}

func (l *ledgerInserts) prepare(ctx context.Context, batch [][]any) (*sql.Stmt, error) {
	transaction := l.store.joined(ctx).sql
	if kept := l.store.inserts[len(batch)]; kept != nil {
		return transaction.StmtContext(ctx, kept), nil
	}
	text, _, err := l.store.bind("ledger_insert", args{"rows": batch})
	if err != nil {
		return nil, err
	}
	insert, err := transaction.PrepareContext(ctx, text)
	if err != nil {
		return nil, l.store.explain("ledger_insert", err)
	}
	return insert, nil
}

func (l *ledgerInserts) close() error {
	var failures []error
	for _, insert := range l.prepared {
		failures = append(failures, insert.Close())
	}
	return errors.Join(failures...)
}

// prepareInserts keeps the statements that write rows prepared on the connection that writes. A journal is moved every second
// or more often, and reading these statements takes as long as writing as many rows as they are for.
func (s *Store) prepareInserts(ctx context.Context) error {
	row, err := ledgerValues(api.LedgerRow{})
	if err != nil {
		return err
	}
	inserts := map[int]*sql.Stmt{}
	for _, size := range batchSizes {
		text, _, err := s.bind("ledger_insert", args{"rows": slices.Repeat([][]any{row}, size)})
		if err != nil {
			return err
		}
		insert, err := s.db.Writer.PrepareContext(ctx, text) //nolint:sqlclosecheck // it ends with its connection
		if err != nil {
			return s.explain("ledger_insert", err)
		}
		inserts[size] = insert
	}
	s.inserts = inserts
	return nil
}

// batchSizes are those that rows are written in.
var batchSizes = []int{insertRows, insertRows / 4, insertRows / 16, 1}

// inBatches calls insert with the rows in batches of a few fixed sizes, so that databases
// have few statements to remember.
func inBatches(rows [][]any, insert func(batch [][]any) error) error {
	for _, size := range batchSizes {
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
	tags := "[]"
	if len(row.Tags) > 0 {
		var err error
		if tags, err = encode(api.StringList(row.Tags)); err != nil {
			return nil, err
		}
	}
	return []any{
		row.ID, row.Kind, row.AdmittedAt.UnixMilli(), row.SettledAt.UnixMilli(), row.RequestID,
		row.TeamID, row.KeyID, row.UserID, row.Model, row.Upstream,
		row.PromptTokens, row.CachedTokens, row.CompletionTokens, int64(row.Cost), row.PriceVersion,
		row.EndUser, tags, max(row.Calls, 1),
		row.ReservedTokens, int64(row.ReservedCost), row.SparableTokens, int64(row.SparableCost), row.UncountedTokens,
		row.AdmittedAt.UnixMicro() % 1000, row.SettledAt.UnixMicro() % 1000,
	}, nil
}

// tables are where the journal's rows go.
type tables struct{ store *Store }

// Take writes rows past the journal.
func (t tables) Take(ctx context.Context, rows []api.LedgerRow) error {
	return t.store.appendLedger(ctx, rows, nil)
}

// eachBooked is each for queries of the ledger's rows and their sums: it sees what was appended before.
func (s *Store) eachBooked(ctx context.Context, name string, values args, row func(scan func(...any) error) error) error {
	if err := s.awaitJournal(ctx); err != nil {
		return err
	}
	return s.each(ctx, name, values, row)
}

// oneBooked is one for queries of the ledger's rows and their sums.
func (s *Store) oneBooked(ctx context.Context, name string, values args, targets ...any) (found bool, err error) {
	if err := s.awaitJournal(ctx); err != nil {
		return false, err
	}
	return s.one(ctx, name, values, targets...)
}

// awaitJournal waits for the rows that were appended before. Who is in a transaction cannot wait: the journal needs the writer that
// it holds.
func (s *Store) awaitJournal(ctx context.Context) error {
	if s.journal == nil || s.joined(ctx) != nil {
		return nil
	}
	if err := s.journal.Await(ctx); err != nil {
		return unavailable(err)
	}
	return nil
}
