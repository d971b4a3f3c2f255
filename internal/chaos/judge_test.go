package main

import (
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// A run that breaks nothing proves something only if a broken promise would have been seen.
func TestEvidence_seesEachBrokenPromise(t *testing.T) {
	began := time.UnixMilli(1_800_000_000_000)
	for want, change := range map[string]func(*evidence){
		"": func(*evidence) {},
		"T1 budgets: team capped was exceeded by 1 nano-USD": func(e *evidence) {
			e.stage.teams[0].budget.steps[1].cap = 299_999
		},
		"T1 liveness: team capped let only": func(e *evidence) {
			e.stage.teams[0].budget.steps[2].cap = 2_000_000
		},
		"T2 rate limits: requests: 5 in 60 seconds": func(e *evidence) {
			e.stage.teams[1].rpm = 3
		},
		"T4 ledger: capped-1 is booked more than once": func(e *evidence) {
			e.bookings["capped-1"].kinds[api.LedgerEstimate]++
		},
		"T5 release: the reservations of gateway 1, killed at 0:10.0, were held for 17.0 s": func(e *evidence) {
			e.bookings["killed"].estimatedAt += 3000
		},
		"T5 crash: killed: 560000 nano-USD are not booked": func(e *evidence) {
			e.bill["killed"] += 560_000
		},
		"T6 ledger: capped-1 was answered in full by gateway 0": func(e *evidence) {
			delete(e.bookings, "capped-1")
		},
		"T5 stop: stopped: 110000 nano-USD of a call that was cut off": func(e *evidence) {
			e.bill["stopped"] += 110_000
		},
		"T6 ledger: stopped was answered in full by gateway 2": func(e *evidence) {
			delete(e.bookings, "stopped")
		},
		"A full disk: the model server bills 2 nano-USD, the ledger says 1": func(e *evidence) {
			e.stage.disk.billed++
		},
		"A full disk: 2 calls went to the model server": func(e *evidence) {
			e.stage.disk.taken = e.stage.disk.answered + 2
		},
		"A full disk: only 78 of 80 calls": func(e *evidence) {
			e.stage.disk.answered, e.stage.disk.taken = 78, 78
		},
		"T6 cost: capped-2 (answered, gateway 0": func(e *evidence) {
			e.bill["capped-2"]++
		},
		"T1 and T2 liveness: refused was refused by team.budget": func(e *evidence) {
			e.calls = append(e.calls, call{id: "refused", team: "capped", refusal: "team.budget", started: began.Add(time.Hour), ended: began.Add(time.Hour)})
			e.stage.teams[0].budget.steps = append(e.stage.teams[0].budget.steps, capStep{from: began.UnixMilli() + 60_000, cap: 3_000_000, inForce: began.Add(time.Minute)})
		},
		"T1 and T2 liveness: refused was refused by team.requests": func(e *evidence) {
			e.calls = append(e.calls, call{id: "refused", team: e.stage.teams[1].id, refusal: "team.requests", started: began.Add(time.Hour), ended: began.Add(time.Hour)})
		},
	} {
		e := goodEvidence(began)
		change(e)
		e.countCalls()
		e.budgets()
		e.windows()
		e.falseRefusals()
		e.answers()
		e.costs()
		e.releases()
		e.fullDisk()
		e.byFault()
		found := strings.Join(e.broken, "\n")
		if (want == "") != (found == "") || !strings.Contains(found, want) {
			t.Errorf("want %q, found:\n%s", want, found)
		}
	}
}

// goodEvidence is of a run in which all went well: two calls under a first cap, two under a second, and one
// whose gateway was killed and whose reservation was given up 14 seconds later.
func goodEvidence(began time.Time) *evidence {
	at := began.UnixMilli()
	killed := began.Add(10 * time.Second)
	own := &budget{teams: []string{"capped"}, steps: []capStep{{}, {from: at, cap: 300_000}, {from: at + 5000, cap: 700_000}}}
	e := &evidence{
		findings: &findings{},
		stage: &stage{
			out: &narrator{began: began}, loaded: time.Minute,
			teams: []*team{{id: "capped", budget: own}, {id: "requests", rpm: 5}},
			faults: []fault{
				{kind: gatewayKilled, gateway: 1, at: killed, until: killed.Add(time.Second)},
				{kind: gatewayStopped, gateway: 2, at: began.Add(40 * time.Second), until: began.Add(42 * time.Second)},
			},
			disk: &diskRun{asked: 3 * diskCalls, answered: 2 * diskCalls, taken: 2*diskCalls + 1, billed: 1, spent: 1},
		},
		bookings: map[string]*booking{}, bill: map[string]int64{},
	}
	add := func(id, team string, gateway int, after time.Duration, kind string, cost int64) {
		started := began.Add(after)
		e.calls = append(e.calls, call{
			id: id, team: team, gateway: gateway, stream: gateway == 1, started: started, ended: started.Add(time.Second), whole: gateway == 0,
		})
		e.bookings[id] = &booking{team: team, admittedAt: started.UnixMilli(), cost: cost, kinds: map[string]int{kind: 1}}
		e.bill[id] = cost
	}
	add("capped-1", "capped", 0, time.Second, api.LedgerSettle, 100_000)
	add("capped-2", "capped", 0, 2*time.Second, api.LedgerSettle, 200_000)
	add("capped-3", "capped", 0, 6*time.Second, api.LedgerSettle, 300_000)
	for _, id := range []string{"requests-1", "requests-2", "requests-3"} {
		add(id, "requests", 0, 7*time.Second, api.LedgerSettle, 1)
	}
	add("stopped", "requests", 2, 39500*time.Millisecond, api.LedgerSettle, 100_000)
	add("killed", "requests", 1, 9500*time.Millisecond, api.LedgerEstimate, 100_000)
	e.bookings["killed"].estimatedAt = killed.Add(14 * time.Second).UnixMilli()
	return e
}

// Intervals in which the counters were lost are judged apart; those before and after are not.
func TestWorstMinutes_keepsLossesApart(t *testing.T) {
	begin := time.UnixMilli(1_800_000_000_000)
	var list []admission
	for second := range 180 {
		perSecond := 1
		if second >= 90 && second < 100 {
			perSecond = 5 // after a loss at 90 s
		}
		for range perSecond {
			list = append(list, admission{at: begin.Add(time.Duration(second) * time.Second).UnixMilli(), tokens: 2})
		}
	}
	loss := begin.Add(89500 * time.Millisecond)
	whole, broken := worstMinutes(list, []fault{{losesFrom: loss, until: loss}})
	if broken.requests != 100 || broken.tokens != 200 {
		t.Errorf("with the loss: %+v, want 100 requests", broken)
	}
	if whole.requests != 100 {
		t.Errorf("after the loss: %+v, want the 100 requests of second 90 to 149", whole)
	}
	before, _ := worstMinutes(list[:90], []fault{{losesFrom: loss, until: loss}})
	if before.requests != 60 || before.tokens != 120 {
		t.Errorf("before the loss: %+v, want 60 requests", before)
	}
}
