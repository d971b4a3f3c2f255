package litellm

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// gatewayFile is the part of gateway.yaml that LiteLLM's file says something about.
type gatewayFile struct {
	AdminKey string         `yaml:"admin_key,omitempty"`
	RedisURL string         `yaml:"redis_url,omitempty"`
	Budgets  *fileBudgets   `yaml:"budgets,omitempty"`
	Routing  map[string]any `yaml:"routing,omitempty"`
	Models   []fileModel    `yaml:"models,omitempty"`
}

type fileBudgets struct {
	Timezone string           `yaml:"timezone,omitempty"`
	Shared   []map[string]any `yaml:"shared,omitempty"`
}

type fileModel struct {
	ModelID       string         `yaml:"model_id,omitempty"`
	Name          string         `yaml:"name"`
	Upstream      string         `yaml:"upstream,omitempty"`
	BaseURL       string         `yaml:"base_url,omitempty"`
	APIKey        string         `yaml:"api_key,omitempty"`
	APIVersion    string         `yaml:"api_version,omitempty"`
	UpstreamModel string         `yaml:"upstream_model,omitempty"`
	BaseModel     string         `yaml:"base_model,omitempty"`
	Aliases       []string       `yaml:"aliases,omitempty"`
	AccessGroups  []string       `yaml:"access_groups,omitempty"`
	Weight        *int64         `yaml:"weight,omitempty"`
	RPM           *int64         `yaml:"rpm,omitempty"`
	TPM           *int64         `yaml:"tpm,omitempty"`
	Price         map[string]any `yaml:"price,omitempty"`
}

// configuration is LiteLLM's config.yaml.
type configuration struct {
	ModelList []struct {
		Name   string `json:"model_name"`
		Params object `json:"litellm_params"`
		Info   object `json:"model_info"`
		RPM    count  `json:"rpm"`
		TPM    count  `json:"tpm"`
	} `json:"model_list"`
	General object `json:"general_settings"`
	Router  object `json:"router_settings"`
	LiteLLM object `json:"litellm_settings"`
}

// section says what becomes of the settings of one section.
type section map[string]func(c *conversion, name string, value json.RawMessage)

// conversion is a file under way.
type conversion struct {
	out     gatewayFile
	aliases map[string][]string
	found   Findings
}

// Config writes gateway.yaml for LiteLLM's config.yaml, and returns what of it is not carried over as it was.
func Config(in []byte, out io.Writer) (Findings, error) {
	var tree map[string]any
	if err := yaml.Unmarshal(in, &tree); err != nil {
		return nil, fmt.Errorf("LiteLLM's configuration is not YAML: %w", err)
	}
	data, err := json.Marshal(variables(tree))
	if err != nil {
		return nil, fmt.Errorf("LiteLLM's configuration: %w", err)
	}
	var from configuration
	if err := json.Unmarshal(data, &from); err != nil {
		return nil, fmt.Errorf("LiteLLM's configuration: %w", err)
	}
	c := conversion{out: gatewayFile{Routing: map[string]any{}}, aliases: map[string][]string{}}
	c.settings("general_settings", from.General, generalSettings)
	c.settings("router_settings", from.Router, routerSettings)
	c.settings("litellm_settings", from.LiteLLM, litellmSettings)
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		if !slices.Contains([]string{"model_list", "general_settings", "router_settings", "litellm_settings"}, name) {
			c.found.add(Different, name, "is a section that is not carried over")
		}
	}
	c.models(from)
	if c.out.AdminKey == "" {
		c.out.AdminKey = "${BURSAR_ADMIN_KEY}"
	}
	_, _ = io.WriteString(out, "# Made by bursar import litellm-config. \"bursar check-config\" says whether it can be served.\n\n")
	encoder := yaml.NewEncoder(out)
	encoder.SetIndent(2)
	if err := encoder.Encode(c.out); err != nil {
		return nil, fmt.Errorf("write gateway.yaml: %w", err)
	}
	return c.found, nil
}

var variable = regexp.MustCompile(`^os\.environ/(.+)$`)

// variables writes os.environ/NAME as ${NAME}, wherever it stands, and $ that means itself as $$.
func variables(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			value[name] = variables(inner)
		}
	case []any:
		for i, inner := range value {
			value[i] = variables(inner)
		}
	case string:
		if match := variable.FindStringSubmatch(value); match != nil {
			return "${" + strings.TrimSpace(match[1]) + "}"
		}
	}
	return value
}

func (c *conversion) settings(name string, settings object, known section) {
	for _, setting := range slices.Sorted(maps.Keys(settings)) {
		if carry, ok := known[setting]; ok {
			carry(c, name+"."+setting, settings[setting])
		} else if !saysNothing(settings[setting]) {
			c.found.add(Different, name+"."+setting, "is not known here and is left out; the guide Running the gateway lists every setting")
		}
	}
}

// left is a setting that is left out, with what to do.
func left(weight Weight, advice string) func(*conversion, string, json.RawMessage) {
	return func(c *conversion, name string, value json.RawMessage) {
		if !saysNothing(value) {
			c.found.add(weight, name, advice)
		}
	}
}

// routing carries a setting to one of routing.
func routing(setting string, seconds bool) func(*conversion, string, json.RawMessage) {
	return func(c *conversion, name string, value json.RawMessage) {
		n := number(value)
		switch {
		case n == nil:
			c.found.add(Different, name, "is no number and is left out; set routing."+setting)
		case seconds:
			c.out.Routing[setting] = fmt.Sprintf("%ds", max(*n, 1))
		default:
			c.out.Routing[setting] = *n
		}
	}
}

const (
	ofNoUse     = "is about LiteLLM itself and has no counterpart"
	ofCallbacks = "sends calls to other programs: here export: sends the ledger to an address or a file, metrics are at /metrics"
	ofFallbacks = "another model is never called in place of the one asked for: give several deployments one name, they stand in for each other"
	ofDefaults  = "what new keys, teams or users get is not set here: Terraform modules or scripts that make them say it, rate_limits.default binds teams without limits"
	ofCaching   = "answers are not cached here"
	ofGuards    = "nothing reads what calls say: keep what guards them before or behind the gateway"
)

var generalSettings = section{
	"master_key": func(c *conversion, _ string, value json.RawMessage) { _ = json.Unmarshal(value, &c.out.AdminKey) },
	"database_url": left(Different, "the gateway has a database of its own: set database_url to a new one, or leave it out for a file in data_dir; "+
		"bursar import litellm --from takes LiteLLM's address"),
	"alerting":                     left(Blocking, "who is alerted, and of what, is an alert route: POST /alert_route/new or bursar_alert_route"),
	"alerting_threshold":           left(Minor, ofNoUse),
	"alert_types":                  left(Different, "an alert route says which events it takes"),
	"max_parallel_requests":        left(Blocking, "set max_parallel_requests of teams and keys"),
	"global_max_parallel_requests": left(Blocking, "set max_parallel_requests of teams and keys"),
	"enable_jwt_auth":              left(Blocking, "callers with tokens of an identity provider: jwt: in gateway.yaml"),
	"litellm_jwtauth":              left(Blocking, "callers with tokens of an identity provider: jwt: in gateway.yaml"),
	"pass_through_endpoints":       left(Blocking, "routes that are passed through at a fixed price: pass_through: in gateway.yaml"),
	"custom_auth":                  left(Blocking, "there is no authentication of one's own: keys, admin keys, OpenID Connect (oidc:) and tokens (jwt:)"),
	"allowed_ips":                  left(Blocking, "addresses are not looked at: let the load balancer or the network do it"),
	"store_model_in_db":            left(Minor, ofNoUse), "database_connection_pool_limit": left(Minor, ofNoUse), "proxy_batch_write_at": left(Minor, ofNoUse),
	"disable_spend_logs": left(Minor, ofNoUse), "store_prompts_in_spend_logs": left(Minor, "prompts are never kept here"), "background_health_checks": left(Minor, ofNoUse),
	"proxy_budget_rescheduler_min_time": left(Minor, ofNoUse), "proxy_budget_rescheduler_max_time": left(Minor, ofNoUse), "ui_access_mode": left(Minor, ofNoUse),
}

var routerSettings = section{
	"num_retries": routing("retries", false), "timeout": routing("timeout", true), "allowed_fails": routing("allowed_fails", false),
	"cooldown_time": routing("cooldown", true),
	"model_group_alias": func(c *conversion, name string, value json.RawMessage) {
		var aliases object
		_ = json.Unmarshal(value, &aliases)
		for alias, of := range aliases {
			target := object{"model": of}.text("model")
			if target == "" { // {"model": …, "hidden": …}
				var long object
				_ = json.Unmarshal(of, &long)
				target = long.text("model")
			}
			c.aliases[target] = append(c.aliases[target], alias)
		}
	},
	"redis_url":  func(c *conversion, _ string, value json.RawMessage) { _ = json.Unmarshal(value, &c.out.RedisURL) },
	"redis_host": left(Blocking, "several gateways need redis_url: redis://:PASSWORD@HOST:PORT/NUMBER, of a database number that LiteLLM does not use"),
	"redis_port": left(Minor, "is part of redis_url"), "redis_password": left(Minor, "is part of redis_url"),
	"fallbacks": left(Blocking, ofFallbacks), "context_window_fallbacks": left(Blocking, ofFallbacks), "content_policy_fallbacks": left(Blocking, ofFallbacks),
	"default_fallbacks":      left(Blocking, ofFallbacks),
	"routing_strategy":       left(Minor, "deployments of one name share its calls by weight, and by what they have left of rpm and tpm"),
	"provider_budget_config": left(Blocking, "a cap of a provider is a pot over its models: budgets.shared in gateway.yaml, or POST /budget/new with models"),
	"enable_pre_call_checks": left(Minor, ofNoUse), "set_verbose": left(Minor, ofNoUse),
}

var litellmSettings = section{
	"num_retries": routing("retries", false), "request_timeout": routing("timeout", true), "allowed_fails": routing("allowed_fails", false),
	"fallbacks": left(Blocking, ofFallbacks), "context_window_fallbacks": left(Blocking, ofFallbacks), "content_policy_fallbacks": left(Blocking, ofFallbacks),
	"default_fallbacks": left(Blocking, ofFallbacks),
	"max_budget":        func(c *conversion, name string, value json.RawMessage) { c.pot(name, "max_budget", value) },
	"budget_duration":   func(c *conversion, name string, value json.RawMessage) { c.pot(name, "budget_duration", value) },
	"timezone":          func(c *conversion, _ string, value json.RawMessage) { _ = json.Unmarshal(value, &c.budgets().Timezone) },
	"drop_params":       left(Minor, "parameters that a provider does not know reach it as they are, but for translated calls to Anthropic"),
	"success_callback":  left(Different, ofCallbacks), "failure_callback": left(Different, ofCallbacks), "callbacks": left(Different, ofCallbacks),
	"cache": left(Different, ofCaching), "cache_params": left(Different, ofCaching), "guardrails": left(Blocking, ofGuards),
	"default_team_settings": left(Blocking, ofDefaults), "default_internal_user_params": left(Blocking, ofDefaults), "default_key_generate_params": left(Blocking, ofDefaults),
	"upperbound_key_generate_params": left(Blocking, ofDefaults), "max_internal_user_budget": left(Blocking, ofDefaults), "default_max_internal_user_budget": left(Blocking, ofDefaults),
	"max_end_user_budget": left(Blocking, "end users have no limits here: a user with keys of their own has"),
	"set_verbose":         left(Minor, ofNoUse), "json_logs": left(Minor, "logs are JSON"), "turn_off_message_logging": left(Minor, "prompts are never logged here"),
	"require_auth_for_metrics_endpoint": left(Minor, "/metrics needs an admin key, a viewer's or metrics_key"),
}

func (c *conversion) budgets() *fileBudgets {
	if c.out.Budgets == nil {
		c.out.Budgets = &fileBudgets{}
	}
	return c.out.Budgets
}

// pot is LiteLLM's cap over everything.
func (c *conversion) pot(name, field string, value json.RawMessage) {
	if saysNothing(value) {
		return
	}
	budgets := c.budgets()
	if len(budgets.Shared) == 0 {
		budgets.Shared = []map[string]any{{"budget_id": "litellm-proxy", "everything": true}}
	}
	var read any
	if err := json.Unmarshal(value, &read); err != nil {
		c.found.add(Blocking, name, "cannot be read; set budgets.shared")
		return
	}
	budgets.Shared[0][field] = read
}

func (c *conversion) models(from configuration) {
	for i, entry := range from.ModelList {
		what := fmt.Sprintf("model_list[%d] %s", i, entry.Name)
		if entry.Params == nil {
			entry.Params = object{}
		}
		fields, ok := deployment(what, entry.Name, entry.Params, entry.Info, &c.found)
		if !ok {
			continue
		}
		if fields.RPM == nil {
			fields.RPM = entry.RPM.int64
		}
		if fields.TPM == nil {
			fields.TPM = entry.TPM.int64
		}
		fields.Aliases = c.aliases[entry.Name]
		slices.Sort(fields.Aliases)
		if key := fields.APIKey; key != nil && !strings.HasPrefix(*key, "${") {
			c.found.add(Different, what+": api_key", "stands in clear text; a variable of the environment, ${NAME}, is safer")
		}
		if err := (api.Model{ModelID: "m", ModelFields: withoutVariables(fields)}).Validate(); err != nil {
			c.found.add(Blocking, what, "is refused here: "+err.Error())
			continue
		}
		c.out.Models = append(c.out.Models, fileModelOf(entry.Info.text("id"), fields))
	}
	for target := range c.aliases {
		if !slices.ContainsFunc(c.out.Models, func(m fileModel) bool { return m.Name == target }) {
			c.found.add(Blocking, "router_settings.model_group_alias: "+target, "is an alias of a model that is not carried over")
		}
	}
}

// withoutVariables has something in place of what only the environment knows, to be judged.
func withoutVariables(fields api.ModelFields) api.ModelFields {
	if fields.BaseURL != nil && strings.HasPrefix(*fields.BaseURL, "${") {
		fields.BaseURL = new("https://address.example")
	}
	return fields
}

func fileModelOf(id string, fields api.ModelFields) fileModel {
	model := fileModel{
		ModelID: id, Name: fields.Name, BaseURL: deref(fields.BaseURL), APIKey: deref(fields.APIKey), APIVersion: deref(fields.APIVersion),
		BaseModel: deref(fields.BaseModel), Aliases: fields.Aliases, AccessGroups: fields.AccessGroups, RPM: fields.RPM, TPM: fields.TPM,
	}
	if fields.Upstream != "openai" {
		model.Upstream = fields.Upstream
	}
	if deref(fields.UpstreamModel) != fields.Name {
		model.UpstreamModel = deref(fields.UpstreamModel)
	}
	if fields.Weight != 1 {
		model.Weight = &fields.Weight
	}
	if fields.Price != nil {
		model.Price = map[string]any{}
		for name, cost := range map[string]*money.Nano{
			"input_per_million_usd": fields.Price.Input, "output_per_million_usd": fields.Price.Output,
			"cached_input_per_million_usd": fields.Price.CachedInput, "cache_write_per_million_usd": fields.Price.CacheWrite,
		} {
			if cost != nil {
				model.Price[name] = &yaml.Node{Kind: yaml.ScalarNode, Value: cost.String()}
			}
		}
	}
	return model
}

func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
