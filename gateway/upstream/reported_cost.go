package upstream

import (
	"github.com/tidwall/gjson"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// ticksPerNano is how many of xAI's ticks, ten billion to the dollar, make a nano-dollar.
const ticksPerNano = 10

// reportedCost is what a usage object says that the request cost: OpenRouter's cost, in credits, which are US
// dollars, with what the model's own vendor charges beside it where that is paid with a key of one's own; the sum of
// Perplexity's; or xAI's ticks. Zero is nothing said: a sum that makes no sense is none, and nor is 0, which servers
// write where they do not know.
func reportedCost(usage gjson.Result) money.Nano {
	cost := usage.Get("cost")
	if cost.IsObject() {
		if currency := cost.Get("currency"); currency.Exists() && currency.Str != "USD" {
			return 0
		}
		return dollars(cost.Get("total_cost"))
	}
	if ticks := count(usage.Get("cost_in_usd_ticks")); ticks > 0 && !cost.Exists() {
		return money.Nano((ticks + ticksPerNano - 1) / ticksPerNano)
	}
	charged := dollars(cost)
	if usage.Get("is_byok").Bool() {
		charged = min(charged+dollars(usage.Get("cost_details.upstream_inference_cost")), money.Max)
	}
	return charged
}

// dollars reads an amount above zero, and at least a nano-dollar of it.
func dollars(value gjson.Result) money.Nano {
	if value.Type != gjson.Number && value.Type != gjson.String {
		return 0
	}
	amount, err := money.Parse(value.String())
	if err != nil || amount < 0 {
		return 0
	}
	if amount == 0 && value.Num > 0 {
		return 1
	}
	return amount
}
