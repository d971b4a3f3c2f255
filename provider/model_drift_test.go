package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	fwresource "github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/provider"
)

// fullDriftModel has no price that Terraform has to round.
var fullDriftModel = replace(fullModel, "10 / 3", "3.3")

const azureModel = `
resource "bursar_model" "m" {
  model_id = "m"
  name     = "gpt"
  upstream = "azure"
  base_url = "https://example.openai.azure.com/openai/v1"
}
`

var modelDrift = []driftCase[api.ModelFields]{
	{fullDriftModel, func(f *api.ModelFields) {
		f.Name, f.BaseURL, f.APIVersion, f.UpstreamModel, f.BaseModel = "x", new("https://x.example.com"), new("2025-01-01"), new("x"), new("x")
		f.MaxInputTokens, f.MinOutputTokens = new(int64(7)), new(int64(16))
		f.Aliases, f.AccessGroups = api.StringList{"x1"}, api.StringList{"x2"}
		f.MaxOutputTokens, f.Weight, f.RPM, f.TPM, f.Enabled = new(int64(1)), 5, new(int64(0)), new(int64(0)), true
		f.TPMCountsCached = true
		f.Metadata = api.Metadata{"owner": json.RawMessage(`"bob"`), "added": json.RawMessage(`1`)}
	}, changes{
		"aliases.0": `"x1" -> "fast"`, "access_groups.0": `"x2" -> "beta"`,
		"name": `"x" -> "gpt"`, "base_url": `"https://x.example.com" -> "https://example.openai.azure.com"`,
		"api_version": `"2025-01-01" -> "2024-10-21"`, "upstream_model": `"x" -> "ours"`, "base_model": `"x" -> "gpt-4.1"`,
		"max_input_tokens": "7 -> 32000", "max_output_tokens": "1 -> 1000", "min_output_tokens": "16 -> 512", "weight": "5 -> 0", "rpm": "0 -> 10", "tpm": "0 -> 2000", "tpm_counts_cached": "true -> false", "enabled": "true -> false",
		"metadata.owner": `"bob" -> "ada"`, "metadata.added": "1 -> ", "metadata.floor": " -> 2",
	}},
	{fullDriftModel, func(f *api.ModelFields) {
		f.Upstream, f.BaseURL, f.APIVersion, f.UpstreamModel, f.BaseModel = "openai", nil, nil, nil, nil
		f.MaxInputTokens, f.MaxOutputTokens, f.MinOutputTokens, f.RPM, f.TPM, f.Metadata = nil, nil, nil, nil, nil, nil
		f.Aliases, f.AccessGroups = nil, nil
	}, changes{
		"aliases.0": ` -> "fast"`, "access_groups.0": ` -> "beta"`,
		"upstream": `"openai" -> "azure"`, "base_url": ` -> "https://example.openai.azure.com"`, "api_version": ` -> "2024-10-21"`,
		"upstream_model": ` -> "ours"`, "base_model": ` -> "gpt-4.1"`, "max_input_tokens": " -> 32000", "max_output_tokens": " -> 1000", "min_output_tokens": " -> 512", "rpm": " -> 10", "tpm": " -> 2000",
		"metadata.owner": ` -> "ada"`, "metadata.floor": " -> 2",
	}},
	{plainModel, func(f *api.ModelFields) {
		f.BaseURL, f.UpstreamModel, f.BaseModel, f.MaxOutputTokens = new("https://x.example.com"), new("x"), new("x"), new(int64(1))
		f.MaxInputTokens, f.MinOutputTokens = new(int64(7)), new(int64(16))
		f.Weight, f.RPM, f.TPM, f.Enabled = 5, new(int64(0)), new(int64(1)), false
		f.Aliases, f.AccessGroups = api.StringList{"x1"}, api.StringList{"x2"}
		f.TPMCountsCached = false
		f.Metadata, f.Price = api.Metadata{"added": json.RawMessage(`1`)}, &api.ModelPrice{Request: new(money.USD)}
	}, changes{
		"aliases.0": `"x1" -> `, "access_groups.0": `"x2" -> `,
		"base_url": `"https://x.example.com" -> `, "upstream_model": `"x" -> `, "base_model": `"x" -> `, "max_input_tokens": "7 -> ", "max_output_tokens": "1 -> ", "min_output_tokens": "16 -> ",
		"weight": "5 -> 1", "rpm": "0 -> ", "tpm": "1 -> ", "tpm_counts_cached": "false -> true", "enabled": "false -> true", "metadata.added": "1 -> ", "price.request_usd": "1 -> ",
	}},
	{azureModel, func(f *api.ModelFields) { f.APIVersion = new("preview") }, changes{"api_version": `"preview" -> `}},
}

func TestAccModel_everyAttributeDrifts(t *testing.T) {
	g := startGateway(t)
	run(t, append(driftSteps(g, theModel, modelDrift, g.changeModel), resource.TestStep{
		PreConfig: func() {
			if err := g.DeleteModel(t.Context(), "m"); err != nil {
				t.Fatal(err)
			}
		},
		Config: g.config(plainModel), ConfigPlanChecks: willCreate(theModel),
	})...)
}

func TestAccModel_everyPriceDrifts(t *testing.T) {
	g := startGateway(t)
	run(t, driftSteps(g, theModel, priceDrift(), g.changeModel)...)
}

// priceDrift changes, removes and adds every price that the schema has.
func priceDrift() []driftCase[api.ModelFields] {
	one, other := samplePrice(0), samplePrice(100)
	set := func(price map[string]any) func(*api.ModelFields) {
		return func(f *api.ModelFields) {
			encoded, err := json.Marshal(price)
			if err == nil {
				err = json.Unmarshal(encoded, &f.Price)
			}
			if err != nil {
				panic(err)
			}
		}
	}
	encoded, err := json.MarshalIndent(one, "  ", "  ")
	if err != nil {
		panic(err)
	}
	priced := fmt.Sprintf("\nresource \"bursar_model\" \"m\" {\n  model_id = \"m\"\n  name     = \"gpt\"\n  price    = %s\n}\n", encoded)
	here, there := leaves(map[string]any{"price": one}), leaves(map[string]any{"price": other})
	changed, removed, added := changes{}, changes{}, changes{}
	for path, value := range here {
		removed[path], added[path] = " -> "+value, there[path]+" -> "
		if there[path] == value {
			continue
		}
		changed[path] = there[path] + " -> " + value
	}
	return []driftCase[api.ModelFields]{
		{priced, set(other), changed},
		{priced, func(f *api.ModelFields) { f.Price = nil }, removed},
		{plainModel, set(other), added},
	}
}

// samplePrice is a price with everything that the schema has, in numbers from above on.
func samplePrice(above int) map[string]any {
	var got fwresource.SchemaResponse
	for _, newResource := range provider.New("test")().Resources(context.Background()) {
		var schemas fwresource.SchemaResponse
		newResource().Schema(context.Background(), fwresource.SchemaRequest{}, &schemas)
		if schemas.Schema.Attributes["price"] != nil {
			got = schemas
		}
	}
	price, _ := got.Schema.Attributes["price"].(schema.SingleNestedAttribute)
	return sample(price.Attributes, &above)
}

func sample(attributes map[string]schema.Attribute, last *int) map[string]any {
	values := map[string]any{}
	for _, name := range sortedKeys(attributes) {
		*last++
		switch a := attributes[name].(type) {
		case schema.SingleNestedAttribute:
			values[name] = sample(a.Attributes, last)
		case schema.ListNestedAttribute:
			values[name] = []any{sample(a.NestedObject.Attributes, last)}
		case schema.StringAttribute:
			if name == "from" { // no other word goes with a factor
				values[name] = "provider"
				continue
			}
			values[name] = fmt.Sprintf("s%d", *last)
		default:
			values[name] = *last
		}
	}
	return values
}

func TestAccModel_sourceOfAPriceDrifts(t *testing.T) {
	g := startGateway(t)
	config := g.config(strings.Replace(fullModel, "price = {", "price = {\n    from = \"provider\"", 1))
	run(t,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: g.changeModel(func(f *api.ModelFields) { f.Price.From = "list" }),
			Config:    config, ConfigPlanChecks: onlyChanges(theModel, changes{"price.from": `"list" -> "provider"`}),
		},
	)
}

func TestAccModel_partsOfAPriceDrift(t *testing.T) {
	g := startGateway(t)
	config := g.config(replace(fullModel, "10 / 3", "3.3"))
	step := func(change func(*api.ModelPrice), want changes) resource.TestStep {
		return resource.TestStep{
			PreConfig: g.changeModel(func(f *api.ModelFields) { change(f.Price) }),
			Config:    config, ConfigPlanChecks: onlyChanges(theModel, want),
		}
	}
	nine := func() *money.Nano { return new(9 * money.USD) }
	run(t,
		resource.TestStep{Config: config},
		step(func(p *api.ModelPrice) {
			p.Input, p.Output, p.CachedInput, p.CacheWrite, p.CacheWrite1h = nine(), nine(), nine(), nine(), nine()
			p.AudioInput, p.ImageInput, p.Reasoning, p.AudioOutput, p.ImageOutput = nine(), nine(), nine(), nine(), nine()
			p.Request, p.Characters, p.AudioHour = nine(), nine(), nine()
			p.Tiers[0].Above, p.Flex.Input, p.Priority.Output, p.Batch.Tiers[0].Input = 5, nine(), nine(), nine()
			p.Images[0].Size, p.Images[1].Quality, p.Images[1].Each = "", "low", 9*money.USD
			p.Search = &api.SearchPrice{Low: 9 * money.USD, Medium: 9 * money.USD, High: 9 * money.USD}
		}, changes{
			"price.input_per_million_usd": "9 -> 3.3", "price.output_per_million_usd": "9 -> 0.075", "price.cached_input_per_million_usd": "9 -> 0",
			"price.cache_write_per_million_usd": "9 -> 1", "price.cache_write_1h_per_million_usd": "9 -> 2", "price.audio_input_per_million_usd": "9 -> 3",
			"price.image_input_per_million_usd": "9 -> 4", "price.reasoning_per_million_usd": "9 -> 5", "price.audio_output_per_million_usd": "9 -> 6",
			"price.image_output_per_million_usd": "9 -> 7", "price.request_usd": "9 -> 0.0000001", "price.characters_per_million_usd": "9 -> 8",
			"price.audio_hour_usd": "9 -> 0.36", "price.tiers.0.above_prompt_tokens": "5 -> 200000", "price.flex.input_per_million_usd": "9 -> 0.1",
			"price.priority.output_per_million_usd": "9 -> 30", "price.batch.tiers.0.input_per_million_usd": "9 -> 3",
			"price.images.0.size": ` -> "1024x1024"`, "price.images.1.quality": `"low" -> `, "price.images.1.usd": "9 -> 0.04",
			"price.search.low_usd": "9 -> 0.01", "price.search.medium_usd": "9 -> 0.02", "price.search.high_usd": "9 -> 0.03",
		}),
		step(func(p *api.ModelPrice) {
			p.CachedInput, p.AudioHour, p.Tiers, p.Flex, p.Images, p.Search = nil, nil, nil, nil, p.Images[:1], nil
			p.Batch.Tiers = append(p.Batch.Tiers, api.PriceTier{Above: 7, TokenPrices: api.TokenPrices{Input: nine(), Output: nine()}})
		}, changes{
			"price.cached_input_per_million_usd": " -> 0", "price.audio_hour_usd": " -> 0.36",
			"price.tiers.0.above_prompt_tokens": " -> 200000", "price.tiers.0.input_per_million_usd": " -> 2.5", "price.tiers.0.output_per_million_usd": " -> 15",
			"price.flex.input_per_million_usd": " -> 0.1", "price.flex.output_per_million_usd": " -> 0.2", "price.images.1.usd": " -> 0.04",
			"price.search.low_usd": " -> 0.01", "price.search.medium_usd": " -> 0.02", "price.search.high_usd": " -> 0.03",
			"price.batch.tiers.1.above_prompt_tokens": "7 -> ", "price.batch.tiers.1.input_per_million_usd": "9 -> ", "price.batch.tiers.1.output_per_million_usd": "9 -> ",
		}),
	)
}
