package proxy_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// withDeployments serves the model "spread" from fake upstreams of its own, one for each weight. Each
// deployment costs its place times what the others of the bench cost: 1, 2, 3.
func withDeployments(t *testing.T, routing deployment.Routing, weights ...int64) (*bench, []*testenv.Upstream) {
	t.Helper()
	upstreams := make([]*testenv.Upstream, len(weights))
	b := newBench(t, func(b *bench) {
		b.routing = routing
		for i, weight := range weights {
			upstreams[i] = testenv.StartUpstream(t, testenv.UpstreamOptions{})
			d := b.deployment("spread", upstreams[i].URL())
			d.ID, d.Weight, d.Price = string(rune('a'+i)), weight, priceOf(t, money.Nano(i+1)*money.USD)
			b.more = append(b.more, d)
		}
	})
	return b, upstreams
}

func priceOf(t *testing.T, perMillion money.Nano) pricing.Price {
	t.Helper()
	price, err := pricing.Terms{Input: &perMillion, Output: &perMillion}.Price()
	if err != nil {
		t.Fatal(err)
	}
	return price
}

func asked(upstreams []*testenv.Upstream) []int {
	counts := make([]int, len(upstreams))
	for i, u := range upstreams {
		counts[i] = len(u.Requests())
	}
	return counts
}

func (b *bench) state(id string) deployment.State {
	b.t.Helper()
	for _, state := range b.registry.States() {
		if state.Model == "spread" && state.ID == id {
			return state
		}
	}
	b.t.Fatalf("no deployment %s", id)
	return deployment.State{}
}

const fiveTokens = "prompt_tokens=5 completion_tokens=5"

func TestFailover_aThousandCallsAreSharedByWeight(t *testing.T) {
	b, upstreams := withDeployments(t, deployment.Routing{}, 7, 3, 0)
	const calls, atOnce = 1000, 20
	var running sync.WaitGroup
	for range atOnce {
		running.Go(func() {
			for range calls / atOnce {
				if got := b.post(say("spread", fiveTokens, `,"max_tokens":5`)); got.status != http.StatusOK {
					t.Errorf("%d %s", got.status, got.body)
				}
			}
		})
	}
	running.Wait()
	got := asked(upstreams)
	if got[0] < 620 || got[0] > 780 || got[0]+got[1] != calls || got[2] != 0 {
		t.Errorf("%v of %d calls, want about 700, 300 and none", got, calls)
	}
	if a := b.state("a"); a.Requests != int64(got[0]) || a.Failures != 0 {
		t.Errorf("counted %+v", a)
	}
}

// Whatever a deployment does wrong before its first byte, the client sees the other one's answer, and pays
// for that alone.
func TestFailover_clientSeesOneAnswerAndIsChargedOnce(t *testing.T) {
	for name, failing := range map[string]testenv.Behaviour{
		"429":                         {Fail: 429},
		"429 with a wait":             {Fail: 429, RetryAfter: "20"},
		"500":                         {Fail: 500},
		"503 as a page":               {Fail: 503, HTML: true},
		"529":                         {Fail: 529},
		"408":                         {Fail: 408},
		"credentials refused":         {Fail: 401},
		"connection dropped":          {Drop: true},
		"too slow for the first byte": {Hang: true},
	} {
		for _, stream := range []string{`,"max_tokens":5`, `,"max_tokens":5,"stream":true`} {
			t.Run(name+stream, func(t *testing.T) {
				b, upstreams := withDeployments(t, deployment.Routing{Timeout: 300 * time.Millisecond}, 1, 0)
				upstreams[0].Behave(failing)
				got := b.post(`{"model":"spread","messages":[{"role":"user","content":"hi"}]` + stream + `}`)
				if got.status != http.StatusOK || !strings.Contains(got.body, " the") {
					t.Fatalf("%d %s", got.status, got.body)
				}
				if id := got.header.Get("X-Bursar-Deployment"); id != "b" {
					t.Errorf("the answer is from %q", id)
				}
				if counts := asked(upstreams); counts[0] != 1 || counts[1] != 1 {
					t.Errorf("asked %v times", counts)
				}
				rows := b.ledger()
				if len(rows) != 1 || rows[0].Kind != api.LedgerSettle || rows[0].Cost != money.Nano(rows[0].TotalTokens())*2*perToken {
					t.Errorf("ledger: %+v, want one row at the second deployment's price", rows)
				}
				if spent := b.spent(); spent.Settled != rows[0].Cost || spent.Reserved != 0 {
					t.Errorf("spent %+v", spent)
				}
				if a := b.state("a"); a.Requests != 1 || a.Failures != 1 {
					t.Errorf("counted %+v", a)
				}
			})
		}
	}
}

// A stream that breaks off before it has said anything is answered by another deployment; one that has begun is not.
func TestFailover_endsWithTheFirstByte(t *testing.T) {
	b, upstreams := withDeployments(t, deployment.Routing{}, 1, 0)
	upstreams[0].Behave(testenv.Behaviour{BreakAfter: 2})
	got := b.post(say("spread", "completion_tokens=9", `,"stream":true,"max_tokens":9`))
	if got.status != http.StatusOK || !strings.Contains(got.body, `"error"`) || asked(upstreams)[1] != 0 {
		t.Errorf("a stream that had begun was begun again: %v, %s", asked(upstreams), got.body)
	}
}

// What the client did wrong is not tried elsewhere, and no fault of the deployment.
func TestFailover_theClientsFaultStaysWhereItIs(t *testing.T) {
	b, upstreams := withDeployments(t, deployment.Routing{AllowedFails: new(0)}, 1, 0)
	for range 3 {
		if got := b.post(say("spread", "fail=400", "")); got.status != http.StatusBadRequest {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	if counts := asked(upstreams); counts[0] != 3 || counts[1] != 0 {
		t.Errorf("asked %v", counts)
	}
}

func TestFailover_cooldownIsEnteredAndLeft(t *testing.T) {
	b, upstreams := withDeployments(t, deployment.Routing{AllowedFails: new(1), Cooldown: time.Minute}, 1, 0)
	call := func() {
		t.Helper()
		if got := b.post(say("spread", fiveTokens, "")); got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	upstreams[0].Behave(testenv.Behaviour{Fail: 500})
	for range 5 {
		call()
	}
	if got := asked(upstreams); got[0] != 2 || got[1] != 5 || !b.state("a").Cooling {
		t.Errorf("asked %v, a is %+v; want it left alone after two failures", got, b.state("a"))
	}
	upstreams[0].Behave(testenv.Behaviour{})
	b.ahead.Store(int64(61 * time.Second))
	if b.state("a").Cooling {
		t.Error("the cooldown does not end")
	}
	call()
	if got := asked(upstreams); got[0] != 3 || got[1] != 5 {
		t.Errorf("asked %v, want the first one to be asked again", got)
	}
}

// An outage of all deployments must not be multiplied by retries.
func TestFailover_retryBudgetHolds(t *testing.T) {
	b, upstreams := withDeployments(t, deployment.Routing{AllowedFails: new(1 << 30), RetryShare: new(0.1)}, 1, 1, 1)
	for _, u := range upstreams {
		u.Behave(testenv.Behaviour{Fail: 503})
	}
	const calls = 200
	for range calls {
		if got := b.post(say("spread", fiveTokens, `,"max_tokens":5`)); got.status != http.StatusServiceUnavailable {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	counts := asked(upstreams)
	if total := counts[0] + counts[1] + counts[2]; total > calls+10+calls/10 || total < calls+20 {
		t.Errorf("%d calls became %d, want no more than a tenth and ten beyond", calls, total)
	}
	if spent := b.spent(); spent.Settled != 0 || spent.Reserved != 0 {
		t.Errorf("calls that nobody answered cost %+v", spent)
	}
}

// The reservation holds for the dearest deployment that may answer.
func TestFailover_reservesForTheDearest(t *testing.T) {
	b, upstreams := withDeployments(t, deployment.Routing{}, 1, 0, 0)
	hanging := make(chan answer, 1)
	upstreams[0].Behave(testenv.Behaviour{Hang: true, CompletionTokens: 5})
	go func() { hanging <- b.post(say("spread", "prompt_tokens=5", `,"max_tokens":100`)) }()
	if err := upstreams[0].WaitRunning(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if reserved := b.spent().Reserved; reserved < 100*3*perToken {
		t.Errorf("%s are reserved, want what 100 tokens cost at the dearest deployment", reserved)
	}
	upstreams[0].Release()
	<-hanging
	if spent := b.spent(); spent.Settled != 10*perToken || spent.Reserved != 0 {
		t.Errorf("settled %+v, want ten tokens at the price of the one that answered", spent)
	}
}

// A deployment's own limits hold over all calls; the calls that find them all used up cost their team nothing,
// not even a request.
func TestFailover_deploymentLimits(t *testing.T) {
	b := newBench(t, func(b *bench) {
		b.team.RPMLimit = new(int64(1000))
		for _, id := range []string{"a", "b"} {
			d := b.deployment("spread", b.upstream.URL())
			d.ID, d.RPM = id, new(int64(15))
			b.more = append(b.more, d)
		}
	})
	const calls = 100
	var mu sync.Mutex
	var running sync.WaitGroup
	answers := map[int]int{}
	var refused answer
	for range calls {
		running.Go(func() {
			got := b.post(say("spread", fiveTokens, `,"max_tokens":5`))
			mu.Lock()
			defer mu.Unlock()
			answers[got.status]++
			if got.status != http.StatusOK {
				refused = got
			}
		})
	}
	running.Wait()
	if answers[200] != 30 || answers[429] != 70 || len(b.upstream.Requests()) != 30 {
		t.Fatalf("%v, %d reached the upstream; want 30 and 70", answers, len(b.upstream.Requests()))
	}
	message := refused.error(t).Message
	if !strings.Contains(message, `The model "spread" is at the limit of requests`) || refused.header.Get("Retry-After") == "" ||
		refused.header.Get("X-Bursar-Denied-By") != "deployment.requests" {
		t.Errorf("%s %v", message, refused.header)
	}
	windows, err := b.engine.Used(t.Context(), "marketing", []quota.Window{{Scope: "team:marketing", RPM: 1000, TPM: quota.Unlimited, Parallel: quota.Unlimited}})
	if err != nil || windows[0].Requests != 30 || windows[0].Live != 0 {
		t.Errorf("the team's window is at %+v, %v; want 30 requests", windows, err)
	}
	if spent := b.spent(); spent.Settled != 300*perToken || spent.Reserved != 0 {
		t.Errorf("spent %+v", spent)
	}
}

func TestFailover_tokensOfADeployment(t *testing.T) {
	b := newBench(t, func(b *bench) {
		d := b.deployment("spread", b.upstream.URL())
		d.ID, d.TPM = "a", new(int64(500))
		b.more = append(b.more, d)
	})
	if got := b.post(say("spread", fiveTokens, `,"max_tokens":900`)); got.status != http.StatusBadRequest || !strings.Contains(got.body, "more than a deployment") {
		t.Errorf("a call that never fits: %d %s", got.status, got.body)
	}
	// A client without a cap gets one that fits, and what it did not use goes back.
	for i := range 5 {
		if got := b.post(say("spread", fiveTokens, "")); got.status != http.StatusOK {
			t.Fatalf("call %d: %d %s", i, got.status, got.body)
		}
	}
	windows, err := b.capacity.Used(t.Context(), "a", []quota.Window{{Scope: "deployment:a", RPM: quota.Unlimited, TPM: 500, Parallel: quota.Unlimited}})
	if err != nil || windows[0].Tokens != 50 || windows[0].Live != 0 {
		t.Errorf("the deployment's window is at %+v, %v; want 50 tokens", windows, err)
	}
	if got := b.post(say("spread", fiveTokens, `,"max_tokens":380`)); got.status != http.StatusTooManyRequests {
		t.Errorf("a call that does not fit now: %d %s", got.status, got.body)
	}
}

// A provider that accepts a call and breaks off before the first byte of its answer has not answered.
func TestFailover_anEmptyStreamIsNoAnswer(t *testing.T) {
	mute := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
	}))
	t.Cleanup(mute.Close)
	b := newBench(t, func(b *bench) {
		first, second := b.deployment("spread", mute.URL), b.deployment("spread", b.upstream.URL())
		second.Weight = 0
		b.more = append(b.more, first, second)
	})
	got := b.post(say("spread", fiveTokens, `,"stream":true,"max_tokens":5`))
	if got.status != http.StatusOK || !strings.HasSuffix(got.body, "data: [DONE]\n\n") || strings.Contains(got.body, `"error"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if rows := b.ledger(); len(rows) != 1 || rows[0].Cost != 10*perToken {
		t.Errorf("ledger: %+v, want the second deployment's answer alone", rows)
	}
}
