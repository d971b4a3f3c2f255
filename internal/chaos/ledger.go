package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/tidwall/gjson"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// booking is what the ledger says of one call: all of its rows together.
type booking struct {
	team       string
	admittedAt int64 // unix milliseconds, by the clock of Redis
	// estimatedAt is when a gateway took the call for abandoned, 0 when none did.
	estimatedAt int64
	tokens      int64
	cost        int64
	// kinds counts the rows by kind.
	kinds map[string]int
}

// doubled says whether the call was booked more than once: two ends, or an end after an estimate that is no correction.
func (b booking) doubled() bool {
	return b.kinds[api.LedgerSettle]+b.kinds[api.LedgerEstimate]+b.kinds[api.LedgerVoid] > 1
}

// ledger reads all bookings by the calls' ids.
func (s *stage) ledger(ctx context.Context) (map[string]*booking, error) {
	rows, err := s.record.QueryContext(ctx, `SELECT request_id, kind, team_id, admitted_at_ms, settled_at_ms,
		prompt_tokens + completion_tokens, cost_nano FROM ledger ORDER BY settled_at_ms`)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	defer rows.Close()
	bookings := map[string]*booking{}
	for rows.Next() {
		var id, kind, team string
		var admittedAt, settledAt, tokens, cost int64
		if err := rows.Scan(&id, &kind, &team, &admittedAt, &settledAt, &tokens, &cost); err != nil {
			return nil, fmt.Errorf("read the ledger: %w", err)
		}
		b := bookings[id]
		if b == nil {
			b = &booking{team: team, admittedAt: admittedAt, kinds: map[string]int{}}
			bookings[id] = b
		}
		b.tokens, b.cost = b.tokens+tokens, b.cost+cost
		b.kinds[kind]++
		if kind == api.LedgerEstimate {
			b.estimatedAt = settledAt
		}
	}
	return bookings, rows.Err()
}

// ever is later than any moment.
const ever = math.MaxInt64

// spent sums the bookings of the budget's teams that were admitted before a moment.
func (b *budget) spent(bookings map[string]*booking, before int64) (nano int64) {
	for _, booked := range bookings {
		if booked.admittedAt < before && slices.Contains(b.teams, booked.team) {
			nano += booked.cost
		}
	}
	return nano
}

// bill is what the model server charges for each call, in nano-USD, by the calls' ids.
func (s *stage) bill() map[string]int64 {
	bill := map[string]int64{}
	for _, request := range s.upstream.Requests() {
		id, _, _ := strings.Cut(gjson.GetBytes(request.Body, "messages.0.content").String(), "\n")
		bill[id] += (request.Billed.PromptTokens + request.Billed.CompletionTokens) * nanoPerToken
	}
	return bill
}

// remains is what the counters in Redis still hold of calls that have ended, and what they say was spent.
type remains struct {
	reserved int64 // nano-USD
	parallel int64 // calls
	spent    map[string]int64
}

// remains reads the counters; gateway/quota/redis/script/keys.go describes the keys.
func (s *stage) remains(ctx context.Context) (r remains, err error) {
	r.spent = map[string]int64{}
	err = s.onRedis(ctx, s.primary, func(client *redis.Client) error {
		keys := client.Scan(ctx, 0, "bursar:{*", 1000).Iterator()
		for keys.Next(ctx) {
			if err := r.add(ctx, client, keys.Val()); err != nil {
				return err
			}
		}
		return keys.Err()
	})
	return r, err
}

func (r *remains) add(ctx context.Context, client *redis.Client, key string) error {
	scope, isBudget := strings.CutPrefix(key, "bursar:{b:")
	isWindow := strings.Contains(key, "}:w:")
	if !isBudget && !isWindow {
		return nil
	}
	if kind, err := client.Type(ctx, key).Result(); err != nil || kind != "hash" { // marks stand beside the counters
		return err
	}
	var counter struct {
		Spent    int64 `redis:"u"`
		Reserved int64 `redis:"p"`
		Live     int64 `redis:"n"`
	}
	if err := client.HMGet(ctx, key, "u", "p", "n").Scan(&counter); err != nil {
		return fmt.Errorf("read %s: %w", key, err)
	}
	if isBudget {
		scope, _, _ = strings.Cut(scope, "}")
		r.reserved += counter.Reserved
		r.spent[scope] += counter.Spent
		return nil
	}
	r.parallel += counter.Live
	return nil
}

// drainPatience is how long the counters and the ledger may take to agree after the last call.
const drainPatience = 60 * time.Second

// drain waits until nothing is reserved and counters and ledger agree, and says how long it took
// and what was left if they never did.
func (s *stage) drain(ctx context.Context) (took time.Duration, left []string) {
	began := time.Now()
	var unread error
	err := await(ctx, drainPatience, func(ctx context.Context) bool {
		found, failure := s.disagreements(ctx)
		if ctx.Err() != nil {
			return false // what was seen before that is the reason, and not that the time is up
		}
		if unread = failure; unread != nil {
			return false
		}
		left = found
		return len(left) == 0
	})
	switch {
	case unread != nil:
		left = append(left, "the stores could not be read: "+unread.Error())
	case err != nil && len(left) == 0:
		left = []string{"one look at the stores took longer than " + drainPatience.String()}
	}
	return time.Since(began), left
}

// disagreements names everything that a stage without calls should not have.
func (s *stage) disagreements(ctx context.Context) (found []string, err error) {
	bookings, err := s.ledger(ctx)
	if err != nil {
		return nil, err
	}
	counters, err := s.remains(ctx)
	if err != nil {
		return nil, err
	}
	if counters.reserved != 0 || counters.parallel != 0 {
		found = append(found, fmt.Sprintf("%d nano-USD and %d parallel calls are still reserved", counters.reserved, counters.parallel))
	}
	for _, b := range s.budgets() {
		scope := "team:" + b.teams[0]
		if b.id != "" {
			scope = "budget:" + b.id
		}
		if counted, booked := counters.spent[scope], b.spent(bookings, ever); counted != booked {
			found = append(found, fmt.Sprintf("%s: the counter says %d nano-USD, the ledger %d", b.name(), counted, booked))
		}
	}
	return found, nil
}
