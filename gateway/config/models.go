package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// baseURLs are where providers are reached unless base_url says otherwise; Azure has one per customer.
var baseURLs = map[string]string{
	"openai":    "https://api.openai.com/v1",
	"anthropic": "https://api.anthropic.com/v1",
	"azure":     "",
}

// azureExample shows what Azure's base_url looks like.
const azureExample = "https://NAME.openai.azure.com"

// BaseURL is the address of an upstream as deployments have it: its provider's own when none is given,
// and without a slash at the end.
func BaseURL(upstream, address string) string {
	return strings.TrimRight(valueOr(address, baseURLs[upstream]), "/")
}

func (c *checker) models(f file) {
	named, ids := map[string]int{}, map[string]bool{}
	for i, entry := range f.Models {
		field := fmt.Sprintf("models[%d]", i)
		named[entry.Name]++
		id := valueOr(entry.ModelID, fmt.Sprintf("%s:%d", entry.Name, named[entry.Name]))
		if ids[id] {
			c.fail(field+".model_id", "%q stands here twice", id)
		}
		ids[id] = true
		c.modelNames(field, id, entry)
		provider := c.upstream(field+".upstream", entry.Upstream)
		baseURL := c.baseURL(field+".base_url", provider, entry.BaseURL)
		c.config.Models = append(c.config.Models, Model{
			ID:              id,
			Name:            entry.Name,
			Upstream:        provider,
			BaseURL:         baseURL,
			APIVersion:      c.apiVersion(field+".api_version", provider, baseURL, entry.APIVersion),
			APIKey:          entry.APIKey,
			UpstreamModel:   valueOr(entry.UpstreamModel, modelname.Upstream(entry.Name)),
			Price:           c.price(field+".price", entry.Price),
			BaseModel:       entry.BaseModel,
			Aliases:         entry.Aliases,
			AccessGroups:    entry.AccessGroups,
			MaxInputTokens:  entry.MaxInputTokens,
			MaxOutputTokens: entry.MaxOutputTokens,
			MinOutputTokens: c.minOutputTokens(field+".min_output_tokens", entry.MinOutputTokens),
			Weight:          c.rate(field+".weight", entry.Weight),
			RPM:             c.rate(field+".rpm", entry.RPM),
			TPM:             c.rate(field+".tpm", entry.TPM),
			TPMSkipsCached:  entry.TPMCountsCached != nil && !*entry.TPMCountsCached,
		})
		if entry.MaxInputTokens < 0 {
			c.fail(field+".max_input_tokens", "is %d; it cannot be negative", entry.MaxInputTokens)
		}
		if entry.MaxOutputTokens < 0 {
			c.fail(field+".max_output_tokens", "is %d; it cannot be negative", entry.MaxOutputTokens)
		}
	}
}

// modelNames checks what a model is called, also against those before it.
func (c *checker) modelNames(field, id string, entry fileModel) {
	model := api.NewModel(id)
	model.Name, model.Aliases, model.AccessGroups = entry.Name, entry.Aliases, entry.AccessGroups
	model.UpstreamModel, model.BaseModel = &entry.UpstreamModel, &entry.BaseModel
	c.checkField(field, model.ValidateNames())
	var others []api.Model
	for _, before := range c.config.Models {
		other := api.NewModel(before.ID)
		other.Name, other.Aliases, other.AccessGroups = before.Name, before.Aliases, before.AccessGroups
		others = append(others, other)
	}
	c.checkField(field, model.CheckAgainst(others))
}

// checkField says what is wrong with a field of an entry in the words of the admin API.
func (c *checker) checkField(entry string, err error) {
	if refusal, ok := errors.AsType[*api.Error](err); ok {
		c.fail(entry+"."+refusal.Param, "%s", strings.TrimPrefix(refusal.Message, refusal.Param+" "))
	}
}

func (c *checker) upstream(field, name string) string {
	name = valueOr(name, "openai")
	if _, known := baseURLs[name]; !known {
		c.fail(field, "%q is no upstream; use openai, azure or anthropic; openai with base_url is anything that speaks its wire", name)
	}
	return name
}

func (c *checker) baseURL(field, provider, address string) string {
	if provider == "azure" && address == "" {
		c.fail(field, "is required for azure: the address of your resource, such as %s", azureExample)
		return ""
	}
	address = strings.TrimRight(valueOr(address, baseURLs[provider]), "/")
	parsed, err := url.Parse(address)
	switch {
	case err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https"):
		c.fail(field, "is not an http or https address such as %s", valueOr(baseURLs[provider], azureExample))
	case parsed.User != nil:
		c.fail(field, "must not carry a user or password; use api_key")
	case parsed.RawQuery != "" || parsed.Fragment != "":
		c.fail(field, "must not carry a query")
	}
	return address
}

// apiVersion is Azure's, whose older API cannot do without.
func (c *checker) apiVersion(field, provider, baseURL, version string) string {
	switch {
	case provider != "azure" && version != "":
		c.fail(field, "is for upstream azure only")
	case provider == "azure" && version == "" && !strings.HasSuffix(baseURL, "/openai/v1"):
		c.fail(field, "is required for azure, such as 2024-10-21, unless base_url ends with /openai/v1")
	}
	return version
}

// price reads a price with the names of the admin API.
func (c *checker) price(field string, node yaml.Node) *api.ModelPrice {
	if node.IsZero() || node.Tag == "!!null" {
		return nil
	}
	object, err := jsonObject(node)
	if err != nil {
		c.fail(field, "is not an object with prices: %s", err)
		return nil
	}
	data, err := json.Marshal(object)
	if err != nil {
		c.fail(field, "is not an object with prices: %s", err)
		return nil
	}
	var price api.ModelPrice
	if err := json.Unmarshal(data, &price); err != nil {
		c.fail(field, "%s", err)
		return nil
	}
	c.check(field, price.Validate())
	return &price
}

func (c *checker) amount(field string, node yaml.Node) *money.Nano {
	if node.IsZero() {
		return nil
	}
	amount, err := money.Parse(node.Value)
	if err != nil || amount < 0 {
		c.fail(field, "%q is not an amount of US dollars", node.Value)
		return nil
	}
	return &amount
}
