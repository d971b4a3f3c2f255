package console

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

const (
	// bucketSpan and bucketCount make a day of refusals.
	bucketSpan  = 5 * time.Minute
	bucketCount = 24 * 12
	// maxRefused bounds the pairs of team and reason in one span; beyond it they count for no team in particular.
	maxRefused = 1000
)

// Refusals remembers for a day which calls this gateway refused.
type Refusals struct {
	now     func() time.Time
	mu      sync.Mutex
	buckets [bucketCount]refusedIn
}

type refusedIn struct {
	span   int64
	counts map[refused]int64
}

type refused struct{ team, reason string }

// RefusalCount is how many calls were refused for a reason.
type RefusalCount struct {
	Reason string
	Calls  int64
}

// NewRefusals returns an empty memory.
func NewRefusals(now func() time.Time) *Refusals { return &Refusals{now: now} }

// Refused notes one call.
func (r *Refusals) Refused(team, reason string) {
	span := r.now().Unix() / int64(bucketSpan/time.Second)
	r.mu.Lock()
	defer r.mu.Unlock()
	bucket := &r.buckets[span%bucketCount]
	if bucket.span != span || bucket.counts == nil {
		*bucket = refusedIn{span: span, counts: map[refused]int64{}}
	}
	if key := (refused{team, reason}); bucket.counts[key] > 0 || len(bucket.counts) < maxRefused {
		bucket.counts[key]++
		return
	}
	bucket.counts[refused{"", reason}]++
}

// Since returns what was refused in the time before now, the most frequent reason first; team "" is all teams.
func (r *Refusals) Since(ago time.Duration, team string) []RefusalCount {
	counts := map[string]int64{}
	r.each(ago, func(key refused, calls int64) {
		if team == "" || key.team == team {
			counts[key.reason] += calls
		}
	})
	list := []RefusalCount{}
	for reason, calls := range counts {
		list = append(list, RefusalCount{reason, calls})
	}
	slices.SortFunc(list, func(a, b RefusalCount) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Reason, b.Reason))
	})
	return list
}

// Teams says how many calls of each team were refused in the time before now.
func (r *Refusals) Teams(ago time.Duration) map[string]int64 {
	counts := map[string]int64{}
	r.each(ago, func(key refused, calls int64) { counts[key.team] += calls })
	return counts
}

func (r *Refusals) each(ago time.Duration, tell func(refused, int64)) {
	oldest := r.now().Add(-ago).Unix() / int64(bucketSpan/time.Second)
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.buckets {
		if r.buckets[i].span < oldest {
			continue
		}
		for key, calls := range r.buckets[i].counts {
			tell(key, calls)
		}
	}
}
