package stores

import (
	"context"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Books are what the record knows about the past: what was spent, and who changed what.
type Books interface {
	// EachUsageSum calls each with every sum that the query asks for, in order, and stops at its error.
	EachUsageSum(ctx context.Context, query api.UsageQuery, each func(api.UsageSum) error) error
	// BringUsage puts what a day has cost at another gateway in place of what it has brought before, and returns how much that was.
	BringUsage(ctx context.Context, change api.Change, day api.BroughtDay) (before api.BroughtTotal, err error)
	// BroughtDays returns how much each day has brought from another gateway, the oldest first.
	BroughtDays(ctx context.Context, origin string) ([]api.BroughtTotal, error)
	// LedgerPage returns the rows that the filter selects, newest first; LedgerCount counts them without
	// the filter's limit, offset and cursor, up to most.
	LedgerPage(ctx context.Context, filter api.LedgerFilter) ([]api.LedgerEntry, error)
	LedgerCount(ctx context.Context, filter api.LedgerFilter, most int) (int, error)
	// LedgerSpend sums what was admitted from from on and before to; a zero time does not bound.
	LedgerSpend(ctx context.Context, selection api.LedgerSelection, from, to time.Time) (money.Nano, error)
	// Peaks returns the busiest minute since from of each of the teams that had a request.
	Peaks(ctx context.Context, teamIDs []string, from time.Time) (map[string]api.Peak, error)
	// Refusals returns how many calls were refused, the most frequent first.
	Refusals(ctx context.Context, query api.RefusalQuery) ([]api.RefusalSum, error)
	// LimitPeaks returns the most that was used of each limit in any 60 seconds.
	LimitPeaks(ctx context.Context, filter api.LimitMinuteFilter) ([]api.LimitPeak, error)
	// TeamIDsOfBudgets returns the ids of the teams that take the terms of one of the budgets, in order.
	TeamIDsOfBudgets(ctx context.Context, budgetIDs []string) ([]string, error)

	// Audits returns the changes that the filter selects, newest first, and how many there are in all;
	// AuditPage does not count.
	Audits(ctx context.Context, filter api.AuditFilter) (audits []api.Audit, total int, err error)
	AuditPage(ctx context.Context, filter api.AuditFilter) ([]api.Audit, error)
	// VerifyAudit says whether every change is as it was written and in its place, the known one included.
	VerifyAudit(ctx context.Context, known api.AuditMark) (api.AuditCheck, error)
}
