package review

import "strings"

const (
	catalogues = "the catalogue's"
	elsewhere  = "prompts go elsewhere"
)

var modelKind = &kind{
	resource: "bursar_model", noun: "model", id: "model_id",
	attributes: []attribute{
		{path: "name", format: plain, none: "none", says: "callers ask for it by another name"},
		{path: "aliases", format: names, none: "none", says: "callers ask for it by other names"},
		{path: "access_groups", format: names, none: "none", loosens: granted("is open to more teams")},
		{path: "enabled", format: choice("serves", "does not serve"), none: "serves", ordinary: true},
		{path: "upstream", format: plain, none: "by the address", says: elsewhere, loosens: always(elsewhere)},
		{path: "base_url", format: plain, none: "the vendor's", says: elsewhere, loosens: always(elsewhere)},
		{path: "upstream_model", format: plain, none: "its name", says: "another model answers", loosens: always("is answered by another model")},
		{path: "base_model", format: plain, none: "its name", says: "is priced as another model", loosens: always("is priced as another model")},
		{path: "api_version", format: plain, none: "none", says: "speaks another version"},
		{path: "api_key_wo_version", format: plain, none: "none", ordinal: true, says: "gets another credential"},
		{path: "price", within: true, format: plain, none: catalogues},
		{path: "rpm", format: requestsPerMinute, none: unlimited, limit: true, loosens: grown},
		{path: "tpm", format: tokensPerMinute, none: unlimited, limit: true, loosens: grown},
		{
			path: "tpm_counts_cached", format: choice("cached tokens count", "cached tokens do not count"), none: "cached tokens count", ordinary: true,
			loosens: becomes(false, "leaves cached tokens out of TPM"),
		},
		{path: "max_input_tokens", format: counted("token", "tokens"), none: catalogues, loosens: measured},
		{path: "max_output_tokens", format: counted("token", "tokens"), none: catalogues, loosens: measured},
		{path: "min_output_tokens", format: counted("token", "tokens"), none: "the gateway's"},
		{path: "weight", format: plain, none: "1", ordinal: true, says: "gets another share of the calls"},
	},
	without: map[string]string{
		"metadata":   labels,
		"model_id":   "names the deployment; a new name is a replacement",
		"api_key_wo": "is never in a plan; a new one shows by `api_key_wo_version`",
	},
	deleted:  "deleted: it is served no more, unless another deployment has its name",
	replaced: "replaced by a new deployment",
	bare:     "served at the catalogue's price",
}

// measured is the effect of a bound that the catalogue has where the plan has none.
func measured(d difference) loosening {
	if d.new.empty() && !d.old.empty() {
		return unmeasured("is left to the catalogue")
	}
	return grown(d)
}

// priceAttribute describes one figure within a price, such as price.tiers[0].input_per_million_usd.
func priceAttribute(path string) attribute {
	switch name := path[strings.LastIndexByte(path, '.')+1:]; {
	case name == "from":
		return attribute{
			path: path, format: plain, none: "the list price",
			loosens: becomes("provider", "is what the provider reports"), says: "is found in another way",
		}
	case name == "max_factor":
		return attribute{path: path, format: plain, none: "the gateway's", loosens: grown}
	case strings.HasSuffix(name, "usd"):
		return attribute{path: path, format: dollars, none: catalogues, loosens: cheapened}
	case name == "above_prompt_tokens":
		return attribute{path: path, format: counted("token", "tokens"), none: "none", loosens: grown}
	default:
		return attribute{path: path, format: plain, none: "any"}
	}
}
