package client

import (
	"context"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// maxChecksTogether is how many changes one request asks about.
	maxChecksTogether = 50
	// gatherFor is how long a request waits for others that are about to ask: Terraform plans ten resources at a time.
	gatherFor = 5 * time.Millisecond
)

// changeChecks are questions about single changes on their way to the gateway. One request is under way at a time,
// and what is asked meanwhile goes with the next: many changes take few requests.
type changeChecks struct {
	mu      sync.Mutex
	sending bool
	waiting []*changeCheck
}

// changeCheck is a question that waits for its answer in check or err until answered is closed.
type changeCheck struct {
	ctx    context.Context // of who asks, for a request that others take part in
	change api.QuotaChange

	answered chan struct{}
	check    api.QuotaCheck
	err      error
}

// CheckChange asks what one change would do by itself, and changes nothing. Many that are asked at the same time go
// in one request.
func (c *Client) CheckChange(ctx context.Context, change api.QuotaChange) (api.QuotaCheck, error) {
	question := &changeCheck{ctx: ctx, change: change, answered: make(chan struct{})}
	if c.checks.join(question) {
		go c.sendChecks()
	}
	select {
	case <-question.answered:
		return question.check, wrap(question.err, "check quotas")
	case <-ctx.Done():
		return api.QuotaCheck{}, wrap(noAnswer(ctx, c.rest.BaseURL, ctx.Err()), "check quotas")
	}
}

// join says whether nobody sends questions yet.
func (q *changeChecks) join(question *changeCheck) (first bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, question)
	first, q.sending = !q.sending, true
	return first
}

// take returns the next questions; after none somebody else has to send what is asked.
func (q *changeChecks) take() []*changeCheck {
	q.mu.Lock()
	defer q.mu.Unlock()
	count := min(len(q.waiting), maxChecksTogether)
	questions := q.waiting[:count:count]
	q.waiting, q.sending = q.waiting[count:], count > 0
	return questions
}

func (c *Client) sendChecks() {
	for {
		time.Sleep(gatherFor)
		questions := c.checks.take()
		if len(questions) == 0 {
			return
		}
		checks, err := c.checkSeparately(questions)
		for i, question := range questions {
			if question.err = err; err == nil {
				question.check = checks[i]
			}
			close(question.answered)
		}
	}
}

func (c *Client) checkSeparately(questions []*changeCheck) ([]api.QuotaCheck, error) {
	changes := make([]api.QuotaChange, len(questions))
	for i, question := range questions {
		changes[i] = question.change
	}
	var answer struct {
		Checks []api.QuotaCheck `json:"checks"`
	}
	ctx, cancel := untilAllGaveUp(questions)
	defer cancel()
	body := map[string]any{"changes": changes, "separately": true}
	err := c.ask(ctx, "/quota/check", body, &answer)
	return answer.Checks, whole(err, len(answer.Checks) == len(changes), "POST /quota/check")
}

// untilAllGaveUp returns a context that ends with the last of theirs.
func untilAllGaveUp(questions []*changeCheck) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(questions[0].ctx))
	go func() {
		defer cancel()
		for _, question := range questions {
			select {
			case <-question.ctx.Done():
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, cancel
}
