package app_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Workers at three gateways spend two teams' budgets and the pot over both to their caps.
func TestPromise_T1_budgetsAreNeverExceeded(t *testing.T) {
	t.Parallel()
	const teamCap, potCap = 8 * money.USD, 13 * money.USD
	i := install(t, 3)
	keys := []string{i.team("marketing", `,"max_budget":8`), i.team("research", `,"max_budget":8`)}
	i.gateways[1].admin("POST", "/budget/new", `{"budget_id":"both","team_ids":["marketing","research"],"max_budget":13}`)

	var workers sync.WaitGroup
	for number := range 18 {
		workers.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(number)))
			url, key := i.gateways[number%3].URL(), keys[number%2]
			for call := 0; ; call++ {
				o := try(t.Context(), url, key, fmt.Sprintf("t1-%d-%d", number, call), chat(1+random.IntN(50), "delay_ms=50"))
				if o.status == http.StatusForbidden {
					checkExhausted(t, o)
					return
				}
				if !o.served() || call > 1000 {
					t.Errorf("call %s: %d %s %v", o.id, o.status, o.body, o.interrupted)
					return
				}
			}
		})
	}
	workers.Wait()

	var pot money.Nano
	for _, team := range []string{"marketing", "research"} {
		spent := costOf(i.awaitLedger(team))
		if spent > teamCap {
			t.Errorf("%s spent %s of %s", team, spent, teamCap)
		}
		pot += spent
	}
	if pot > potCap {
		t.Errorf("the pot of %s was overshot: %s", potCap, pot)
	}
	// A gateway that refuses everything is safe too.
	if left := potCap - pot; left >= mostReserved {
		t.Errorf("%s of the pot is left, a call needs no more than %s", left, mostReserved)
	}
	if bill := i.upstream.Billed(); money.Nano(bill.PromptTokens+bill.CompletionTokens)*cent != pot {
		t.Errorf("the model server bills %+v, the ledger says %s", bill, pot)
	}
}

// checkExhausted insists that a refusal was right: what others had only reserved must not be taken for spent.
func checkExhausted(t *testing.T, refused outcome) {
	var said api.ErrorBody
	if err := json.Unmarshal([]byte(refused.body), &said); err != nil || said.Error.Left == nil {
		t.Errorf("%s says no figures: %v", refused.body, err)
		return
	}
	if left := *said.Error.Left; left >= mostReserved {
		t.Errorf("a call was refused with %s left to spend: %s", left, refused.body)
	}
}

// More calls than fit arrive at three gateways at once.
func TestPromise_T2_ratesAreNeverExceeded(t *testing.T) {
	t.Parallel()
	i := install(t, 3)
	requests := i.team("requests", `,"rpm_limit":40`)
	tokens := i.team("tokens", `,"tpm_limit":2000`)
	byRequests, byTokens := i.rush(120, requests), i.rush(120, tokens)

	for n := 0; try(t.Context(), i.gateways[n%3].URL(), tokens, fmt.Sprintf("t2-one-%d", n), chat(20, "")).served(); {
		n++ // the rush was refused while others had reserved more than they used
	}

	rows := i.awaitLedger("requests")
	if len(rows) != 40 || byRequests[http.StatusOK] != 40 {
		t.Errorf("%d requests are in the ledger and %v was answered, want 40 admitted", len(rows), byRequests)
	}
	if byTokens[http.StatusOK]+byTokens[http.StatusTooManyRequests] != 120 {
		t.Errorf("answers: %v, want 200 and 429 only", byTokens)
	}
	var used int64
	for _, row := range i.awaitLedger("tokens") {
		used += row.Tokens
	}
	// What is left is less than what one call reserves.
	if used > 2000 || used <= 2000-131 {
		t.Errorf("%d of 2000 tokens a minute were used", used)
	}

	// The wait is true: the first second's requests leave the window 61 seconds later.
	refused := try(t.Context(), i.gateways[2].URL(), requests, "t2-last", chat(1, ""))
	waitMS, err := strconv.Atoi(refused.header.Get("Retry-After-Ms"))
	if err != nil {
		t.Fatalf("Retry-After-Ms: %v in %v", err, refused.header)
	}
	free := rows[0].AdmittedAt.Truncate(time.Second).Add(61 * time.Second)
	latest, earliest := free.Sub(refused.started), free.Sub(refused.ended)
	latest += latest * 3 / 100 // by chance, so that not all come back at once
	if wait := time.Duration(waitMS) * time.Millisecond; wait > latest+time.Millisecond || wait < earliest-time.Millisecond {
		t.Errorf("told to wait %s, the next place is free in %s to %s", wait, earliest, latest)
	}
}

// rush sends calls to all gateways at once, a few at a time, and counts how they were answered.
func (i *installation) rush(calls int, key string) map[int]int {
	var mu sync.Mutex
	var running sync.WaitGroup
	counts := map[int]int{}
	for worker := range 12 {
		running.Go(func() {
			for call := worker; call < calls; call += 12 {
				o := try(i.t.Context(), i.gateways[call%len(i.gateways)].URL(), key, fmt.Sprintf("t2-%d", call), chat(20, ""))
				mu.Lock()
				counts[o.status]++
				mu.Unlock()
			}
		})
	}
	running.Wait()
	return counts
}
