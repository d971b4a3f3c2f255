package config

import (
	"fmt"
	"net/url"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const openAIBaseURL = "https://api.openai.com/v1"

func (c *checker) models(f file) {
	for i, entry := range f.Models {
		field := fmt.Sprintf("models[%d]", i)
		if entry.Name == "" {
			c.fail(field+".name", "is required: the name that clients ask for")
		}
		c.config.Models = append(c.config.Models, Model{
			Name:            entry.Name,
			Upstream:        c.upstream(field+".upstream", entry.Upstream),
			BaseURL:         c.baseURL(field+".base_url", entry.BaseURL),
			APIKey:          entry.APIKey,
			UpstreamModel:   valueOr(entry.UpstreamModel, entry.Name),
			Price:           c.price(field+".price", entry.Price),
			MaxOutputTokens: entry.MaxOutputTokens,
		})
		if entry.MaxOutputTokens < 0 {
			c.fail(field+".max_output_tokens", "is %d; it cannot be negative", entry.MaxOutputTokens)
		}
	}
}

func (c *checker) upstream(field, name string) string {
	switch name {
	case "", "openai":
		return "openai"
	case "azure", "anthropic":
		c.fail(field, "%q is not available in this version; use openai, with base_url for anything that speaks its wire", name)
	default:
		c.fail(field, "%q is no upstream; use openai, with base_url for anything that speaks its wire", name)
	}
	return name
}

func (c *checker) baseURL(field, address string) string {
	address = strings.TrimRight(valueOr(address, openAIBaseURL), "/")
	parsed, err := url.Parse(address)
	switch {
	case err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https"):
		c.fail(field, "is not an http or https address such as %s", openAIBaseURL)
	case parsed.User != nil:
		c.fail(field, "must not carry a user or password; use api_key")
	case parsed.RawQuery != "" || parsed.Fragment != "":
		c.fail(field, "must not carry a query")
	}
	return address
}

func (c *checker) price(field string, price *filePrice) *Price {
	if price == nil {
		return nil
	}
	input := c.amount(field+".input_per_million_usd", price.Input)
	output := c.amount(field+".output_per_million_usd", price.Output)
	if input == nil || output == nil {
		if price.Input.IsZero() || price.Output.IsZero() {
			c.fail(field, "needs input_per_million_usd and output_per_million_usd; 0 is free")
		}
		return nil
	}
	return &Price{
		InputPerMillion:       *input,
		OutputPerMillion:      *output,
		CachedInputPerMillion: c.amount(field+".cached_input_per_million_usd", price.CachedInput),
	}
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
