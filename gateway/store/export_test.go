package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// WriterForTest is the database itself, for tests that do what the store never does.
func (s *Store) WriterForTest() *sql.DB { return s.writer }

// VerifyAuditForTest is VerifyAudit of what a transaction sees.
func (s *Store) VerifyAuditForTest(ctx context.Context, begun *sql.Tx) (api.AuditCheck, error) {
	return s.verifyAudit(context.WithValue(ctx, txKey{}, &tx{store: s, sql: begun}))
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
	case "ids", "team_ids", "except_ids", "key_ids", "models":
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
