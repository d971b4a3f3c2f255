package api

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Upstreams lists the kinds of providers that a model may be served by: "openai" is everything that
// speaks OpenAI's wire.
var Upstreams = []string{"openai", "azure", "anthropic"}

// Bounds of what a model may say.
const (
	maxWeight       = 1_000_000
	maxInputTokens  = 1 << 30
	maxOutputTokens = 1 << 24
	// LeastMinOutputTokens is the smallest output cap that all providers accept.
	LeastMinOutputTokens = 16
	maxCredential        = 16 << 10
)

// Model is one deployment: a place that serves the name that clients ask for. Several with one
// name share its calls by their weights, and stand in for each other.
type Model struct {
	ModelID string `json:"model_id"`
	ModelFields
	Record
	DeclaredIn string `json:"declared_in,omitempty"`
	// Judged says that its address was judged when it was given through the API, and is on every connection. Those
	// that were stored before go on as they are. It is kept, and never answered.
	Judged bool `json:"-"`
}

// ModelFields are the parts of a model that its owner may set.
type ModelFields struct {
	// Name is what clients ask for. One that ends with a star, such as acme/*, is a wildcard: it serves every name
	// that begins with what comes before the star, unless a longer or exact name does.
	Name string `json:"name"`
	// Upstream is one of [Upstreams].
	Upstream string `json:"upstream" default:"\"openai\""`
	// BaseURL is where the upstream is; nil is the provider's own address.
	BaseURL *string `json:"base_url"`
	// APIVersion is the api-version of an Azure deployment.
	APIVersion *string `json:"api_version"`
	// APIKey is the upstream's credential. It is accepted, never answered. Left out of an update it
	// stays as it is, null takes it off.
	APIKey *string `json:"api_key,omitempty"`
	// HasAPIKey and APIKeyFingerprint tell of the credential in answers: one that is another has another fingerprint, which
	// nobody can make but the gateway. Both are ignored in requests.
	HasAPIKey         bool   `json:"has_api_key"`
	APIKeyFingerprint string `json:"api_key_fingerprint,omitempty"`
	// Aliases are other names that clients may ask for it by. They count in the same limits as Name, which is what is
	// recorded. A name with a star has none.
	Aliases StringList `json:"aliases"`
	// AccessGroups are names under which teams, keys, limits and pots may list it together with others.
	AccessGroups StringList `json:"access_groups"`
	// UpstreamModel is the provider's name of the model; nil is Name, or what the star of Name stands for if Name
	// ends with /*. A star at its end is what the star of Name stands for.
	UpstreamModel *string `json:"upstream_model"`
	// BaseModel is the catalogue's name of the model, by which it is priced; nil is UpstreamModel.
	// Deployments of Azure have names of their own and need it.
	BaseModel *string `json:"base_model"`
	// Price overrides the catalogue; nil does not.
	Price *ModelPrice `json:"price"`
	// MaxInputTokens overrides the catalogue's context window; nil does not. What of a request cannot be weighed
	// counts as so much.
	MaxInputTokens *int64 `json:"max_input_tokens"`
	// MaxOutputTokens overrides the catalogue's limit of one answer; nil does not.
	MaxOutputTokens *int64 `json:"max_output_tokens"`
	// MinOutputTokens is the least that a request without an output cap gets where limits have room; nil is what the
	// gateway has.
	MinOutputTokens *int64 `json:"min_output_tokens"`
	// Weight is the deployment's share of the name's calls. One of weight 0 stands by: it is asked
	// when no other can be.
	Weight int64 `json:"weight" default:"1"`
	// RPM and TPM are what the deployment takes in any 60 seconds, over all teams; nil is unlimited.
	RPM *int64 `json:"rpm"`
	TPM *int64 `json:"tpm"`
	// TPMCountsCached false leaves what a prompt reads from the provider's cache out of tokens per minute, of
	// the deployment and of callers, as vendors do. It is still reserved, and given back when the answer tells.
	TPMCountsCached bool `json:"tpm_counts_cached" default:"true"`
	// Enabled false keeps the deployment but sends nothing there.
	Enabled  bool     `json:"enabled" default:"true"`
	Metadata Metadata `json:"metadata"`
}

// Origin is where the credential of the model goes: the provider's own address, or the scheme and host of another.
func (m ModelFields) Origin() string {
	if m.BaseURL == nil || *m.BaseURL == "" {
		return m.Upstream
	}
	parsed, err := url.Parse(*m.BaseURL)
	if err != nil {
		return *m.BaseURL
	}
	port := parsed.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[parsed.Scheme]
	}
	return parsed.Scheme + "://" + strings.ToLower(parsed.Hostname()) + ":" + port
}

// NewModel returns a model with the defaults of a create.
func NewModel(id string) Model {
	return Model{ModelID: id, ModelFields: ModelFields{Upstream: "openai", Weight: 1, TPMCountsCached: true, Enabled: true}}
}

// Validate says whether the model can be stored; the error names the field.
func (m Model) Validate() error {
	v := newValidation()
	v.id("model_id", m.ModelID)
	v.modelNames(m.ModelFields)
	if !slices.Contains(Upstreams, m.Upstream) {
		v.fail("upstream", "%q is no upstream; known are %s. Anything that speaks OpenAI's wire is openai with base_url", m.Upstream, strings.Join(Upstreams, ", "))
	}
	v.baseURL("base_url", m.BaseURL)
	if m.Upstream == "azure" && m.BaseURL == nil {
		v.fail("base_url", "is required for azure: the address of your resource, such as https://NAME.openai.azure.com")
	}
	v.alias("api_version", m.APIVersion)
	v.apiVersion("api_version", m)
	v.credential("api_key", m.APIKey)
	v.modelPrice("price", m.Price)
	if n := m.MaxInputTokens; n != nil && (*n < 1 || *n > maxInputTokens) {
		v.fail("max_input_tokens", "is %d; it must be between 1 and %d", *n, maxInputTokens)
	}
	if n := m.MaxOutputTokens; n != nil && (*n < 1 || *n > maxOutputTokens) {
		v.fail("max_output_tokens", "is %d; it must be between 1 and %d", *n, maxOutputTokens)
	}
	v.minOutputTokens(m.MinOutputTokens)
	if m.Weight < 0 || m.Weight > maxWeight {
		v.fail("weight", "is %d; it must be between 0 and %d", m.Weight, maxWeight)
	}
	v.rate("rpm", m.RPM)
	v.rate("tpm", m.TPM)
	v.metadata(m.Metadata)
	return v.err()
}

func (v *validation) baseURL(field string, address *string) {
	if address == nil {
		return
	}
	parsed, err := url.Parse(*address)
	switch {
	case err != nil || parsed.Host == "" || (parsed.Scheme != "https" && parsed.Scheme != "http"):
		v.fail(field, "is not an http or https address such as https://api.openai.com/v1")
	case parsed.User != nil:
		v.fail(field, "must not carry a user or password; use api_key")
	case parsed.RawQuery != "" || parsed.Fragment != "":
		v.fail(field, "must not carry a query; the api-version of Azure is api_version")
	case len(*address) > 2048:
		v.fail(field, "is longer than 2048 characters")
	}
}

// apiVersion is Azure's, whose older API cannot do without.
func (v *validation) apiVersion(field string, m Model) {
	versioned := m.Upstream == "azure" && m.BaseURL != nil && !strings.HasSuffix(strings.TrimRight(*m.BaseURL, "/"), "/openai/v1")
	switch {
	case m.Upstream != "azure" && m.APIVersion != nil:
		v.fail(field, "is for upstream azure only")
	case versioned && (m.APIVersion == nil || *m.APIVersion == ""):
		v.fail(field, "is required for azure, such as 2024-10-21, unless base_url ends with /openai/v1")
	}
}

// credential keeps out what could not stand in a header, without repeating it.
func (v *validation) credential(field string, secret *string) {
	if secret == nil {
		return
	}
	if len(*secret) > maxCredential {
		v.fail(field, "is longer than %d characters", maxCredential)
	}
	if strings.ContainsFunc(*secret, func(r rune) bool { return r < ' ' || r > '~' }) {
		v.fail(field, "holds a line break or another character that no credential has; was it copied whole?")
	}
}

// CheckMinOutputTokens says what is wrong with a least output cap; "" when nothing is.
func CheckMinOutputTokens(least int64) string {
	if least >= LeastMinOutputTokens && least <= maxOutputTokens {
		return ""
	}
	return fmt.Sprintf("is %d; it must be between %d and %d", least, LeastMinOutputTokens, maxOutputTokens)
}

func (v *validation) minOutputTokens(least *int64) {
	if least == nil {
		return
	}
	if wrong := CheckMinOutputTokens(*least); wrong != "" {
		v.fail("min_output_tokens", "%s", wrong)
	}
}
