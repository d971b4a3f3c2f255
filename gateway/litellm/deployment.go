package litellm

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// speakers are LiteLLM's names of providers that speak OpenAI's wire, with their addresses; "" is given by api_base.
var speakers = map[string]string{
	"openai": "", "text-completion-openai": "", "openai_like": "", "custom_openai": "", "hosted_vllm": "", "litellm_proxy": "", "lm_studio": "", "llamafile": "",
	"mistral": "https://api.mistral.ai/v1", "groq": "https://api.groq.com/openai/v1", "deepseek": "https://api.deepseek.com/v1",
	"xai": "https://api.x.ai/v1", "together_ai": "https://api.together.xyz/v1", "openrouter": "https://openrouter.ai/api/v1",
	"fireworks_ai": "https://api.fireworks.ai/inference/v1", "perplexity": "https://api.perplexity.ai", "cerebras": "https://api.cerebras.ai/v1",
	"nvidia_nim": "https://integrate.api.nvidia.com/v1", "deepinfra": "https://api.deepinfra.com/v1/openai",
	"gemini": "https://generativelanguage.googleapis.com/v1beta/openai",
}

// carried are the fields of litellm_params that a deployment has a place for.
var carried = []string{
	"model", "api_key", "api_base", "base_url", "api_version", "rpm", "tpm", "weight", "custom_llm_provider", "timeout", "stream_timeout", "max_retries",
	"use_in_pass_through", "use_litellm_proxy", "merge_reasoning_content_in_choices", "organization",
}

// prices are LiteLLM's in USD per unit, with ours per million.
var prices = map[string]func(*api.ModelPrice) **money.Nano{
	"input_cost_per_token":            func(p *api.ModelPrice) **money.Nano { return &p.Input },
	"output_cost_per_token":           func(p *api.ModelPrice) **money.Nano { return &p.Output },
	"cache_read_input_token_cost":     func(p *api.ModelPrice) **money.Nano { return &p.CachedInput },
	"cache_creation_input_token_cost": func(p *api.ModelPrice) **money.Nano { return &p.CacheWrite },
}

// deployment is a model of LiteLLM's as one of ours; false when there is nothing that could serve it here.
func deployment(what, name string, params, info object, found *Findings) (api.ModelFields, bool) {
	fields := api.NewModel("").ModelFields
	fields.Name = name
	provider, upstreamModel, _ := strings.Cut(params.text("model"), "/")
	if upstreamModel == "" {
		provider, upstreamModel = "", provider
	}
	if named := params.text("custom_llm_provider"); named != "" {
		provider = named
	}
	base := params.text("api_base") + params.text("base_url")
	switch address, speaks := speakers[provider]; {
	case provider == "" && strings.HasPrefix(upstreamModel, "claude"), provider == "anthropic":
		fields.Upstream = "anthropic"
	case provider == "azure":
		fields.Upstream = "azure"
	case provider == "ollama" || provider == "ollama_chat":
		base = strings.TrimRight(base, "/") + "/v1"
	case provider == "":
	case speaks:
		if base == "" {
			base = address
		}
	case base != "": // a prefix that is part of the name
		upstreamModel = provider + "/" + upstreamModel
	default:
		found.add(Blocking, what, "provider "+provider+" is not spoken here: keep LiteLLM for it, as an upstream: base_url is LiteLLM's address with /v1, upstream_model its model_name, api_key a key of LiteLLM's")
		return fields, false
	}
	fields.UpstreamModel = &upstreamModel
	if base != "" {
		fields.BaseURL = &base
	}
	if version := params.text("api_version"); version != "" && fields.Upstream == "azure" {
		fields.APIVersion = &version
	}
	if secret := params.text("api_key"); secret != "" {
		fields.APIKey = &secret
	}
	if baseModel := info.text("base_model"); baseModel != "" {
		baseModel = baseModel[strings.LastIndex(baseModel, "/")+1:]
		fields.BaseModel = &baseModel
	}
	fields.RPM, fields.TPM = number(params["rpm"]), number(params["tpm"])
	if weight := number(params["weight"]); weight != nil {
		fields.Weight = *weight
	}
	var groups list
	_ = json.Unmarshal(info["access_groups"], &groups)
	fields.AccessGroups = api.StringList(groups)
	fields.Price = price(what, params, info, found)
	for _, param := range slices.Sorted(maps.Keys(params)) {
		if _, isPrice := prices[param]; !isPrice && !slices.Contains(carried, param) && !saysNothing(params[param]) {
			found.add(Different, what+": litellm_params."+param, "has no place in a model here; clients send it, or the provider's default holds")
		}
	}
	return fields, true
}

// price is what LiteLLM was told that a model costs; nil leaves it to the catalogue.
func price(what string, params, info object, found *Findings) *api.ModelPrice {
	var price api.ModelPrice
	told := false
	for name, place := range prices {
		raw := params[name]
		if isNull(raw) {
			raw = info[name]
		}
		if isNull(raw) {
			continue
		}
		perMillion, err := money.ParseTimes(strings.Trim(string(raw), `"`), 1_000_000)
		if err != nil {
			found.add(Blocking, what+": "+name, "is no price that can be read; write it as price of the model")
			continue
		}
		*place(&price), told = &perMillion, true
	}
	switch {
	case !told:
		return nil
	case price.Input == nil || price.Output == nil:
		found.add(Different, what, "has a price for its prompt or its answer only; the catalogue's price is taken: write price of the model to have another")
		return nil
	}
	return &price
}

// isNull tells what is free, 0, from what nobody said.
func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

func number(raw json.RawMessage) *int64 {
	var c count
	if len(raw) == 0 || c.UnmarshalJSON(raw) != nil {
		return nil
	}
	return c.int64
}
