package admin

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// modelAnswer is a model as it is answered: our fields, and LiteLLM's form of the same.
type modelAnswer struct {
	api.Model
	ModelName string        `json:"model_name"`
	Params    liteLLMParams `json:"litellm_params"`
	// Info is LiteLLM's model_info: the model's metadata, its id, and what is known of it.
	Info map[string]json.RawMessage `json:"model_info"`
}

// liteLLMParams is where a model is and what it costs, as LiteLLM writes it. Prices are in USD per token.
type liteLLMParams struct {
	Model              string   `json:"model"`
	CustomLLMProvider  string   `json:"custom_llm_provider"`
	APIBase            *string  `json:"api_base,omitempty"`
	APIVersion         *string  `json:"api_version,omitempty"`
	InputCostPerToken  *float64 `json:"input_cost_per_token,omitempty"`
	OutputCostPerToken *float64 `json:"output_cost_per_token,omitempty"`
	RPM                *int64   `json:"rpm,omitempty"`
	TPM                *int64   `json:"tpm,omitempty"`
	Weight             int64    `json:"weight"`
}

func (s *Server) modelAnswer(model api.Model) modelAnswer {
	upstreamModel := modelname.Upstream(model.Name)
	if model.UpstreamModel != nil {
		upstreamModel = *model.UpstreamModel
	}
	answer := modelAnswer{
		Model: model, ModelName: model.Name,
		Params: liteLLMParams{
			Model: model.Upstream + "/" + upstreamModel, CustomLLMProvider: model.Upstream,
			APIBase: model.BaseURL, APIVersion: model.APIVersion, RPM: model.RPM, TPM: model.TPM, Weight: model.Weight,
		},
		Info: map[string]json.RawMessage{},
	}
	if model.Price != nil {
		answer.Params.InputCostPerToken, answer.Params.OutputCostPerToken = perToken(model.Price.Input), perToken(model.Price.Output)
	}
	maps.Copy(answer.Info, model.Metadata)
	facts := s.models.Facts(model)
	answer.note("id", model.ModelID)
	answer.note("db_model", model.DeclaredIn == "")
	answer.note("litellm_provider", model.Upstream)
	answer.note("base_model", model.BaseModel)
	answer.note("access_groups", model.AccessGroups)
	answer.note("input_cost_per_token", perToken(facts.Input))
	answer.note("output_cost_per_token", perToken(facts.Output))
	answer.note("max_input_tokens", known(facts.MaxInputTokens))
	answer.note("max_output_tokens", known(facts.MaxOutputTokens))
	return answer
}

// note adds to model_info.
func (a *modelAnswer) note(name string, value any) {
	if text, err := json.Marshal(value); err == nil { // numbers, texts and flags: it cannot fail
		a.Info[name] = text
	}
}

func known(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}

// perToken is a price per million tokens as LiteLLM writes it.
func perToken(perMillion *money.Nano) *float64 {
	if perMillion == nil {
		return nil
	}
	return new(float64(*perMillion) / (float64(money.USD) * 1e6)) // one division: 4e-07 stays 4e-07
}

// modelGroups is the answer of GET /model_group/info.
type modelGroups struct {
	Data []modelGroup `json:"data"`
}

// modelGroup is a name that clients ask for with what its deployments have in common: the dearest price, the
// smallest limits of tokens, the sum of the limits of traffic (null when one of them has none).
type modelGroup struct {
	ModelGroup         string   `json:"model_group"`
	Providers          []string `json:"providers"`
	Deployments        int      `json:"deployments"`
	MaxInputTokens     *int64   `json:"max_input_tokens"`
	MaxOutputTokens    *int64   `json:"max_output_tokens"`
	InputCostPerToken  *float64 `json:"input_cost_per_token"`
	OutputCostPerToken *float64 `json:"output_cost_per_token"`
	RPM                *int64   `json:"rpm"`
	TPM                *int64   `json:"tpm"`
}

// modelGroupInfo is GET /model_group/info: every name, or the one asked for, with what its enabled deployments have in common.
func (s *Server) modelGroupInfo(c *route.Call, in modelGroupAsked) (groups modelGroups, err error) {
	all, err := s.allModels(c.Context())
	if err != nil {
		return groups, err
	}
	groups = modelGroups{Data: []modelGroup{}}
	index := map[string]int{}
	for _, model := range all {
		if !model.Enabled || in.ModelGroup != "" && in.ModelGroup != model.Name {
			continue
		}
		at, met := index[model.Name]
		if !met {
			at = len(groups.Data)
			index[model.Name] = at
			groups.Data = append(groups.Data, modelGroup{ModelGroup: model.Name, RPM: new(int64), TPM: new(int64)})
		}
		groups.Data[at].add(model, s.models.Facts(model))
	}
	return groups, nil
}

func (g *modelGroup) add(model api.Model, facts ModelFacts) {
	g.Deployments++
	if !slices.Contains(g.Providers, model.Upstream) {
		g.Providers = append(g.Providers, model.Upstream)
	}
	g.MaxInputTokens = smaller(g.MaxInputTokens, known(facts.MaxInputTokens))
	g.MaxOutputTokens = smaller(g.MaxOutputTokens, known(facts.MaxOutputTokens))
	g.InputCostPerToken = larger(g.InputCostPerToken, perToken(facts.Input))
	g.OutputCostPerToken = larger(g.OutputCostPerToken, perToken(facts.Output))
	g.RPM, g.TPM = sum(g.RPM, model.RPM), sum(g.TPM, model.TPM)
}

func smaller(a, b *int64) *int64 {
	if a == nil || b != nil && *b < *a {
		return b
	}
	return a
}

func larger(a, b *float64) *float64 {
	if a == nil || b != nil && *b > *a {
		return b
	}
	return a
}

// sum is nil when either is, which is unlimited.
func sum(a, b *int64) *int64 {
	if a == nil || b == nil {
		return nil
	}
	return new(*a + *b)
}
