package usage

import (
	"encoding/json"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/tokens"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// costQuestion is the body of POST /spend/calculate: a model with messages, or an answer with its usage.
type costQuestion struct {
	Model              *string           `json:"model"`
	Messages           []json.RawMessage `json:"messages"`
	CompletionResponse *completionAnswer `json:"completion_response"`
}

// completionAnswer is the part of a completion that its cost follows from.
type completionAnswer struct {
	_     struct{} `openapi:"open"`
	Model string   `json:"model"`
	Usage struct {
		PromptTokens        int64 `json:"prompt_tokens"`
		CompletionTokens    int64 `json:"completion_tokens"`
		PromptTokensDetails struct {
			CachedTokens int64 `json:"cached_tokens"`
		} `json:"prompt_tokens_details"`
	} `json:"usage"`
}

// cost is the answer of POST /spend/calculate, in USD.
type cost struct {
	Cost money.Nano `json:"cost"`
}

// calculateSpend is POST /spend/calculate: what an answer cost, or what a prompt costs before any answer.
func (s *Books) calculateSpend(_ *route.Call, question costQuestion) (cost, error) {
	answer := question.CompletionResponse
	model := ""
	switch {
	case question.Model != nil:
		model = *question.Model
	case answer != nil:
		model = answer.Model
	}
	if model == "" || (answer == nil && question.Messages == nil) {
		return cost{}, api.FieldErrorf("model", "and messages are required, or a completion_response with its model and usage")
	}
	price, known := s.Prices.Price(model)
	if !known {
		return cost{}, api.FieldErrorf("model", "%q has no known price", model)
	}
	if answer == nil {
		prompt, err := json.Marshal(map[string]any{"messages": question.Messages})
		if err != nil {
			return cost{}, err
		}
		return cost{price.Cost(pricing.Usage{PromptTokens: tokens.EstimateTokens(model, prompt)})}, nil
	}
	return cost{price.Cost(pricing.Usage{
		PromptTokens: answer.Usage.PromptTokens, CompletionTokens: answer.Usage.CompletionTokens,
		CachedTokens: answer.Usage.PromptTokensDetails.CachedTokens,
	})}, nil
}

// Prices knows what the models that are served cost.
type Prices interface {
	// Price returns the price of the model that clients ask for by the name.
	Price(model string) (pricing.Price, bool)
}

// NothingPriced knows no prices.
type NothingPriced struct{}

// Price implements [Prices].
func (NothingPriced) Price(string) (pricing.Price, bool) { return pricing.Price{}, false }
