package api

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// LedgerFilter selects ledger rows, newest first. An empty field does not restrict.
type LedgerFilter struct {
	TeamID  string
	KeyID   string
	UserID  string
	EndUser string
	Model   string
	// RequestID is that of the caller's request, or the row's own id.
	RequestID string
	Kind      string
	// MinCost and MaxCost bound the cost, both included; nil does not.
	MinCost *money.Nano
	MaxCost *money.Nano
	// From and To bound AdmittedAt: from From on, before To.
	From time.Time
	To   time.Time
	// Limit is the most rows to answer, zero is all of them; Offset is how many to pass over first.
	Limit  int
	Offset int
	// After goes on behind a row that was answered before; nil starts with the newest. Unlike an
	// offset it costs the same however far the row is.
	After *LedgerCursor
}

// Rows are counted so far: millions take seconds, and nobody turns that many pages. Where one condition selects them an
// index alone is counted; of several the others may have to be looked up row by row, of which most may not meet them.
const (
	maxCounted          = 100_000
	maxCountedOfSeveral = 10_000
)

// Countable is how far the rows that the filter selects are counted, and how far pages of them can be turned by number.
func (f LedgerFilter) Countable() int {
	conditions := 0
	for _, given := range []bool{
		f.TeamID != "", f.KeyID != "", f.UserID != "", f.EndUser != "", f.Model != "", f.Kind != "", f.MinCost != nil || f.MaxCost != nil,
	} {
		if given {
			conditions++
		}
	}
	if conditions > 1 {
		return maxCountedOfSeveral
	}
	return maxCounted
}

// LedgerCursor is a row's place among rows that are sorted newest first.
type LedgerCursor struct {
	AdmittedAt time.Time
	ID         string
}

// Cursor returns the row's place.
func (r LedgerRow) Cursor() *LedgerCursor {
	return &LedgerCursor{AdmittedAt: r.AdmittedAt, ID: r.ID}
}
