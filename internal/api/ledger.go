package api

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Kinds of ledger rows.
const (
	// LedgerSettle is the actual cost of a finished request.
	LedgerSettle = "settle"
	// LedgerEstimate is the cost of a request whose gateway died, from its last checkpoint.
	LedgerEstimate = "estimate"
	// LedgerCorrection is the difference of an estimate to the actual cost that became known later.
	LedgerCorrection = "correction"
	// LedgerAdjust is a change of spend by an administrator.
	LedgerAdjust = "adjust"
	// LedgerVoid is a request that cost nothing because the upstream refused it, or several that reached none.
	LedgerVoid = "void"
)

// LedgerRow is one entry of the append-only ledger: what one attempt at a request cost whom.
type LedgerRow struct {
	// ID is the reservation's id, unique for ever.
	ID   string `json:"id"`
	Kind string `json:"kind"`
	// AdmittedAt is when the request was admitted, by the clock of the counters; it decides the period.
	AdmittedAt time.Time `json:"admitted_at"`
	SettledAt  time.Time `json:"settled_at"`
	RequestID  string    `json:"request_id"`
	TeamID     string    `json:"team_id"`
	KeyID      string    `json:"key_id"`
	UserID     string    `json:"user_id"`
	// Model is the name the client asked for, Upstream where it went.
	Model            string     `json:"model"`
	Upstream         string     `json:"upstream"`
	PromptTokens     int64      `json:"prompt_tokens"`
	CachedTokens     int64      `json:"cached_tokens"`
	CompletionTokens int64      `json:"completion_tokens"`
	Cost             money.Nano `json:"cost_usd"`
	// PriceVersion names the price that was applied.
	PriceVersion string `json:"price_version"`
	// EndUser and Tags are what the caller says the request was for; nothing is decided by them.
	EndUser string   `json:"end_user,omitempty"`
	Tags    []string `json:"tags,omitempty"`
	// Calls is how many requests the row stands for, 0 when it is one. Requests that never reached a provider cost nothing
	// and are summed; RequestID is then the first one's.
	Calls int64 `json:"calls,omitempty"`
	// ReservedTokens and ReservedCost are what the call held from its admission to its settlement: by them it was decided.
	// Rows of earlier releases, crashes and corrections have neither.
	ReservedTokens int64      `json:"reserved_tokens,omitempty"`
	ReservedCost   money.Nano `json:"reserved_cost_usd,omitempty"`
	// SparableTokens and SparableCost are the part of that which tighter limits would have taken off the call instead of
	// refusing it: its client had set no output cap.
	SparableTokens int64      `json:"sparable_tokens,omitempty"`
	SparableCost   money.Nano `json:"sparable_cost_usd,omitempty"`
	// UncountedTokens is the part of the tokens that limits per minute did not count, such as what a provider had cached.
	UncountedTokens int64 `json:"uncounted_tokens,omitempty"`
}

// LedgerEntry is a row as it stands in the record.
type LedgerEntry struct {
	// Seq numbers the rows of the record in the order they were written, with gaps.
	Seq int64 `json:"seq"`
	LedgerRow
}

// TotalTokens is the sum of prompt and completion tokens.
func (r LedgerRow) TotalTokens() int64 { return r.PromptTokens + r.CompletionTokens }

// Slot names the group of counters that the row's request was counted in: its team's, or its own key's.
func (r LedgerRow) Slot() string {
	if r.TeamID != "" {
		return r.TeamID
	}
	return KeySlot(r.KeyID)
}

// KeySlot names the counters of a key without a team. It starts with what no team id can start with.
func KeySlot(keyID string) string { return "#" + keyID }

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

// LedgerDeletion is what the audit log has of rows that were deleted.
type LedgerDeletion struct {
	Rows int64 `json:"rows"`
	// OldestAt is when the oldest of them was admitted; all others were before Before.
	OldestAt time.Time `json:"oldest_at"`
	Before   time.Time `json:"before"`
	// Archive is the file that has them, "" for none, and ArchiveSHA256 its SHA-256 in hexadecimal digits.
	Archive       string `json:"archive"`
	ArchiveSHA256 string `json:"archive_sha256,omitempty"`
}
