package api

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

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
