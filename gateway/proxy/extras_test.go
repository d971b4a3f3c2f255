package proxy_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

func TestExtras_areServedOncePriced(t *testing.T) {
	b := newBench(t, func(b *bench) {
		dear := b.deployment("dear", b.upstream.URL())
		dear.Price = b.price(pricing.List{
			Terms:    pricing.Terms{Input: new(money.USD), Output: new(money.USD)},
			Priority: &pricing.PlanTerms{Terms: pricing.Terms{Input: new(2 * money.USD), Output: new(2 * money.USD)}},
			Search:   pricing.SearchPrice{Low: cent, Medium: 2 * cent, High: 3 * cent},
		})
		b.more = append(b.more, dear)
	})
	for name, test := range map[string]struct {
		more string
		cost money.Nano
	}{
		"priority":      {`,"service_tier":"priority"`, 2 * 25 * perToken},
		"the usual":     {`,"service_tier":"default"`, 25 * perToken},
		"a wide search": {`,"web_search_options":{"search_context_size":"high"}`, 25*perToken + 3*cent},
	} {
		t.Run(name, func(t *testing.T) {
			before := b.spent().Settled
			if got := b.post(say("dear", "prompt_tokens=20 completion_tokens=5", test.more)); got.status != http.StatusOK {
				t.Fatalf("%d %s", got.status, got.body)
			}
			if cost := b.spent().Settled - before; cost != test.cost {
				t.Errorf("cost %s, want %s", cost, test.cost)
			}
		})
	}
	if got := b.post(say("dear", "", `,"service_tier":"flex"`)); got.status != http.StatusBadRequest || !strings.Contains(got.body, `\"flex\" is not served`) {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// A picture in the body must not be reserved as if it were text, on any wire.
func TestPictures_areWeighedNotRead(t *testing.T) {
	data := base64.StdEncoding.EncodeToString(make([]byte, 300_000))
	for path, body := range map[string]string{
		"/v1/chat/completions": `{"model":"m","max_tokens":5,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,` + data + `"}}]}]}`,
		"/v1/responses":        `{"model":"m","max_output_tokens":5,"input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,` + data + `"}]}]}`,
		"/v1/messages":         `{"model":"claude","max_tokens":5,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"` + data + `"}}]}]}`,
	} {
		b := newBench(t, func(b *bench) { b.team.TPMLimit = new(int64(30_000)) })
		if got := b.send("POST", path, body, nil); got.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}
