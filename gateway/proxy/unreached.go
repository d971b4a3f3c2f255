package proxy

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/bursarhq/terraform-provider-bursar/gateway/every"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// unreachedEvery is how often calls that reached no provider are written down.
	unreachedEvery = time.Second
	// maxUnreached is how many kinds of them are told apart; what is beyond that goes without its caller's words.
	maxUnreached = 10_000
)

// unreached sums up the calls that reached no provider: they cost nothing, and a provider that is away is asked as
// often as clients like to. The sum is one row of the ledger a second for each kind of call.
type unreached struct {
	mu   sync.Mutex
	rows map[unreachedKind]*api.LedgerRow
}

// unreachedKind is what the calls of one row have in common.
type unreachedKind struct{ team, key, user, model, upstream, endUser string }

func (u *unreached) note(row api.LedgerRow, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.rows) >= maxUnreached {
		row.EndUser, row.UserID = "", ""
	}
	kind := unreachedKind{row.TeamID, row.KeyID, row.UserID, row.Model, row.Upstream, row.EndUser}
	sum := u.rows[kind]
	if sum == nil {
		if u.rows == nil {
			u.rows = map[unreachedKind]*api.LedgerRow{}
		}
		row.ID, row.Kind, row.AdmittedAt, row.Tags = ulid.Make().String(), api.LedgerVoid, now, nil
		sum = &row
		u.rows[kind] = sum
	}
	sum.Calls, sum.SettledAt = sum.Calls+1, now
}

// take are the sums so far.
func (u *unreached) take() map[unreachedKind]*api.LedgerRow {
	u.mu.Lock()
	defer u.mu.Unlock()
	rows := u.rows
	u.rows = nil
	return rows
}

// back keeps sums that could not be written down.
func (u *unreached) back(rows map[unreachedKind]*api.LedgerRow) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for kind, sum := range u.rows {
		if earlier := rows[kind]; earlier != nil {
			earlier.Calls, earlier.SettledAt = earlier.Calls+sum.Calls, sum.SettledAt
		} else if len(rows) < maxUnreached {
			rows[kind] = sum
		}
	}
	u.rows = rows
}

// writeUnreached writes the sums down.
func (p *Proxy) writeUnreached(ctx context.Context) {
	rows := p.unreached.take()
	if len(rows) == 0 {
		return
	}
	entries := make([]quota.Entry, 0, len(rows))
	for _, row := range rows {
		written := *row
		if written.Calls == 1 {
			written.Calls = 0
		}
		entries = append(entries, quota.Entry{Row: &written})
	}
	if err := p.Events.Append(ctx, entries); err != nil {
		p.unreached.back(rows)
		p.Logger.LogAttrs(ctx, slog.LevelWarn, "calls that reached no provider are not in the ledger yet", slog.Int("rows", len(rows)), slog.Any("error", err))
	}
}

// runUnreached does so every second until ctx ends, and once more.
func (p *Proxy) runUnreached(ctx context.Context) {
	every.Do(ctx, unreachedEvery, p.writeUnreached)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	p.writeUnreached(last)
}
