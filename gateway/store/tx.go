package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store/dialect"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// txKey is where a context carries the transaction that calls with it join.
type txKey struct{}

// tx is one transaction. audits are the rows it adds to the audit log when it commits.
type tx struct {
	store  *Store
	sql    *sql.Tx
	audits []audit
	// rearmed are the scopes whose caps it touched.
	rearmed []rearmed
	// changing: it holds the audit head.
	changing bool
	// key is the secret key that a change is written with.
	key *secretKey
	// failed is the first error inside; a transaction that had one is never committed.
	failed error
}

// runner is what *sql.DB and *sql.Tx have in common.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func (s *Store) joined(ctx context.Context) *tx {
	if t, ok := ctx.Value(txKey{}).(*tx); ok && t.store == s {
		return t
	}
	return nil
}

// change runs one audited change, one at a time over all gateways: it locks the head of the audit
// chain first, so that what it reads stays as it is until it commits. Inside another change it joins that.
func (s *Store) change(ctx context.Context, do func(ctx context.Context, t *tx) error) error {
	if t := s.joined(ctx); t != nil {
		if !t.changing {
			return errors.New("change inside a transaction that does not hold the audit head")
		}
		return t.run(ctx, do)
	}
	select {
	case s.changing <- struct{}{}:
		defer func() { <-s.changing }()
	case <-ctx.Done():
		return unavailable(fmt.Errorf("wait for the change before: %w", ctx.Err()))
	}
	return s.transact(ctx, func(ctx context.Context, t *tx) error {
		t.changing = true
		head, err := s.lockAuditHead(ctx)
		if err != nil {
			return err
		}
		if t.key, err = s.keys.current(head.secretKeyID); err != nil {
			return err
		}
		if err := do(ctx, t); err != nil {
			return err
		}
		if err := s.appendAudits(ctx, head, t.key, t.audits); err != nil {
			return err
		}
		return s.tellOfChanges(ctx, t)
	})
}

// Together makes one change of all that do changes with its context: all of it is kept, or none when do fails.
// An error of any call in it undoes the whole.
func (s *Store) Together(ctx context.Context, do func(ctx context.Context) error) error {
	return s.change(ctx, func(ctx context.Context, _ *tx) error { return do(ctx) })
}

// transact runs do in a transaction; calls with do's context are part of it.
func (s *Store) transact(ctx context.Context, do func(ctx context.Context, t *tx) error) error {
	if t := s.joined(ctx); t != nil {
		return t.run(ctx, do)
	}
	begun, err := s.db.Writer.BeginTx(ctx, nil)
	if err != nil {
		return s.explain("begin transaction", err)
	}
	t := &tx{store: s, sql: begun}
	if err := t.run(context.WithValue(ctx, txKey{}, t), do); err != nil {
		if undone := begun.Rollback(); undone != nil && !errors.Is(undone, sql.ErrTxDone) {
			return errors.Join(err, fmt.Errorf("roll back: %w", undone))
		}
		return err
	}
	if err := begun.Commit(); err != nil {
		return s.explain("commit", err)
	}
	return nil
}

func (t *tx) run(ctx context.Context, do func(ctx context.Context, t *tx) error) error {
	err := do(ctx, t)
	if err == nil {
		err = t.failed
	}
	if t.failed == nil {
		t.failed = err
	}
	return err
}

// exec runs a statement in the context's transaction, else by itself, and counts the rows it changed.
func (s *Store) exec(ctx context.Context, name string, values args) (int64, error) {
	text, bound, err := s.bind(name, values)
	if err != nil {
		return 0, err
	}
	result, err := s.runner(ctx, s.db.Writer).ExecContext(ctx, text, bound...)
	if err != nil {
		return 0, s.explain(name, err)
	}
	changed, err := result.RowsAffected()
	if err != nil {
		return 0, s.explain(name, err)
	}
	return changed, nil
}

// one reads a single row into targets and says whether there was one.
func (s *Store) one(ctx context.Context, name string, values args, targets ...any) (found bool, err error) {
	err = s.each(ctx, name, values, func(scan func(...any) error) error {
		found = true
		return scan(targets...)
	})
	return found, err
}

// each calls row for every row of a query, in the context's transaction, else on the readers.
func (s *Store) each(ctx context.Context, name string, values args, row func(scan func(...any) error) error) error {
	return s.rows(ctx, s.db.Reader, name, values, row)
}

// eachWritten is each for statements that write and return rows.
func (s *Store) eachWritten(ctx context.Context, name string, values args, row func(scan func(...any) error) error) error {
	return s.rows(ctx, s.db.Writer, name, values, row)
}

func (s *Store) rows(ctx context.Context, db *sql.DB, name string, values args, row func(scan func(...any) error) error) error {
	text, bound, err := s.bind(name, values)
	if err != nil {
		return err
	}
	rows, err := s.runner(ctx, db).QueryContext(ctx, text, bound...)
	if err != nil {
		return s.explain(name, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return s.explain(name, err)
		}
	}
	if err := rows.Err(); err != nil {
		return s.explain(name, err)
	}
	return nil
}

func (s *Store) bind(name string, values args) (string, []any, error) {
	q, known := s.queries[name]
	if !known {
		return "", nil, fmt.Errorf("there is no query %s", name)
	}
	text, bound, err := q.Bind(dialect.Values(values))
	if err != nil {
		return "", nil, err
	}
	for _, value := range bound {
		if given, ok := value.(*string); ok && given != nil {
			value = *given
		}
		if given, ok := value.(string); ok && given != storable(given) {
			return "", nil, api.Errorf(api.Invalid, "a text holds characters that cannot be stored: NUL, or bytes that are not UTF-8")
		}
	}
	return text, bound, nil
}

// storable replaces what PostgreSQL cannot hold in a text. It is for texts that must not keep what
// they belong to from being stored; others are refused, on both databases.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

func (s *Store) runner(ctx context.Context, db *sql.DB) runner {
	if t := s.joined(ctx); t != nil {
		return t.sql
	}
	return db
}

// explain turns an error of the database into one that callers can decide on:
// an unreachable database is an [api.StoreUnavailable].
func (s *Store) explain(doing string, err error) error {
	var known *api.Error
	switch {
	case errors.As(err, &known), errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", doing, err)
	case s.db.Unreachable(err):
		return unavailable(fmt.Errorf("%s: %w", doing, err))
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}
