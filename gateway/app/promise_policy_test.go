package app_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

// policyChange is an admin call and how every call is answered from its answer on.
type policyChange struct {
	path, body string
	want       int
}

// Callers at three gateways never pause while a team's policy changes. What starts after an admin call was
// answered is judged by the new policy, on every gateway.
func TestPromise_T14_changesAreInForceWhenAnswered(t *testing.T) {
	t.Parallel()
	i := install(t, 3)
	key := i.team("marketing", "")
	changes := []policyChange{
		{"/team/block", `{"team_id":"marketing"}`, http.StatusUnauthorized},
		{"/team/unblock", `{"team_id":"marketing"}`, http.StatusOK},
		{"/team/update", `{"team_id":"marketing","rpm_limit":0}`, http.StatusTooManyRequests},
		{"/team/update", `{"team_id":"marketing","rpm_limit":null}`, http.StatusOK},
		{"/team/update", `{"team_id":"marketing","max_budget":0}`, http.StatusForbidden},
		{"/team/update", `{"team_id":"marketing","max_budget":null}`, http.StatusOK},
		{"/team/update", `{"team_id":"marketing","models":["another"]}`, http.StatusNotFound},
		{"/team/update", `{"team_id":"marketing","models":[]}`, http.StatusOK},
		{"/budget/new", `{"budget_id":"pot","team_ids":["marketing"],"max_budget":0}`, http.StatusForbidden},
		{"/budget/delete", `{"id":"pot"}`, http.StatusOK},
	}
	callers := startCallers(t, i, key)
	judged := 0
	for round := range 2 {
		for number, change := range changes {
			i.gateways[(round+number)%3].admin("POST", change.path, change.body)
			judged += callers.judge(change, time.Now())
		}
	}
	t.Logf("%d changes, %d calls judged by them", 2*len(changes), judged)
}

// callers call every gateway without a pause and keep what became of it.
type callers struct {
	t       *testing.T
	mu      sync.Mutex
	changed *sync.Cond
	ended   [][]outcome // by gateway
}

func startCallers(t *testing.T, i *installation, key string) *callers {
	c := &callers{t: t, ended: make([][]outcome, len(i.gateways))}
	c.changed = sync.NewCond(&c.mu)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for number, gateway := range i.gateways {
		for caller := range 2 {
			running.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					c.note(number, try(ctx, gateway.URL(), key, fmt.Sprintf("t14-%d-%d-%d", number, caller, n), chat(1, "")))
				}
			})
		}
	}
	t.Cleanup(func() { stop(); running.Wait() })
	return c
}

func (c *callers) note(gateway int, o outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended[gateway] = append(c.ended[gateway], o)
	c.changed.Broadcast()
}

// judge waits until each gateway has answered some calls that started after the change, and
// returns how many there were.
func (c *callers) judge(change policyChange, since time.Time) (judged int) {
	const enough = 4
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for gateway := range c.ended {
		after := 0
		for next := 0; after < enough; next++ {
			for next >= len(c.ended[gateway]) {
				c.changed.Wait()
			}
			o := c.ended[gateway][next]
			if !o.started.After(since) {
				continue
			}
			after++
			if o.interrupted != nil || o.status != change.want {
				c.t.Errorf("gateway %d, %s after %s %s: %d %s %v, want %d",
					gateway, o.started.Sub(since), change.path, change.body, o.status, o.body, o.interrupted, change.want)
			}
		}
		judged += after
	}
	return judged
}
