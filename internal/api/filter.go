package api

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// Columns that lists of teams, keys, budgets and alert routes can be sorted by.
const (
	SortByID        = "id"
	SortByAlias     = "alias"
	SortByCreatedAt = "created_at"
	SortByUpdatedAt = "updated_at"
)

// SortColumns lists what [Page.SortBy] may be.
var SortColumns = []string{SortByID, SortByAlias, SortByCreatedAt, SortByUpdatedAt}

// Page is the part of a list that is wanted, and its order.
type Page struct {
	// Limit is the most rows to answer; zero is all of them.
	Limit int
	// Offset is how many rows to pass over first.
	Offset int
	// SortBy is one of [SortColumns]; empty is [SortByCreatedAt]. Equal rows are in the order of their ids.
	SortBy string
	// Desc turns the order around.
	Desc bool
	// After is the [Cursor] of the row that the part begins behind; empty begins at Offset.
	After string
}

// TeamFilter selects teams. An empty field does not restrict.
type TeamFilter struct {
	// IDs selects these teams; nil does not restrict, an empty list selects none.
	IDs []string
	// AliasContains selects by a part of the alias, upper and lower case being the same.
	AliasContains string
	Page
}

// KeyStatuses lists what [KeyFilter.Status] may be: keys that work, that were blocked, that have ended.
var KeyStatuses = []string{KeyActive, KeyBlocked, KeyExpired}

// Statuses of keys. A key that is blocked and has ended is both.
const (
	KeyActive  = "active"
	KeyBlocked = "blocked"
	KeyExpired = "expired"
)

// KeyFilter selects keys. An empty field does not restrict.
type KeyFilter struct {
	// IDs selects these keys; nil does not restrict, an empty list selects none.
	IDs []string
	// Alias selects by the whole alias, AliasContains by a part, upper and lower case being the same.
	Alias         string
	AliasContains string
	TeamID        string
	UserID        string
	// Status is one of [KeyStatuses].
	Status string
	// TeamIDs selects keys of these teams; nil does not restrict, an empty list selects none.
	TeamIDs []string
	Page
}

// BudgetFilter selects budgets. An empty field does not restrict.
type BudgetFilter struct {
	// IDs selects these budgets; nil does not restrict, an empty list selects none.
	IDs []string
	// Pots selects the budgets with a scope.
	Pots bool
	Page
}

// AlertRouteFilter selects alert routes. An empty field does not restrict.
type AlertRouteFilter struct {
	// IDs selects these routes; nil does not restrict, an empty list selects none.
	IDs []string
	// Name selects by the whole name.
	Name string
	Page
}

// ModelFilter selects models. An empty field does not restrict.
type ModelFilter struct {
	// IDs selects these models; nil does not restrict, an empty list selects none.
	IDs []string
	// Name selects by the whole name that clients ask for.
	Name string
	Page
}

// AlertDeliveryFilter selects deliveries, newest first. An empty field does not restrict.
type AlertDeliveryFilter struct {
	AlertRouteID string
	EventID      string
	// State is [DeliveryPending], [DeliverySent] or [DeliveryDead].
	State string
	// Limit is the most rows to answer, zero is all of them; Offset is how many to pass over first.
	Limit  int
	Offset int
}

// LedgerSelection is the spending that a budget covers: what every field selects together.
// A nil list does not restrict, an empty one selects nothing.
type LedgerSelection struct {
	TeamIDs []string
	KeyIDs  []string
	UserIDs []string
	Models  []string
	// OwnKeys leaves out the users' keys that do not count against their own budget, see [KeyOrigin].
	OwnKeys bool
	// Scope adds the adjustments of one budget's counter; "" adds none.
	Scope string
}

// Cursor is a place in a list: behind one row, in one order. Its text is for callers to hand back, not to read.
// A list that is read by cursors passes over no row and answers none twice, whatever is added or removed meanwhile.
type Cursor struct {
	// SortBy is one of [SortColumns].
	SortBy string `json:"s"`
	Desc   bool   `json:"d,omitempty"`
	// Text or MS is the row's value in the column; both are empty when the column is the id.
	Text string `json:"t,omitempty"`
	MS   int64  `json:"m,omitempty"`
	ID   string `json:"i"`
}

// CursorOf returns the place behind a row in the page's order.
func (p Page) CursorOf(id string, alias *string, record Record) string {
	cursor := Cursor{SortBy: p.Column(), Desc: p.Desc, ID: id}
	switch cursor.SortBy {
	case SortByAlias:
		if alias != nil {
			cursor.Text = strings.ToLower(*alias)
		}
	case SortByCreatedAt:
		cursor.MS = record.CreatedAt.UnixMilli()
	case SortByUpdatedAt:
		cursor.MS = record.UpdatedAt.UnixMilli()
	}
	return cursor.String()
}

// Column is what the page is sorted by.
func (p Page) Column() string {
	if p.SortBy == "" {
		return SortByCreatedAt
	}
	return p.SortBy
}

// String returns the cursor as callers see it.
func (c Cursor) String() string {
	text, err := json.Marshal(c)
	if err != nil {
		return "" // texts and numbers are always written
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// ParseCursor reads a cursor. The error is an [Invalid] one about the field cursor.
func ParseCursor(text string) (Cursor, error) {
	var cursor Cursor
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(data, &cursor)
	}
	if err != nil || cursor.ID == "" || cursor.SortBy == "" {
		return cursor, FieldErrorf("cursor", "is not one that a list has answered; leave it out to begin anew")
	}
	return cursor, nil
}
