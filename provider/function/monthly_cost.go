package function

import (
	"context"
	"fmt"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

var _ function.Function = monthlyCost{}

// mostCounted bounds tokens and requests: no month has more.
const mostCounted = 1_000_000_000_000_000

type monthlyCost struct{}

func (monthlyCost) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "monthly_cost"
}

func (monthlyCost) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	count := func(name, description string) function.Parameter {
		return function.NumberParameter{Name: name, MarkdownDescription: description}
	}
	resp.Definition = function.Definition{
		Summary: "What a month of requests to a model costs, in US dollars",
		MarkdownDescription: "What `requests` requests cost, each with that many tokens, at the list prices of catalogue `" + pricing.Embedded().Version() + "`, " +
			"which this version of the provider and the gateway of the same version bring with them. Nobody is asked over the network: " +
			"prices that a gateway was given otherwise, and discounts for cached prompts, are not known here. Parts of a token or request count as one. " +
			"Use it to put a budget into proportion, such as `max_budget = ceil(1.5 * provider::bursar::monthly_cost(…))`.",
		Parameters: []function.Parameter{
			function.StringParameter{
				Name:                "model",
				MarkdownDescription: "The model as its provider names it, such as `gpt-4.1-mini`, or with the provider in front, such as `anthropic/claude-sonnet-4-5`.",
			},
			count("prompt_tokens", "The tokens of one prompt. Where a price depends on the size of the prompt, this decides."),
			count("completion_tokens", "The tokens of one completion, reasoning included."),
			count("requests", "How many requests there are in the month."),
		},
		Return: function.NumberReturn{},
	}
}

func (monthlyCost) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var model string
	var numbers [3]*big.Float
	if resp.Error = req.Arguments.Get(ctx, &model, &numbers[0], &numbers[1], &numbers[2]); resp.Error != nil {
		return
	}
	var counts [3]int64
	for i, number := range numbers {
		var ok bool
		if counts[i], ok = counted(number); !ok {
			resp.Error = function.NewArgumentFuncError(int64(i+1), fmt.Sprintf("it must be between 0 and %d, and is %s", int64(mostCounted), number.Text('g', 20)))
			return
		}
	}
	price, found := pricing.Embedded().Find("openai", model)
	if !found {
		resp.Error = function.NewArgumentFuncError(0, fmt.Sprintf(
			"the catalogue %s has no price for %q; name the model as its provider does, such as gpt-4.1-mini, or with the provider in front, such as anthropic/claude-sonnet-4-5",
			pricing.Embedded().Version(), model))
		return
	}
	each := price.Cost(pricing.Usage{PromptTokens: counts[0], CompletionTokens: counts[1]})
	resp.Error = resp.Result.Set(ctx, dollars(each, counts[2]))
}

// counted rounds up a count that may have been reckoned, such as 22 * 1000 / 3.
func counted(number *big.Float) (count int64, ok bool) {
	if number.Sign() < 0 || number.Cmp(big.NewFloat(mostCounted)) > 0 {
		return 0, false
	}
	count, accuracy := number.Int64()
	if accuracy == big.Below {
		count++
	}
	return count, true
}

// dollars is an amount so many times over, in US dollars, to the nano-dollar.
func dollars(each money.Nano, times int64) *big.Float {
	product := new(big.Int).Mul(big.NewInt(int64(each)), big.NewInt(times))
	exact := new(big.Rat).SetFrac(product, big.NewInt(int64(money.USD)))
	number, _, err := big.ParseFloat(exact.FloatString(9), 10, attribute.NumberPrecision, big.ToNearestEven)
	if err != nil {
		return new(big.Float) // digits are a number, always
	}
	return number
}
