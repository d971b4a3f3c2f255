package quotatest

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Everything is the scope of a pot that all rows of a [Record] count for.
const Everything quota.Scope = "budget:everything"

// Record is a ledger in memory: it keeps the first row and the first crossing of every id.
type Record struct {
	mu      sync.Mutex
	rows    []api.LedgerRow
	crossed []quota.Crossing
	rowIDs  map[string]bool
	told    map[string]bool
	again   int
	down    bool
	asked   int
}

// NewRecord returns an empty ledger.
func NewRecord() *Record {
	return &Record{rowIDs: make(map[string]bool), told: make(map[string]bool)}
}

// ErrRecordDown is what the record answers while it is down.
var ErrRecordDown = errors.New("record is down")

// SetDown makes every call fail, or stops that.
func (r *Record) SetDown(down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = down
}

// Append implements [quota.Record].
func (r *Record) Append(_ context.Context, entries []quota.Entry) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.down {
		return ErrRecordDown
	}
	for _, entry := range entries {
		r.appendLocked(entry)
	}
	return nil
}

func (r *Record) appendLocked(entry quota.Entry) {
	if entry.Row != nil {
		if r.rowIDs[entry.Row.ID] {
			r.again++
		} else {
			r.rowIDs[entry.Row.ID] = true
			r.rows = append(r.rows, *entry.Row)
		}
	}
	for _, crossing := range entry.Crossings {
		if id := crossing.ID(); !r.told[id] {
			r.told[id] = true
			r.crossed = append(r.crossed, crossing)
		}
	}
}

// Spend implements [quota.Record] for the scopes "team:…", "key:…" and [Everything].
func (r *Record) Spend(_ context.Context, scope quota.Scope, period quota.Period) (money.Nano, error) {
	var sum money.Nano
	bySlot, err := r.sums(scope, period)
	for _, spent := range bySlot {
		sum += spent
	}
	return sum, err
}

// SpendBySlot implements [quota.Record]; a row's slot is its team.
func (r *Record) SpendBySlot(_ context.Context, scope quota.Scope, period quota.Period) (map[string]money.Nano, error) {
	return r.sums(scope, period)
}

func (r *Record) sums(scope quota.Scope, period quota.Period) (map[string]money.Nano, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.down {
		return nil, ErrRecordDown
	}
	r.asked++
	bySlot := make(map[string]money.Nano)
	for _, row := range r.rows {
		counts := scope == Everything || string(scope) == "team:"+row.TeamID || string(scope) == "key:"+row.KeyID
		if counts && period.Contains(row.AdmittedAt) {
			bySlot[row.TeamID] += row.Cost
		}
	}
	return bySlot, nil
}

// Rows returns the ledger in the order it was written.
func (r *Record) Rows() []api.LedgerRow {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.rows)
}

// Crossings returns what was crossed in the order it was written.
func (r *Record) Crossings() []quota.Crossing {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.crossed)
}

// Asked is how often Spend was called.
func (r *Record) Asked() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}
