package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// WriterForTest is the database itself, for tests that do what the store never does.
func (s *Store) WriterForTest() *sql.DB { return s.writer }

// LedgerPlansForTest says by which steps SQLite lists and counts the rows that a filter selects.
func (s *Store) LedgerPlansForTest(ctx context.Context, filter api.LedgerFilter) (steps []string, err error) {
	for _, name := range []string{"ledger_list", "ledger_count"} {
		values := ledgerArgs(filter)
		boundArgs(values, 50, 0)
		text, bound, err := s.queries[name].bind(values)
		if err != nil {
			return nil, err
		}
		rows, err := s.writer.QueryContext(ctx, "EXPLAIN QUERY PLAN "+text, bound...)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				return nil, err
			}
			steps = append(steps, step)
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	return steps, nil
}

// VerifyAuditForTest is VerifyAudit of what a transaction sees.
func (s *Store) VerifyAuditForTest(ctx context.Context, begun *sql.Tx, known api.AuditMark) (api.AuditCheck, error) {
	return s.verifyAudit(context.WithValue(ctx, txKey{}, &tx{store: s, sql: begun}), known)
}

// DamageEachAuditForTest reads the log and says which damages to single rows, as they are read, would not be
// found: every column of every row altered, the row left out, and the row exchanged with the next.
func (s *Store) DamageEachAuditForTest(ctx context.Context) (missed []string, err error) {
	rows := []audit{{hash: make([]byte, 32)}}
	err = s.each(ctx, "audit_chain", args{}, func(scan func(...any) error) error {
		var row audit
		err := scan(row.targets()...)
		rows = append(rows, row)
		return err
	})
	other := "other"
	damages := map[string]func(*audit){
		"seq": func(a *audit) { a.seq++ }, "at": func(a *audit) { a.atMS-- }, "actor": func(a *audit) { a.actor += " " },
		"address": func(a *audit) { a.address = "" }, "reason": func(a *audit) { a.reason = a.actor },
		"request": func(a *audit) { a.requestID = "" }, "agent": func(a *audit) { a.userAgent = "" },
		"action": func(a *audit) { a.action = "team.delete" }, "object": func(a *audit) { a.objectID += "x" },
		"before": func(a *audit) { a.before = &other }, "after": func(a *audit) { a.after = nil },
		"previous": func(a *audit) { a.prevHash = a.hash }, "hash": func(a *audit) { a.hash = a.prevHash },
	}
	for i := 1; i < len(rows); i++ {
		last := auditHead{seq: rows[i-1].seq, hash: rows[i-1].hash}
		if problem := s.auditProblem(last, &rows[i]); problem != "" {
			missed = append(missed, "none, and yet: "+problem)
		}
		for name, damage := range damages {
			row := rows[i]
			if damage(&row); s.auditProblem(last, &row) == "" {
				missed = append(missed, fmt.Sprint(name, " of ", i))
			}
		}
		if i+1 < len(rows) && s.auditProblem(last, &rows[i+1]) == "" {
			missed = append(missed, fmt.Sprint(i, " left out"))
		}
	}
	return missed, err
}

// QueryNamesForTest lists all queries.
func (s *Store) QueryNamesForTest() []string { return slices.Sorted(maps.Keys(s.queries)) }

// PrepareForTest has the database parse a query in each of its forms: with none and with all of its
// optional lines, and in each order.
func (s *Store) PrepareForTest(ctx context.Context, name string) error {
	q := s.queries[name]
	optional, orders := q.conditionsForTest()
	if len(orders) == 0 {
		orders = []string{""}
	}
	var failures []error
	for _, order := range orders {
		for _, given := range [][]string{{order}, append(slices.Clone(optional), order)} {
			failures = append(failures, s.prepareForm(ctx, q, given))
		}
	}
	return errors.Join(failures...)
}

func (q query) conditionsForTest() (optional, orders []string) {
	for _, line := range q.lines {
		switch {
		case line.condition == "":
		case strings.HasPrefix(line.condition, "by_"), strings.HasSuffix(line.condition, "_first"):
			orders = append(orders, line.condition)
		default:
			optional = append(optional, line.condition)
		}
	}
	return optional, orders
}

func (s *Store) prepareForm(ctx context.Context, q query, conditions []string) error {
	values := args{}
	for _, condition := range conditions {
		values[condition] = true
	}
	for _, line := range q.lines {
		if _, given := values[line.condition]; line.condition != "" && !given {
			continue
		}
		for _, part := range line.parts {
			if part.placeholder {
				values[part.text] = q.sampleForTest(part.text)
			}
		}
	}
	text, _, err := q.bind(values)
	if err != nil {
		return err
	}
	statement, err := s.writer.PrepareContext(ctx, text)
	if err != nil {
		return fmt.Errorf("query %s: %w\n%s", q.name, err, text)
	}
	defer statement.Close()
	return nil
}

func (q query) sampleForTest(placeholder string) any {
	switch placeholder {
	case "ids", "team_ids", "except_ids", "key_ids", "models", "user_ids":
		return []string{"a", "b"}
	case "rows":
		text := ""
		for _, line := range q.lines {
			text += line.parts[0].text
		}
		columns := strings.Count(text[:strings.Index(text, "VALUES")], ",") + 1
		return [][]any{make([]any, columns), make([]any, columns)}
	default:
		return "a"
	}
}

// AppendLineForTest adds a row as a line of the ledger's journal.
func AppendLineForTest(to []byte, row api.LedgerRow) []byte { return appendLine(to, &row) }

// NoRowsWaitForTest lets the time pass in which rows that wait would have been tried again.
func (s *Store) NoRowsWaitForTest() { s.writable.patience = 0 }

// TearJournalForTest lets the next writes to the journal end halfway, and shortening it fail as often.
func (s *Store) TearJournalForTest(writes, truncates int) {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	full := &fullDisk{writes: writes, truncates: truncates}
	for i, file := range s.journal.files { // which of them is written to next is not for the test to know
		s.journal.files[i] = tearing{file, full}
	}
}

// fullDisk is how many writes fail on a disk that is full for a while, and how many attempts to shorten a file.
type fullDisk struct{ writes, truncates int }

// tearing is a file on such a disk.
type tearing struct {
	journalFile
	*fullDisk
}

func (f tearing) Write(line []byte) (int, error) {
	if f.writes == 0 {
		return f.journalFile.Write(line)
	}
	f.writes--
	n, err := f.journalFile.Write(line[:len(line)/2])
	return n, errors.Join(err, syscall.ENOSPC)
}

func (f tearing) Truncate(size int64) error {
	if f.truncates == 0 {
		return f.journalFile.Truncate(size)
	}
	f.truncates--
	return syscall.EIO
}
