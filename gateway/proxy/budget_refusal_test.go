package proxy_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// refused is what programs read of a refusal, in either shape.
type refused struct {
	Error struct {
		Message, Type, Code string
		Param               *string

		api.Refusal
	}
}

func (a answer) refused(t *testing.T) refused {
	t.Helper()
	var read refused
	if err := json.Unmarshal([]byte(a.body), &read); err != nil || read.Error.Message == "" {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	if strings.Contains(read.Error.Message, "Current cost: 0,") {
		t.Errorf("nothing is spent, and yet: %s", read.Error.Message)
	}
	return read
}

// dialects are the ways to ask, with the status of a budget's refusal and the field that bounds the output.
var dialects = map[string]struct {
	route, cap string
	status     int
}{
	"chat":      {"chat", "max_tokens", 403},
	"messages":  {"messages", "max_tokens", 402},
	"responses": {"responses", "max_output_tokens", 400},
}

// ask asks for an output of at most as many tokens.
func (b *bench) ask(dialect string, most int64, instructions string) answer {
	b.t.Helper()
	d := dialects[dialect]
	body := strings.Replace(routes[d.route].say(instructions, fmt.Sprintf(`,%q:%d`, d.cap, most)), `"max_tokens":100,`, "", 1)
	return b.send("POST", routes[d.route].path, body, nil)
}

func TestBudget_spent(t *testing.T) {
	for dialect, d := range dialects {
		t.Run(dialect, func(t *testing.T) {
			b := newBench(t, func(b *bench) {
				b.team.MaxBudget, b.team.BudgetDuration, b.contact = new(2000*perToken), new("1mo"), "platform@example.com"
			})
			if got := b.ask(dialect, 900, "prompt_tokens=20 completion_tokens=900"); got.status != http.StatusOK {
				t.Fatalf("%d %s", got.status, got.body)
			}
			b.change(func(team *api.Team) { team.MaxBudget = new(920 * perToken) })
			got := b.ask(dialect, 1, "")
			body := got.refused(t).Error
			if got.status != d.status || body.Reason != api.ReasonSpent || body.Left == nil || *body.Left != 0 ||
				body.ResetsAt == nil || !body.ResetsAt.After(time.Now()) || body.Contact != "platform@example.com" {
				t.Errorf("%d %s", got.status, got.body)
			}
			for _, want := range []string{
				"Budget has been exceeded! Team=marketing Current cost: 0.00092, Max budget: 0.00092.", "It resets at ",
				"Budget cap reached, contact admin: platform@example.com",
			} {
				if !strings.Contains(body.Message, want) {
					t.Errorf("%q does not say %q", body.Message, want)
				}
			}
			if resets := got.header.Get("x-bursar-resets-at"); resets != body.ResetsAt.Format(time.RFC3339) {
				t.Errorf("x-bursar-resets-at: %s, resets_at: %s", resets, body.ResetsAt)
			}
			if got.header.Get("x-should-retry") != "false" || got.header.Get("Retry-After") != "" {
				t.Errorf("headers: %v", got.header)
			}
		})
	}
}

func TestBudget_tooDear(t *testing.T) {
	for dialect, d := range dialects {
		t.Run(dialect, func(t *testing.T) {
			b := newBench(t, func(b *bench) {
				b.team.MaxBudget, b.team.BudgetDuration = new(500*perToken), new("1mo")
				b.contact = "https://example.com/limits"
			})
			got := b.ask(dialect, 900, "completion_tokens=1")
			body := got.refused(t).Error
			if got.status != d.status || body.Reason != api.ReasonTooDear || body.ResetsAt == nil || body.Param == nil || *body.Param != d.cap ||
				body.MayCost == nil || *body.MayCost <= 900*perToken || body.Left == nil || *body.Left != 500*perToken {
				t.Errorf("%d %s", got.status, got.body)
			}
			if strings.Contains(body.Message, "exceeded") || !strings.Contains(body.Message, "Team=marketing has $0.0005 left of $0.0005") ||
				!strings.Contains(body.Message, "https://example.com/limits") {
				t.Errorf("message: %s", body.Message)
			}
			if got.header.Get("x-should-retry") != "false" || got.header.Get("Retry-After") != "" {
				t.Errorf("headers: %v", got.header)
			}
			if body.MaxTokens == nil {
				t.Fatalf("no max_tokens: %s", got.body)
			}
			// The advice is exact: one token more does not fit.
			more := b.ask(dialect, *body.MaxTokens+1, "completion_tokens=1")
			if more.status != d.status {
				t.Errorf("with %d: %d %s", *body.MaxTokens+1, more.status, more.body)
			}
			if less := b.ask(dialect, *body.MaxTokens, "completion_tokens=1"); less.status != http.StatusOK {
				t.Errorf("with %d: %d %s", *body.MaxTokens, less.status, less.body)
			}
		})
	}
}

// A budget that the prompt as it is fits into is no reason, however large its first, loose bound was.
func TestBudget_isNotTheReasonWhenAnotherLimitIs(t *testing.T) {
	b := newBench(t, func(b *bench) { b.team.MaxBudget, b.team.RPMLimit = new(10_000*perToken), new(int64(1)) })
	if got := b.post(say("m", "completion_tokens=1", `,"max_tokens":10`)); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	got := b.post(say("m", strings.Repeat("word ", 5000), `,"max_tokens":10`))
	if got.status != http.StatusTooManyRequests || got.header.Get("x-bursar-denied-by") != "team.requests" || got.header.Get("Retry-After") == "" {
		t.Errorf("%d %v %s", got.status, got.header, got.body)
	}
	tooDear := b.post(say("m", strings.Repeat("word ", 50_000), `,"max_tokens":10`))
	if body := tooDear.refused(t).Error; tooDear.status != http.StatusForbidden || body.Reason != api.ReasonTooDear {
		t.Errorf("%d %s", tooDear.status, tooDear.body)
	}
}

// A prompt that alone is too dear has no max_tokens that helps, and several choices share what is left.
func TestBudget_tooDearAdvice(t *testing.T) {
	b := newBench(t, func(b *bench) { b.team.MaxBudget, b.key.MaxBudget = new(1000*perToken), new(700*perToken) })
	long := b.post(say("m", strings.Repeat("word ", 2000), `,"max_tokens":10`)).refused(t).Error
	if long.MaxTokens != nil || !strings.Contains(long.Message, "No max_tokens would make it fit; send a shorter prompt.") {
		t.Errorf("%+v", long)
	}
	b.change(func(team *api.Team) { team.MaxBudget = new(200 * perToken) })
	unset := b.post(say("m", "completion_tokens=1", "")).refused(t).Error
	if unset.MaxTokens == nil || *unset.MaxTokens < 50 || *unset.MaxTokens > 200 {
		t.Fatalf("%+v", unset)
	}
	if got := b.post(say("m", "completion_tokens=1", fmt.Sprintf(`,"max_tokens":%d`, *unset.MaxTokens))); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
	b.change(func(team *api.Team) { team.MaxBudget = nil })
	several := b.post(say("m", "completion_tokens=1", `,"max_tokens":600,"n":4`)).refused(t).Error
	if several.MaxTokens == nil || *several.MaxTokens > 175 || *several.MaxTokens < 150 || !strings.Contains(several.Message, "4 answers of 600 tokens") ||
		*several.Left >= 700*perToken {
		t.Fatalf("%+v", several)
	}
	if got := b.post(say("m", "completion_tokens=1", fmt.Sprintf(`,"max_tokens":%d,"n":4`, *several.MaxTokens))); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// What others have reserved is no reason to give up, however long they take.
func TestBudget_held(t *testing.T) {
	for dialect := range dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel() // each waits for as long as a call waits for others
			b := newBench(t, func(b *bench) {
				b.team.MaxBudget, b.team.BudgetDuration, b.contact = new(1000*perToken), new("1mo"), "platform@example.com"
			})
			var under sync.WaitGroup
			under.Go(func() {
				if got := b.ask(dialect, 800, "completion_tokens=1 delay_ms=4000"); got.status != http.StatusOK {
					t.Errorf("%d %s", got.status, got.body)
				}
			})
			for b.spent().Reserved == 0 {
				time.Sleep(time.Millisecond)
			}
			got := b.ask(dialect, 700, "completion_tokens=1")
			body := got.refused(t).Error
			wait, err := strconv.ParseInt(got.header.Get("Retry-After"), 10, 64)
			if got.status != http.StatusTooManyRequests || err != nil || wait < 1 || wait > 10 || got.header.Get("x-should-retry") == "false" {
				t.Errorf("%d %v %s", got.status, got.header, got.body)
			}
			if body.Reason != api.ReasonHeld || body.Left == nil || *body.Left != 1000*perToken || body.Contact != "" || body.ResetsAt != nil ||
				!strings.Contains(body.Message, "Calls under way have reserved $0.0009") || strings.Contains(body.Message, "exceeded") {
				t.Errorf("%s", got.body)
			}
			under.Wait()
			if again := b.ask(dialect, 700, "completion_tokens=1"); again.status != http.StatusOK {
				t.Errorf("when they have ended: %d %s", again.status, again.body)
			}
		})
	}
}

func TestBudget_zeroRefusesEverything(t *testing.T) {
	b := newBench(t, func(b *bench) { b.team.MaxBudget = new(money.Nano(0)) })
	got := b.post(say("m", "", ""))
	if body := got.refused(t).Error; got.status != 403 || body.Reason != api.ReasonSpent || !strings.Contains(body.Message, "Max budget: 0, which refuses every call. Budget cap reached, contact admin.") {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// A budget never tells anybody to wait for more than a minute: there are clients that do.
func TestBudget_retryAfterOnlyWhenItIsNear(t *testing.T) {
	for name, test := range map[string]struct {
		left time.Duration
		told bool
	}{"days": {30 * time.Hour, false}, "above a minute": {70 * time.Second, false}, "seconds": {30 * time.Second, true}} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, func(b *bench) { b.team.MaxBudget, b.team.BudgetDuration = new(perToken), new("1d") })
			end := time.Now().UTC().Truncate(24 * time.Hour).Add(48 * time.Hour)
			b.ahead.Store(int64(time.Until(end.Add(-test.left))))
			got := b.post(say("m", "", ""))
			if got.status != http.StatusForbidden {
				t.Fatalf("%d %s", got.status, got.body)
			}
			seconds, _ := strconv.Atoi(got.header.Get("Retry-After"))
			if (seconds > 0) != test.told || seconds > 60 {
				t.Errorf("Retry-After: %q", got.header.Get("Retry-After"))
			}
		})
	}
}

func TestRefusals_modelsThatAreNotAllowed(t *testing.T) {
	for dialect, d := range dialects {
		for _, litellm := range []bool{false, true} {
			b := newBench(t, func(b *bench) { b.team.Models, b.litellm = api.StringList{"other"}, litellm })
			got := b.ask(dialect, 5, "")
			body := got.refused(t).Error
			want, kind := http.StatusNotFound, map[string]string{"chat": "model_not_found", "responses": "model_not_found", "messages": "not_found_error"}[dialect]
			if litellm {
				want, kind = http.StatusUnauthorized, map[string]string{"chat": "401", "responses": "401", "messages": "authentication_error"}[dialect]
			}
			if got.status != want || body.Code != kind && body.Type != kind || !strings.Contains(body.Message, "This team can only access models=[other]") {
				t.Errorf("%s, litellm_errors %v: %d %s", d.route, litellm, got.status, got.body)
			}
		}
	}
}
