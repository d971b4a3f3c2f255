package admin

import (
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// modelEdit is what a request says of a model besides the fields that stand in the input.
type modelEdit struct {
	*route.Fields[api.ModelFields]
	id string
	// price are the parts of the price that LiteLLM's form gives; the others stay.
	price httpx.Object
	// dropsKey: the credential is to be taken off.
	dropsKey bool
	// left are fields that nobody understands.
	left []string
}

// liteLLMNames are the fields of litellm_params that have a name of their own here.
var liteLLMNames = map[string]string{
	"api_base": "base_url", "api_key": "api_key", "api_version": "api_version", "rpm": "rpm", "tpm": "tpm", "weight": "weight",
}

// liteLLMPrices are the fields of litellm_params that are prices, and how many of what they price one of
// ours is for.
var liteLLMPrices = map[string]struct {
	name string
	many int64
}{
	"input_cost_per_token":                      {"input_per_million_usd", 1e6},
	"output_cost_per_token":                     {"output_per_million_usd", 1e6},
	"cache_read_input_token_cost":               {"cached_input_per_million_usd", 1e6},
	"cache_creation_input_token_cost":           {"cache_write_per_million_usd", 1e6},
	"cache_creation_input_token_cost_above_1hr": {"cache_write_1h_per_million_usd", 1e6},
	"input_cost_per_audio_token":                {"audio_input_per_million_usd", 1e6},
	"output_cost_per_audio_token":               {"audio_output_per_million_usd", 1e6},
	"output_cost_per_reasoning_token":           {"reasoning_per_million_usd", 1e6},
	"input_cost_per_request":                    {"request_usd", 1},
	"input_cost_per_character":                  {"characters_per_million_usd", 1e6},
	"input_cost_per_second":                     {"audio_hour_usd", 3600},
}

// into turns LiteLLM's form of a model into ours. Where both are given, ours holds. On an update the address may be
// known already.
func (m liteLLMModel) into(c *route.Call, id string, fields *route.Fields[api.ModelFields], update bool) (*modelEdit, error) {
	edit := &modelEdit{Fields: fields, id: id}
	if m.ModelName != nil && !fields.Has("name") {
		fields.Set("name", *m.ModelName)
	}
	if err := edit.readInfo(maps.Clone(m.Info)); err != nil {
		return nil, err
	}
	if err := edit.readParams(m.Params, update); err != nil {
		return nil, err
	}
	edit.dropsKey = string(edit.Raw("api_key")) == "null"
	return edit, c.In.Leave(edit.left...)
}

// apply writes what the request says into the model.
func (e *modelEdit) apply(model *api.Model) error {
	if err := e.Apply(&model.ModelFields); err != nil {
		return err
	}
	if e.dropsKey {
		model.APIKey = new(string)
	}
	if len(e.price) == 0 || e.Has("price") {
		return nil
	}
	price := api.ModelPrice{}
	if model.Price != nil {
		price = *model.Price
	}
	if _, err := api.Patch(&price, e.price); err != nil {
		return err
	}
	if price.IsZero() {
		model.Price = nil
		return nil
	}
	model.Price = &price
	return nil
}

// readInfo reads model_info: the id, and what people note about a model.
func (e *modelEdit) readInfo(info map[string]json.RawMessage) error {
	for _, ours := range []string{"db_model", "litellm_provider", "created_at", "updated_at", "created_by", "updated_by"} {
		delete(info, ours) // answered, never taken
	}
	if value, given := info["id"]; given {
		var id string
		if json.Unmarshal(value, &id) != nil {
			return api.FieldErrorf("model_info.id", "must be a string")
		}
		if e.id == "" {
			e.id = id
		}
		delete(info, "id")
	}
	for _, ours := range []string{"base_model", "access_groups"} {
		e.Instead(ours, info[ours])
		delete(info, ours)
	}
	if len(info) == 0 {
		return nil
	}
	notes, err := json.Marshal(info)
	e.Instead("metadata", notes)
	return err
}

// readParams reads litellm_params: where the model is, its credential, limits and prices.
func (e *modelEdit) readParams(params map[string]json.RawMessage, update bool) error {
	e.price = httpx.Object{}
	var model, provider *string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		value := params[name]
		switch price, priced := liteLLMPrices[name]; {
		case name == "model" || name == "custom_llm_provider":
			target := map[string]**string{"model": &model, "custom_llm_provider": &provider}[name]
			if json.Unmarshal(value, target) != nil {
				return api.FieldErrorf("litellm_params."+name, "must be a string")
			}
		case priced:
			amount, err := times(value, price.many)
			if err != nil {
				return api.FieldErrorf("litellm_params."+name, "must be an amount of US dollars")
			}
			e.price[price.name] = amount
		case liteLLMNames[name] != "":
			e.Instead(liteLLMNames[name], value)
		default:
			e.left = append(e.left, "litellm_params."+name)
		}
	}
	if model == nil {
		return nil
	}
	return e.readModel(*model, provider, update)
}

// readModel splits LiteLLM's name of a model, such as azure/my-deployment, into upstream and name there.
func (e *modelEdit) readModel(model string, provider *string, update bool) error {
	prefix, name, found := strings.Cut(model, "/")
	switch {
	case provider != nil && *provider != "":
		prefix, name = *provider, strings.TrimPrefix(model, *provider+"/")
	case !found && strings.HasPrefix(model, "claude-"):
		prefix, name = "anthropic", model
	case !found:
		prefix, name = "openai", model
	}
	if !slices.Contains(api.Upstreams, prefix) {
		if !e.Has("base_url") && !update {
			return api.FieldErrorf("litellm_params.model",
				"names the provider %q, which is not known here; one that speaks OpenAI's wire is served as openai with api_base", clip(prefix))
		}
		if found && provider == nil && name != "*" && !slices.Contains(openAILike, prefix) {
			name = model // a name with a slash in it; of acme/* the star is the name in any case
		}
		prefix = "openai"
	}
	for field, value := range map[string]string{"upstream": prefix, "upstream_model": name} {
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		e.Instead(field, text)
	}
	return nil
}

// openAILike are LiteLLM's names of providers that speak OpenAI's wire; they are no part of a model's name.
var openAILike = []string{
	"hosted_vllm", "vllm", "openai_like", "custom_openai", "litellm_proxy", "together_ai", "groq", "mistral", "deepseek",
	"fireworks_ai", "openrouter", "xai", "perplexity", "gemini", "ollama", "ollama_chat", "lm_studio", "deepinfra", "azure_ai",
}

func clip(text string) string {
	const most = 64
	return text[:min(len(text), most)]
}

// times multiplies an amount exactly; null stays null.
func times(value json.RawMessage, many int64) (json.RawMessage, error) {
	if string(value) == "null" {
		return value, nil
	}
	var number json.Number
	if err := json.Unmarshal(value, &number); err != nil {
		return nil, err
	}
	const longest = 64
	amount, ok := new(big.Float).SetPrec(256).SetString(number.String())
	if !ok || len(number) > longest {
		return nil, api.Errorf(api.Invalid, "not a number")
	}
	amount.Mul(amount, new(big.Float).SetInt64(many))
	return json.RawMessage(amount.Text('f', 12)), nil
}
