package proxy_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// capSent is the output cap of the latest request at the provider.
func (b *bench) capSent() int64 {
	b.t.Helper()
	requests := b.upstream.Requests()
	if len(requests) == 0 {
		b.t.Fatal("nothing reached the provider")
	}
	body := gjson.ParseBytes(requests[len(requests)-1].Body)
	return max(body.Get("max_tokens").Int(), body.Get("max_completion_tokens").Int(), body.Get("max_output_tokens").Int())
}

func (b *bench) large(change func(*deployment.Deployment)) {
	d := b.deployment("large", b.upstream.URL())
	d.MaxOutputTokens = 32_768
	if change != nil {
		change(&d)
	}
	b.more = append(b.more, d)
}

func TestOutput_whoSaysTheLeast(t *testing.T) {
	tests := map[string]struct {
		own, team int64
		most      int64
		want      int64
	}{
		"the default":              {want: 4096},
		"the model's":              {own: 2048, want: 2048},
		"the team's":               {own: 2048, team: 64, want: 64},
		"more than the usual":      {team: 8192, want: 8192},
		"the model can say less":   {team: 8192, most: 700, want: 700},
		"the model can say little": {most: 20, want: 20},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, func(b *bench) {
				b.large(func(d *deployment.Deployment) {
					d.MinOutputTokens = test.own
					if test.most > 0 {
						d.MaxOutputTokens = test.most
					}
				})
				// A thousand requests a minute would have 15 tokens each.
				b.team.RateLimits = api.RateLimits{RPMLimit: new(int64(1000)), TPMLimit: new(int64(15_000))}
				if test.team > 0 {
					b.team.MinOutputTokens = &test.team
				}
			})
			if got := b.post(say("large", fiveTokens, "")); got.status != http.StatusOK || b.capSent() != test.want {
				t.Errorf("%d, the provider was sent a cap of %d, want %d", got.status, b.capSent(), test.want)
			}
		})
	}
}

// What is used leaves a rest, too little of one, or the limit is too small; at the team's tokens, its budget, and a
// deployment's tokens.
func TestOutput_restOfALimit(t *testing.T) {
	tests := map[string]struct {
		limit, used int64
		least, most int64 // that the provider is sent, 0 when the call is refused
		status      int   // by a rate limit, if it is
	}{
		"plenty":            {limit: 10_000, least: 4096, most: 4096},
		"a rest":            {limit: 6_000, used: 4_000, least: 1900, most: 1999},
		"too little":        {limit: 6_000, used: 5_200, status: http.StatusTooManyRequests},
		"a small limit":     {limit: 800, least: 700, most: 799},
		"a rest of it":      {limit: 800, used: 300, least: 400, most: 499},
		"too little of it":  {limit: 800, used: 600, status: http.StatusTooManyRequests},
		"too small a limit": {limit: 200, status: http.StatusBadRequest},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, at := range []string{"tokens", "budget", "deployment"} {
				t.Run(at, func(t *testing.T) {
					b := newBench(t, func(b *bench) {
						b.large(func(d *deployment.Deployment) {
							if at == "deployment" {
								d.ID, d.TPM = "limited", &test.limit
							}
						})
						switch at {
						case "tokens":
							b.team.TPMLimit = &test.limit
						case "budget":
							b.team.MaxBudget = new(money.Nano(test.limit) * perToken)
						}
					})
					if test.used > 0 {
						b.use(test.used)
					}
					got := b.post(say("large", fiveTokens, ""))
					switch {
					case test.most > 0:
						if cap := b.capSent(); got.status != http.StatusOK || cap < test.least || cap > test.most {
							t.Errorf("%d, the provider was sent a cap of %d, want %d to %d: %s", got.status, cap, test.least, test.most, got.body)
						}
					case at == "budget":
						if got.status != http.StatusForbidden {
							t.Errorf("%d %s, want 403", got.status, got.body)
						}
					case got.status != test.status:
						t.Errorf("%d %s, want %d", got.status, got.body, test.status)
					}
				})
			}
		})
	}
}

// use makes a call that uses so many tokens.
func (b *bench) use(tokens int64) {
	b.t.Helper()
	if got := b.post(say("large", fmt.Sprintf("prompt_tokens=5 completion_tokens=%d", tokens-5), fmt.Sprintf(`,"max_tokens":%d`, tokens-5))); got.status != http.StatusOK {
		b.t.Fatalf("%d %s", got.status, got.body)
	}
}

// Calls that need all of a limit at once come through one after the other.
func TestOutput_waitsForOthers(t *testing.T) {
	for _, at := range []string{"tokens", "budget", "deployment"} {
		t.Run(at, func(t *testing.T) {
			limit := int64(5_000)
			b := newBench(t, func(b *bench) {
				b.large(func(d *deployment.Deployment) {
					if at == "deployment" {
						d.ID, d.TPM = "limited", &limit
					}
				})
				switch at {
				case "tokens":
					b.team.TPMLimit = &limit
				case "budget":
					b.team.MaxBudget = new(money.Nano(limit) * perToken)
				}
			})
			first, second := make(chan answer, 1), make(chan answer, 1)
			go func() { first <- b.post(say("large", "prompt_tokens=5 hang", "")) }()
			if err := b.upstream.WaitRunning(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			go func() { second <- b.post(say("large", fiveTokens, "")) }()
			b.upstream.Release()
			if got := <-first; got.status != http.StatusOK {
				t.Errorf("the first: %d %s", got.status, got.body)
			}
			if got := <-second; got.status != http.StatusOK || b.capSent() < 4096 {
				t.Errorf("the second: %d, a cap of %d: %s", got.status, b.capSent(), got.body)
			}
		})
	}
}

// Others' reservations that do not end are answered with a wait of seconds.
func TestOutput_isHeldByOthers(t *testing.T) {
	for _, at := range []string{"tokens", "budget", "deployment"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			limit := int64(5_000)
			b := newBench(t, func(b *bench) {
				b.large(func(d *deployment.Deployment) {
					if at == "deployment" {
						d.ID, d.TPM = "limited", &limit
					}
				})
				switch at {
				case "tokens":
					b.team.TPMLimit = &limit
				case "budget":
					b.team.MaxBudget = new(money.Nano(limit) * perToken)
				}
			})
			first := make(chan answer, 1)
			go func() { first <- b.post(say("large", "prompt_tokens=5 hang", "")) }()
			if err := b.upstream.WaitRunning(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			got := b.post(say("large", fiveTokens, ""))
			if wait := got.header.Get("Retry-After"); got.status != http.StatusTooManyRequests || wait != "1" && wait != "2" {
				t.Errorf("%d, Retry-After %q: %s", got.status, wait, got.body)
			}
			b.upstream.Release()
			<-first
		})
	}
}

// Providers of responses refuse a cap below 16.
func TestOutput_ofResponses(t *testing.T) {
	b := newBench(t, func(b *bench) {
		b.large(nil)
		b.team.RateLimits = api.RateLimits{RPMLimit: new(int64(1000)), TPMLimit: new(int64(15_000))}
	})
	prose := strings.Repeat("What do you know of money? ", 50)
	got := b.send("POST", "/v1/responses", `{"model":"large","input":"`+prose+`"}`, nil)
	if got.status != http.StatusOK || b.capSent() != 4096 {
		t.Errorf("%d, the provider was sent a cap of %d: %s", got.status, b.capSent(), got.body)
	}
}
