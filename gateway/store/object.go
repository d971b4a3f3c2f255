package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store/dialect"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// args are the values of a query's placeholders and conditions; see [dialect.Values].
type args dialect.Values

// object is what the tables of all nouns have in common: the noun's own fields as a JSON document,
// and what the gateway keeps about it in columns of their own.
type object struct {
	id          string
	declaredIn  string
	revision    int64
	createdAtMS int64
	createdBy   string
	updatedAtMS int64
	updatedBy   string
	document    string
}

// targets are the columns in the order that every query on a noun selects them in, then the noun's own.
func (o *object) targets(more ...any) []any {
	return append([]any{
		&o.id, &o.declaredIn, &o.revision, &o.createdAtMS, &o.createdBy,
		&o.updatedAtMS, &o.updatedBy, &o.document,
	}, more...)
}

func (o *object) record() api.Record {
	record := api.Record{
		Revision:  o.revision,
		CreatedAt: timeOf(o.createdAtMS), CreatedBy: o.createdBy,
		UpdatedAt: timeOf(o.updatedAtMS), UpdatedBy: o.updatedBy,
	}
	if kept := (managed{}); strings.Contains(o.document, managedField) && json.Unmarshal([]byte(o.document), &kept) == nil {
		record.ManagedBy, record.BlockedAtOnce = kept.ManagedBy, kept.BlockedAtOnce
	}
	return record
}

// managed is what a document has besides the noun's own fields when the object is of a configuration. No noun has fields
// of these names.
type managed struct {
	ManagedBy     *api.ManagedBy     `json:"managed_by"`
	BlockedAtOnce *api.BlockedAtOnce `json:"blocked_at_once,omitempty"`
}

const managedField = `"managed_by":`

// withManaged adds to an object's document by what it is managed.
func withManaged(document string, record api.Record) (string, error) {
	if record.ManagedBy == nil {
		return document, nil
	}
	beside, err := encode(managed{record.ManagedBy, record.BlockedAtOnce})
	if err != nil {
		return "", err
	}
	fields := strings.TrimSuffix(document, "}")
	if fields != "{" {
		fields += ","
	}
	return fields + strings.TrimPrefix(beside, "{"), nil
}

// objectArgs are the values of the columns that every noun has, with its fields as the document.
func objectArgs(id, declaredIn string, record api.Record, fields any) (args, error) {
	document, err := encode(fields)
	if err != nil {
		return nil, err
	}
	if document, err = withManaged(document, record); err != nil {
		return nil, err
	}
	return args{
		"id": id, "declared_in": declaredIn, "revision": record.Revision,
		"created_at_ms": record.CreatedAt.UnixMilli(), "created_by": record.CreatedBy,
		"updated_at_ms": record.UpdatedAt.UnixMilli(), "updated_by": record.UpdatedBy,
		"document": document,
	}, nil
}

// newRecord is what is kept about an object that is being made.
func (s *Store) newRecord(change api.Change) api.Record {
	now := timeOf(s.nowMS())
	return api.Record{Revision: 1, CreatedAt: now, CreatedBy: change.Actor, UpdatedAt: now, UpdatedBy: change.Actor, ManagedBy: change.ManagedBy}
}

// nextRecord is what is kept about an object that is being changed. If ifRevision is not zero
// and not the object's revision, somebody else was first: an [api.Stale] error says who and when.
func (s *Store) nextRecord(change api.Change, noun, id string, now api.Record, ifRevision int64) (api.Record, error) {
	if ifRevision != 0 && ifRevision != now.Revision {
		return api.Record{}, api.Errorf(api.Stale, "%s %q was changed by %s at %s (revision %d, yours was %d)",
			noun, id, now.UpdatedBy, now.UpdatedAt.Format(time.RFC3339), now.Revision, ifRevision)
	}
	next := now
	next.Revision++
	next.UpdatedAt, next.UpdatedBy = timeOf(s.nowMS()), change.Actor
	switch {
	case change.Released:
		next.ManagedBy, next.BlockedAtOnce = nil, nil
	case change.ManagedBy != nil:
		next.ManagedBy = change.ManagedBy
	}
	return next, nil
}

// encode writes JSON without escaping <, > and &.
func encode(value any) (string, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", fmt.Errorf("encode: %w", err)
	}
	return strings.TrimSuffix(text.String(), "\n"), nil
}

func decode(document string, fields any) error {
	if err := json.Unmarshal([]byte(document), fields); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	return nil
}

// boundArgs adds which rows are wanted; a limit of zero is all of them.
func boundArgs(values args, limit, offset int) {
	values.limit(limit)
	values["offset"] = int64(max(offset, 0))
}

// limit adds how many rows are wanted; zero is all of them.
func (a args) limit(limit int) {
	a["limit"] = int64(limit)
	if limit <= 0 {
		a["limit"] = int64(math.MaxInt64)
	}
}

// given adds a value unless it is empty.
func (a args) given(name, value string) {
	if value != "" {
		a[name] = value
	}
}

// givenIDs adds a list unless it is nil.
func (a args) givenIDs(name string, ids []string) {
	if ids != nil {
		a[name] = ids
	}
}

// givenPart adds a pattern for LIKE … ESCAPE '\' that matches what contains text, in lower case.
func (a args) givenPart(name, text string) {
	if text != "" {
		a[name] = "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(text)) + "%"
	}
}

// givenTimes adds the bounds of a time that are not zero, in milliseconds.
func (a args) givenTimes(from, to time.Time) {
	if !from.IsZero() {
		a["from_ms"] = from.UnixMilli()
	}
	if !to.IsZero() {
		a["to_ms"] = to.UnixMilli()
	}
}

func lower(text *string) string {
	if text == nil {
		return ""
	}
	return strings.ToLower(*text)
}

// texts reads a query of one text column.
func (s *Store) texts(ctx context.Context, query string, values args) ([]string, error) {
	texts := []string{}
	err := s.each(ctx, query, values, func(scan func(...any) error) error {
		var text string
		err := scan(&text)
		texts = append(texts, text)
		return err
	})
	return texts, err
}

// distinct leaves out what was there before, keeping the order.
func distinct(ids []string) []string {
	seen := make(map[string]bool, len(ids))
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		again := seen[id]
		seen[id] = true
		return again
	})
}
