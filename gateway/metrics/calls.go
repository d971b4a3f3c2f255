package metrics

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const (
	// mostSeries bounds what is counted apart of one kind, so that made-up names or very many teams cannot fill the
	// memory of whoever collects. What is beyond is counted under others, and no call is left out.
	mostSeries = 100_000
	others     = "(others)"
)

// answer are the labels of a call's answer.
type answer struct {
	teamID, model, reason string
	status                int
}

// watched are the labels of what a watched limit would have refused.
type watched struct{ teamID, limit string }

type watchedCount struct {
	labels string
	count  atomic.Int64
}

type answerCount struct {
	answer
	labels string
	count  atomic.Int64
}

// user are the labels of what is spent.
type user struct{ teamID, model string }

type use struct {
	user
	labels                  string
	spend                   atomic.Int64 // nano-USD
	promptLabels            string
	completionLabels        string
	promptTokens, completed atomic.Int64
}

// counts find what is counted by its labels. Reading does not wait for counting.
type counts[K comparable, V any] struct {
	known sync.Map
	mu    sync.Mutex
	list  []*V
	made  func(K) *V
	// other is what is counted under beyond mostSeries.
	other func(K) K
	// most is mostSeries but in tests.
	most int
}

func (c *counts[K, V]) of(key K) *V {
	if found, ok := c.known.Load(key); ok {
		value, _ := found.(*V)
		return value
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if found, ok := c.known.Load(key); ok {
		value, _ := found.(*V)
		return value
	}
	if len(c.list) >= c.most {
		key = c.other(key)
		if found, ok := c.known.Load(key); ok {
			value, _ := found.(*V)
			return value
		}
	}
	value := c.made(key)
	c.known.Store(key, value)
	c.list = append(c.list, value)
	return value
}

// all are those that have been made so far, in the order in which they were.
func (c *counts[K, V]) all() []*V {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clip(c.list)
}

// calls are the counters of calls by team and model.
type calls struct {
	answers counts[answer, answerCount]
	uses    counts[user, use]
	watched counts[watched, watchedCount]
}

func newCalls() *calls {
	return &calls{
		answers: counts[answer, answerCount]{
			most: mostSeries,
			made: func(a answer) *answerCount {
				return &answerCount{answer: a, labels: labels("model", a.model, "reason", a.reason, "status", strconv.Itoa(a.status), "team_id", a.teamID)}
			},
			other: func(a answer) answer { return answer{others, others, a.reason, a.status} },
		},
		uses: counts[user, use]{
			most: mostSeries,
			made: func(u user) *use {
				return &use{
					user: u, labels: labels("model", u.model, "team_id", u.teamID),
					promptLabels:     labels("kind", "prompt", "model", u.model, "team_id", u.teamID),
					completionLabels: labels("kind", "completion", "model", u.model, "team_id", u.teamID),
				}
			},
			other: func(user) user { return user{others, others} },
		},
		watched: counts[watched, watchedCount]{
			most: mostSeries,
			made: func(w watched) *watchedCount {
				return &watchedCount{labels: labels("limit", w.limit, "team_id", w.teamID)}
			},
			other: func(w watched) watched { return watched{others, w.limit} },
		},
	}
}

func (c *calls) write(p *page) {
	p.family("bursar_requests_total", "counter", "Calls answered, by team, model, HTTP status and, for refusals, the limit or reason.")
	for _, a := range c.answers.all() {
		p.sample("bursar_requests_total", a.labels, float64(a.count.Load()))
	}
	p.family("bursar_would_refuse_total", "counter", "Calls that were served and that a watched limit would have refused, by team and limit.")
	for _, w := range c.watched.all() {
		p.sample("bursar_would_refuse_total", w.labels, float64(w.count.Load()))
	}
	uses := c.uses.all()
	p.family("bursar_spend_usd_total", "counter", "US dollars settled, by team and model.")
	for _, u := range uses {
		p.sample("bursar_spend_usd_total", u.labels, dollars(money.Nano(u.spend.Load())))
	}
	p.family("bursar_tokens_total", "counter", "Tokens settled, by team, model and kind (prompt, completion).")
	for _, u := range uses {
		p.sample("bursar_tokens_total", u.promptLabels, float64(u.promptTokens.Load()))
		p.sample("bursar_tokens_total", u.completionLabels, float64(u.completed.Load()))
	}
}

func dollars(amount money.Nano) float64 { return float64(amount) / float64(money.USD) }
