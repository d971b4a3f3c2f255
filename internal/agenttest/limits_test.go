//go:build agents

package agenttest_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// A spent budget ends the work at once, and what the agent prints is the gateway's text: what is spent, when it begins
// again, and who can raise it.
func TestSpentBudget(t *testing.T) {
	eachOf(t, programs, `{"max_budget":100,"budget_duration":"1mo"}`, func(t *testing.T, a *agent) {
		a.answers(func(testenv.Asked) testenv.Behaviour { return usage(testenv.Behaviour{Say: "Once."}) })
		if first := a.run(t, "Once.", ""); first.text != "Once." {
			t.Fatalf("%q\n%s", first.text, first.raw)
		}
		a.gateway.admin(t, "POST", "/team/update", `{"team_id":"`+a.team+`","max_budget":0.000001}`)
		calls := len(a.gateway.model.Requests())
		done := a.run(t, "Once more.", "")
		for _, want := range []string{"Budget has been exceeded", "platform@example.com"} {
			if !strings.Contains(done.raw, want) {
				t.Errorf("it does not say %q", want)
			}
		}
		if asked := len(a.gateway.model.Requests()); asked != calls {
			t.Errorf("the provider was asked %d times more", asked-calls)
		}
		// A title may be asked for besides.
		if refused := a.gateway.answered(t, a.refusal, ""); refused < 1 || refused > 2 {
			t.Errorf("%d calls were refused with %d: it tries again, or meets another refusal", refused, a.refusal)
		}
		if t.Failed() {
			t.Log(done.raw)
		}
	})
}

// A rate limit is waited out: the work takes longer, and gets done.
func TestRateLimit(t *testing.T) {
	eachOf(t, programs, `{"rpm_limit":2}`, func(t *testing.T, a *agent) {
		t.Parallel()
		done := a.copiesANote(t, testenv.Behaviour{})
		if a.gateway.answered(t, http.StatusTooManyRequests, "") == 0 {
			t.Error("no call met the limit")
		}
		a.agrees(t, done)
	})
}

// Work that is cancelled costs what was said until then, its place is free at once, and nobody's fault is reported.
func TestCancel(t *testing.T) {
	eachOf(t, programs, `{"max_parallel_requests":2}`, func(t *testing.T, a *agent) {
		a.answers(func(testenv.Asked) testenv.Behaviour {
			return usage(testenv.Behaviour{CompletionTokens: 5000, ChunkDelay: 20 * time.Millisecond})
		})
		command := a.command(t.Context(), "Tell me a long story.", "")
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = command.Process.Kill() })
		await(t, "the story to begin", func() bool {
			work := a.work()
			return len(work) > 0 && work[0].Chunks > 20
		})
		if err := command.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		_ = command.Wait()
		await(t, "the end of the call", func() bool { return a.work()[0].Finished })
		if call := a.work()[0]; !call.ClientGone || call.Chunks > 4000 {
			t.Errorf("the provider went on: %d tokens, hung up %t", call.Chunks, call.ClientGone)
		}
		await(t, "the log line", func() bool { return a.gateway.answered(t, http.StatusOK, "client_closed") == 1 })
		if a.gateway.admin(t, "GET", "/team/info?team_id="+a.team, "").Get("spend").Float() == 0 {
			t.Error("what was said costs nothing")
		}
		a.answers(func(testenv.Asked) testenv.Behaviour { return usage(testenv.Behaviour{Say: "Here I am."}) })
		if next := a.run(t, "Are you there?", ""); next.text != "Here I am." {
			t.Errorf("after it: %q\n%s", next.text, next.raw)
		}
	})
}

func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for tick := time.NewTicker(20 * time.Millisecond); !condition(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
