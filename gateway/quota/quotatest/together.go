package quotatest

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

// together makes calls of one slot at the same time. The model makes them in their order.
func (h Harness) together(slot string, calls []func()) {
	if h.Together != nil {
		h.Together(slot, calls)
		return
	}
	for _, call := range calls {
		call()
	}
}

func callsOf(n int, call func(i int)) []func() {
	calls := make([]func(), n)
	for i := range calls {
		calls[i] = func() { call(i) }
	}
	return calls
}

// outcome is an answer, or the name of the error in its place.
type outcome[T any] struct {
	Answer T
	Failed string
}

// bothTogether makes calls of one slot to both engines as a group, and wants the same outcome of each.
func bothTogether[T any](c *comparison, what, slot string, n int, call func(h Harness, i int) (T, error)) []outcome[T] {
	return both(c, what, func(h Harness) ([]outcome[T], error) {
		outcomes := make([]outcome[T], n)
		calls := make([]func(), n)
		for i := range calls {
			calls[i] = func() {
				answer, err := call(h, i)
				outcomes[i] = outcome[T]{Answer: answer, Failed: kindOf(err)}
			}
		}
		h.together(slot, calls)
		return outcomes, nil
	})
}

// reserveTogether makes requests of one slot under the terms as they are, some of them twice in the group.
func (c *comparison) reserveTogether() {
	t := rapid.SampledFrom(c.terms).Draw(c.t, "slot")
	// Counters that have to be filled first would break the group up: one request goes ahead.
	ahead := c.drawFresh(t)
	if both(c, "reserve ahead", func(h Harness) (quota.Decision, error) { return h.Engine.Reserve(c.t.Context(), ahead) }).Admitted {
		c.made = append(c.made, ahead)
	}
	requests := make([]quota.Request, rapid.IntRange(2, 8).Draw(c.t, "requests"))
	for i := range requests {
		requests[i] = c.drawFresh(t)
		if rapid.Bool().Draw(c.t, "fewer limits") {
			requests[i].Windows = requests[i].Windows[:len(requests[i].Windows)/2]
			requests[i].Budgets = requests[i].Budgets[len(requests[i].Budgets)/2:]
		}
		if i > 0 && rapid.IntRange(0, 5).Draw(c.t, "again") == 0 {
			requests[i] = requests[i-1]
		}
	}
	outcomes := bothTogether(c, "reserve together", t.slot, len(requests), func(h Harness, i int) (quota.Decision, error) {
		return h.Engine.Reserve(c.t.Context(), requests[i])
	})
	for i, outcome := range outcomes {
		if outcome.Answer.Admitted && !outcome.Answer.Duplicate {
			c.made = append(c.made, requests[i])
		}
	}
}

// settleTogether settles requests of one slot, some of them twice in the group.
func (c *comparison) settleTogether() {
	if len(c.made) == 0 {
		return
	}
	slot := c.drawMade().Slot
	var settlements []quota.Settlement
	for range rapid.IntRange(2, 8).Draw(c.t, "settlements") {
		settlement := c.drawSettlement()
		if settlement.Slot == slot {
			settlements = append(settlements, settlement)
		}
	}
	bothTogether(c, "settle together", slot, len(settlements), func(h Harness, i int) (quota.Settled, error) {
		return h.Engine.Settle(c.t.Context(), settlements[i])
	})
}

// testTogether settles three requests at once for less than was reserved, a moment later: all of it goes back to the
// second that was charged, and has left the window with that.
func testTogether(t *testing.T, h Harness) {
	limits := h.teamWindow(1000, 100_000, 1000)
	requests := make([]quota.Request, 3)
	h.together(slot, callsOf(len(requests), func(i int) {
		requests[i] = h.request(func(r *quota.Request) { r.Windows = limits })
		if decision, err := h.Engine.Reserve(t.Context(), requests[i]); err != nil || !decision.Admitted {
			t.Errorf("reserve: %+v, %v", decision, err)
		}
	}))
	h.Clock.Advance(2 * time.Second)
	h.together(slot, callsOf(len(requests), func(i int) {
		if _, err := h.Engine.Settle(t.Context(), settlementOf(requests[i], 10, 0)); err != nil {
			t.Errorf("settle: %v", err)
		}
	}))
	h.drain(t)
	backlog, err := h.Engine.Backlog(t.Context())
	if err != nil || backlog.Entries != 0 {
		t.Errorf("what waits when everything is recorded: %+v, %v", backlog, err)
	}
	state := h.window(t, limits[0])
	same(t, "settled requests and tokens", []int64{state.Requests, state.Tokens, state.Live}, []int64{3, 30, 0})
	h.Clock.Advance(59 * time.Second)
	state = h.window(t, limits[0])
	same(t, "requests and tokens a minute later", []int64{state.Requests, state.Tokens}, []int64{0, 0})
}
