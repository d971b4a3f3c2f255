package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store/dialect"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// WriterForTest is the database itself, for tests that do what the store never does.
func (s *Store) WriterForTest() *sql.DB { return s.db.Writer }

// LedgerPlansForTest says by which steps SQLite lists and counts the rows that a filter selects.
func (s *Store) LedgerPlansForTest(ctx context.Context, filter api.LedgerFilter) (steps []string, err error) {
	for _, name := range []string{"ledger_list", "ledger_count"} {
		values := ledgerArgs(filter)
		if err := s.viaIndex(ctx, values, countable); err != nil {
			return nil, err
		}
		if name == "ledger_list" {
			boundArgs(values, 50, 0)
		}
		text, bound, err := s.queries[name].Bind(dialect.Values(values))
		if err != nil {
			return nil, err
		}
		rows, err := s.db.Writer.QueryContext(ctx, "EXPLAIN QUERY PLAN "+text, bound...)
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
		if problem := auditProblem(last, &rows[i], s.keys.inUse.Load()); problem != "" {
			missed = append(missed, "none, and yet: "+problem)
		}
		for name, damage := range damages {
			row := rows[i]
			if damage(&row); auditProblem(last, &row, s.keys.inUse.Load()) == "" {
				missed = append(missed, fmt.Sprint(name, " of ", i))
			}
		}
		if i+1 < len(rows) && auditProblem(last, &rows[i+1], s.keys.inUse.Load()) == "" {
			missed = append(missed, fmt.Sprint(i, " left out"))
		}
	}
	return missed, err
}
