package pricing_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// What is believed already is believed again.
func TestAccept_takesTheBuiltInPricesFromItself(t *testing.T) {
	accepted, refused := pricing.Embedded().Accept(pricing.Embedded())
	if len(refused) > 0 || len(accepted.Models()) != len(pricing.Embedded().Models()) {
		t.Errorf("refused %+v", refused)
	}
}

// Whatever a list says, nothing that cost something is free afterwards, and nothing costs more than ten times as much.
func TestAccept_neverMakesAnythingFree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, next := drawPrice(t), drawPrice(t)
		model := func(price pricing.Price) []pricing.Model {
			return []pricing.Model{{Provider: "p", Name: "m", Mode: "chat", Price: price}}
		}
		accepted, _ := pricing.Restore("a", model(before)).Accept(pricing.Restore("b", model(next)))
		price, known := accepted.Find("p", "m")
		if !known {
			t.Fatal("a model is gone")
		}
		for _, service := range []string{"", "flex", "priority", "batch"} {
			for _, prompt := range []int64{1, 500, 1_000, 1_000_000} {
				usage := pricing.Usage{PromptTokens: prompt, CompletionTokens: 1_000, Service: service}
				was, is := before, price
				was.Believed, is.Believed = 0, 0
				old, now := was.Cost(usage), is.Cost(usage)
				if old > 1 && now == 0 || old < money.Max/20 && now > 11*old+11 && old > 0 && was.Request > 0 && was.Input > 0 && was.Output > 0 {
					t.Fatalf("%d prompt tokens, service %q: %d became %d", prompt, service, old, now)
				}
			}
		}
	})
}
