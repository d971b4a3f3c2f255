package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/bursarhq/terraform-provider-bursar/gateway/tokens"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// documented are the limits that the README, the examples, the guides and the usual documents of teams name;
// requests per minute are 0 where none are given.
var documented = []struct{ rpm, tpm int64 }{
	{30, 15_000},
	{60, 30_000},
	{80, 40_000},
	{120, 60_000},
	{200, 100_000},
	{1_000, 100_000},
	{0, 500_000},
	{10_000, 1_000_000},
	{10_000, 2_000_000},
}

// leastRest is the least output that a caller gets who names no cap, under limits of which some is used up.
const leastRest = 1024

const (
	fewWords  = 10   // that an answer has
	manyWords = 3000 // that one has which uses a limit up
)

// TestOutputCap_isNeverCutByALimitThatWasNotReached makes calls without an output cap under all documented limits:
// no provider is sent a cap below 1,024, and nothing is refused that fits by what was really used.
func TestOutputCap_isNeverCutByALimitThatWasNotReached(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"in process", "Redis"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			c := newCapBench(t, store == "Redis")
			for _, limits := range documented {
				for _, length := range []int{20, 200, 400, 2_000, 8_000} {
					for _, stream := range []bool{false, true} {
						name := fmt.Sprintf("%d rpm %d tpm %d characters stream=%t", limits.rpm, limits.tpm, length, stream)
						t.Run(name, func(t *testing.T) {
							t.Parallel()
							c.eightAtOnce(t, limits.rpm, limits.tpm, length, stream)
						})
					}
				}
			}
		})
	}
}

// TestOutputCap_whatOfALimitCanBeUsed calls until a limit refuses, and prints how much of it was used by then.
func TestOutputCap_whatOfALimitCanBeUsed(t *testing.T) {
	t.Parallel()
	c := newCapBench(t, false)
	for _, limits := range documented {
		for _, length := range []int{20, 8_000} {
			c.upstream.Behave(testenv.Behaviour{CompletionTokens: manyWords, PromptTokens: promptOf(length)})
			used, refused := c.useUp(t, limits.rpm, limits.tpm, length)
			t.Logf("%5d rpm %7d tpm, prompts of %4d characters: %.1f %% of the tokens per minute can be used", limits.rpm, limits.tpm, length, 100*float64(used)/float64(limits.tpm))
			if room := limits.tpm - used - promptOf(length); used > limits.tpm || refused == "team.tokens" && room >= leastRest {
				t.Errorf("%d of %d were used when a call was refused that has room for %d tokens of output", used, limits.tpm, room)
			}
		}
	}
}

// capBench is a gateway for calls without an output cap.
type capBench struct {
	*gateway
	upstream *testenv.Upstream
}

func newCapBench(t *testing.T, redis bool) *capBench {
	t.Helper()
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{Default: testenv.Behaviour{CompletionTokens: fewWords, Delay: 50 * time.Millisecond}})
	c := settings(t, upstream)
	if redis {
		c.RedisURL = testenv.StartRedis(t).URL()
	}
	// The model's list price: of a dollar budget of a hundred nothing is the matter.
	input, output := 400*money.USD/1000, 1600*money.USD/1000
	c.Models[0].Price = &api.ModelPrice{TokenPrices: api.TokenPrices{Input: &input, Output: &output}}
	return &capBench{start(t, c), upstream}
}

// team makes a team with a hundred dollars and a key for it.
func (c *capBench) team(id string, rpm, tpm int64) (key string) {
	limits := ""
	if rpm > 0 {
		limits = fmt.Sprintf(`,"rpm_limit":%d`, rpm)
	}
	c.admin("POST", "/team/new", fmt.Sprintf(`{"team_id":%q,"max_budget":100,"tpm_limit":%d%s}`, id, tpm, limits))
	return c.admin("POST", "/key/generate", fmt.Sprintf(`{"team_id":%q}`, id))["key"].(string)
}

func uncapped(length int, stream bool) string {
	prose := strings.Repeat("Please tell me what you know of the history of money. ", length/50+1)[:length]
	return fmt.Sprintf(`{"model":"gpt-4.1-mini","stream":%t,"messages":[{"role":"user","content":%q}]}`, stream, prose)
}

// promptOf is how a prompt of so many characters is counted.
func promptOf(length int) int64 {
	return (*tokens.Memory)(nil).Weigh("", "gpt-4.1-mini", []byte(uncapped(length, false))).Bound(tokens.Learned{})
}

func (c *capBench) eightAtOnce(t *testing.T, rpm, tpm int64, length int, stream bool) {
	id := strings.NewReplacer("/", "-", " ", "-", "=", "-").Replace(t.Name())
	key := c.team(id, rpm, tpm)
	body := uncapped(length, stream)
	alone := try(t.Context(), c.URL(), key, "alone-"+id, body)
	if !alone.served() {
		t.Fatalf("alone: %d %s", alone.status, alone.body)
	}
	outcomes := make([]outcome, 8)
	var group sync.WaitGroup
	for n := range outcomes {
		group.Go(func() { outcomes[n] = try(t.Context(), c.URL(), key, fmt.Sprintf("%d-%s", n, id), body) })
	}
	group.Wait()
	each := int64(4 + (length+3)/4 + fewWords) // as the provider reports it
	used := each
	var refused []outcome
	for _, o := range outcomes {
		if o.served() {
			used += each
			continue
		}
		refused = append(refused, o)
	}
	for _, o := range refused {
		if o.status != http.StatusTooManyRequests || o.header.Get("Retry-After") == "" {
			t.Errorf("refused with %d %s", o.status, o.body)
		}
		if used+promptOf(length)+leastRest <= tpm {
			t.Errorf("refused although it fits by what was used (%d of %d): %s", used, tpm, o.body)
		}
	}
	for _, sent := range c.sentFor(body) {
		if got := gjson.Get(sent, "max_completion_tokens").Int() + gjson.Get(sent, "max_tokens").Int(); got < leastRest {
			t.Errorf("the provider was sent a cap of %d: %.200s", got, sent)
		}
	}
}

// sentFor are the bodies that the provider was sent for a client's body.
func (c *capBench) sentFor(body string) (sent []string) {
	want := gjson.Get(body, "messages").Raw
	for _, request := range c.upstream.Requests() {
		if gjson.GetBytes(request.Body, "messages").Raw == want {
			sent = append(sent, string(request.Body))
		}
	}
	return sent
}

// useUp calls one after the other until a call is refused.
func (c *capBench) useUp(t *testing.T, rpm, tpm int64, length int) (used int64, refusedBy string) {
	t.Helper()
	key := c.team(fmt.Sprintf("used-up-%d-%d-%d", rpm, tpm, length), rpm, tpm)
	for {
		status, header, text := c.do("POST", "/v1/chat/completions", key, uncapped(length, false))
		if status == http.StatusTooManyRequests {
			return used, header.Get("X-Bursar-Denied-By")
		}
		if status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
		var answer struct {
			Usage struct {
				Total int64 `json:"total_tokens"`
			}
		}
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Fatal(err)
		}
		used += answer.Usage.Total
	}
}
