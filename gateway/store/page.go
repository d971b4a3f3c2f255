package store

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// seekFrom is the offset from which on a page's edge is looked up in the index alone: passing over
// whole rows takes longer than the second query.
const seekFrom = 1000

// list reads a page of the query NAME_list, and says how many rows there are without the page.
func list[T any](ctx context.Context, s *Store, name string, values args, page api.Page, read func(scan func(...any) error) (T, error)) (objects []T, total int, err error) {
	if total, err = s.count(ctx, name, values); err != nil {
		return nil, 0, err
	}
	if err := s.pageArgs(ctx, name, values, page, total); err != nil {
		return nil, 0, err
	}
	objects = []T{}
	err = s.each(ctx, name+"_list", values, func(scan func(...any) error) error {
		object, err := read(scan)
		objects = append(objects, object)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	return objects, total, nil
}

// tallies are the numbers of rows that are kept, as counting a million takes up to a second: by noun and the
// one condition that a list may have.
var tallies = map[string]map[string]string{
	"team": {},
	"key":  {"team_id": "key/team/", "user_id": "key/user/"},
}

// count returns how many rows the conditions select.
func (s *Store) count(ctx context.Context, name string, values args) (total int, err error) {
	if tally, kept := tallyOf(name, values); kept {
		_, err = s.one(ctx, "tally_get", args{"name": tally}, &total)
		return total, err
	}
	_, err = s.one(ctx, name+"_count", values, &total)
	return total, err
}

func tallyOf(name string, values args) (tally string, kept bool) {
	prefixes, kept := tallies[name]
	if !kept || len(values) > 1 {
		return "", false
	}
	for condition, value := range values {
		id, isText := value.(string)
		prefix, known := prefixes[condition]
		return prefix + id, known && isText
	}
	return name, true
}

// pageArgs adds a page's bounds and the lines that sort it and say where it begins, such as by_alias_desc
// and after_alias_desc.
func (s *Store) pageArgs(ctx context.Context, name string, values args, page api.Page, total int) error {
	column := page.Column()
	if !slices.Contains(api.SortColumns, column) {
		return api.FieldErrorf("sort_by", "%q is not a column to sort by; known are %s",
			column, strings.Join(api.SortColumns, ", "))
	}
	if page.After != "" {
		cursor, err := api.ParseCursor(page.After)
		if err != nil {
			return err
		}
		if cursor.SortBy != column || cursor.Desc != page.Desc {
			return api.FieldErrorf("cursor", "is of a list in another order; keep sort_by and sort_order, or begin anew")
		}
		page.Offset = 0
		after(values, page, edge{id: cursor.ID, text: cursor.Text, ms: cursor.MS})
	} else if _, seekable := s.queries[name+"_edge"]; seekable && page.Offset >= seekFrom {
		if err := s.seek(ctx, name, values, &page, total); err != nil {
			return err
		}
	}
	values[order(column, page.Desc)] = true
	boundArgs(values, page.Limit, page.Offset)
	return nil
}

func order(column string, desc bool) string {
	if desc {
		return "by_" + column + "_desc"
	}
	return "by_" + column
}

// edge is the row that a page begins behind: its id, and its value in the column that the list is sorted by.
type edge struct {
	id   string
	text string
	ms   int64
}

// after makes a list begin behind the edge.
func after(values args, page api.Page, e edge) {
	values["after"+strings.TrimPrefix(order(page.Column(), page.Desc), "by")] = true
	values["edge_id"], values["edge_text"], values["edge_ms"] = e.id, e.text, e.ms
}

// seek replaces an offset by the edge it leads to, which it looks for from the nearer end.
func (s *Store) seek(ctx context.Context, name string, values args, page *api.Page, total int) error {
	if page.Offset >= total {
		return nil // nothing is there, or what came since the count: few rows to pass over
	}
	passed, desc := page.Offset-1, page.Desc
	if behind := total - page.Offset; behind < passed {
		passed, desc = behind, !desc
	}
	query := maps.Clone(values)
	query[order(page.Column(), desc)] = true
	boundArgs(query, 1, passed)
	var e edge
	value := any(&e.text)
	if column := page.Column(); column == api.SortByCreatedAt || column == api.SortByUpdatedAt {
		value = &e.ms
	}
	found, err := s.one(ctx, name+"_edge", query, &e.id, value)
	if err != nil || !found {
		return err
	}
	page.Offset = 0
	after(values, *page, e)
	return nil
}
