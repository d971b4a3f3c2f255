package config_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func load(t *testing.T, text string, env map[string]string) (config.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gateway.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Load(path, func(name string) string { return env[name] })
}

var adminEnv = map[string]string{"BURSAR_ADMIN_KEY": "sk-admin-of-the-config-tests"}

func TestLoad_withoutFileUsesDefaults(t *testing.T) {
	got, err := config.Load("", func(name string) string { return adminEnv[name] })
	if err != nil {
		t.Fatal(err)
	}
	if got.Listen != "127.0.0.1:4000" || got.DatabaseURL != "sqlite:data/bursar.db" || got.RedisURL != "" {
		t.Errorf("stores: %+v", got)
	}
	if got.ExceededStatus != (config.ExceededStatus{Chat: 403, Messages: 402, Responses: 400}) || got.ResetDay != 1 || got.Timezone.String() != "UTC" || got.IdentifierHeader != "X-Team-ID" {
		t.Errorf("limits: %+v", got)
	}
}

func TestLoad_environmentWins(t *testing.T) {
	got, err := load(t, "allow_plain_http: true\nlisten: 127.0.0.1:5000\nadmin_key: from-the-file\n", map[string]string{
		"BURSAR_ADMIN_KEY": "that-is-from-the-environment", "BURSAR_LISTEN": ":6000",
	})
	if err != nil || got.Listen != ":6000" || got.AdminKey != "that-is-from-the-environment" {
		t.Fatalf("got %+v, %v", got, err)
	}
}

func TestLoad_minOutputTokens(t *testing.T) {
	got, err := load(t, "min_output_tokens: 2048\nmodels:\n  - {name: m, min_output_tokens: 16}\n", map[string]string{"BURSAR_ADMIN_KEY": "sk-admin-of-the-config-tests"})
	if err != nil || got.MinOutputTokens != 2048 || got.Models[0].MinOutputTokens != 16 {
		t.Errorf("from the file: %d %+v, %v", got.MinOutputTokens, got.Models, err)
	}
	for value, wrong := range map[string]string{
		"512": "", "15": "min_output_tokens: is 15; it must be between 16 and", "many": `BURSAR_MIN_OUTPUT_TOKENS: "many" is not a whole number`,
	} {
		got, err := load(t, "min_output_tokens: 2048\n", map[string]string{"BURSAR_ADMIN_KEY": "sk-admin-of-the-config-tests", "BURSAR_MIN_OUTPUT_TOKENS": value})
		if wrong == "" && (err != nil || got.MinOutputTokens != 512) {
			t.Errorf("from the environment: %d, %v", got.MinOutputTokens, err)
		}
		if wrong != "" && (err == nil || !strings.Contains(err.Error(), wrong)) {
			t.Errorf("%s: %v, want %s", value, err, wrong)
		}
	}
}

func TestLoad_unpricedUntilADay(t *testing.T) {
	for _, name := range []string{"warn_until", "warn-until"} {
		got, err := load(t, "budgets: {timezone: Europe/Berlin}\nunpriced_models: {"+name+": 2026-12-31, price: {input_per_million_usd: 10, output_per_million_usd: 50}}\n",
			map[string]string{"BURSAR_ADMIN_KEY": "sk-admin-of-the-config-tests"})
		if err != nil || got.AllowUnpriced || !got.UnpricedUntil.Equal(time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC)) || *got.UnpricedPrice.Output != 50*money.USD {
			t.Errorf("%s: %v %+v, %v", name, got.UnpricedUntil, got.UnpricedPrice, err)
		}
	}
}

func TestLoad_priceFeed(t *testing.T) {
	key := base64.StdEncoding.EncodeToString(make([]byte, 32))
	got, err := load(t, "prices: {url: https://a.example.com/x.json, refresh: 90m, sha256: "+strings.Repeat("AB", 32)+", signature: ed25519:"+key+"}\n",
		map[string]string{"BURSAR_ADMIN_KEY": "sk-admin-of-the-config-tests"})
	if err != nil || got.PriceFeed == nil || got.PriceFeed.Refresh != 90*time.Minute || got.PriceFeed.SHA256 != strings.Repeat("ab", 32) || len(got.PriceFeed.PublicKey) != 32 {
		t.Errorf("%+v, %v", got.PriceFeed, err)
	}
	got, err = load(t, "prices: {url: https://a.example.com/x.json}\n", map[string]string{"BURSAR_ADMIN_KEY": "sk-admin-of-the-config-tests"})
	if err != nil || got.PriceFeed.Refresh != 24*time.Hour {
		t.Errorf("%+v, %v", got.PriceFeed, err)
	}
}

func TestLoad_tpmCountsCached(t *testing.T) {
	got, err := load(t, "models:\n  - {name: a}\n  - {name: b, tpm_counts_cached: true}\n  - {name: c, tpm_counts_cached: false}\n", map[string]string{"BURSAR_ADMIN_KEY": "sk-admin-of-the-config-tests"})
	if err != nil || got.Models[0].TPMSkipsCached || got.Models[1].TPMSkipsCached || !got.Models[2].TPMSkipsCached {
		t.Errorf("%+v, %v", got.Models, err)
	}
}

func TestLoad_modelsAndPrices(t *testing.T) {
	got, err := load(t, `
models:
  - name: gpt-4.1-mini
    api_key: ${OPENAI_API_KEY}
    price: {input_per_million_usd: 0.40, output_per_million_usd: 1.60}
  - name: gpt-4.1-mini
    upstream: openai
    base_url: http://127.0.0.1:9/v1/
    upstream_model: other
`, map[string]string{"BURSAR_ADMIN_KEY": "sk-admin-of-the-config-tests", "OPENAI_API_KEY": "sk-upstream"})
	if err != nil {
		t.Fatal(err)
	}
	first, second := got.Models[0], got.Models[1]
	if first.APIKey != "sk-upstream" || first.BaseURL != "https://api.openai.com/v1" || first.UpstreamModel != "gpt-4.1-mini" {
		t.Errorf("first model: %+v", first)
	}
	if *first.Price.Input != 400_000_000 || *first.Price.Output != 1_600_000_000 {
		t.Errorf("price: %+v", first.Price)
	}
	if second.BaseURL != "http://127.0.0.1:9/v1" || second.UpstreamModel != "other" || second.Price != nil {
		t.Errorf("second model: %+v", second)
	}
}

func TestLoad_pricesOfEveryKind(t *testing.T) {
	got, err := load(t, `
prices: {file: prices.json, mode: instead}
models:
  - name: gpt-5
    price:
      input_per_million_usd: 1.25
      cached_input_per_million_usd: 0.125
      cache_write_per_million_usd: 1.5
      cache_write_1h_per_million_usd: 2
      audio_input_per_million_usd: 3
      image_input_per_million_usd: 4
      output_per_million_usd: 10
      reasoning_per_million_usd: 11
      audio_output_per_million_usd: 12
      image_output_per_million_usd: 13
      request_usd: 0.0001
      tiers:
        - {above_prompt_tokens: 200000, input_per_million_usd: 2.5, output_per_million_usd: 20}
      flex: {input_per_million_usd: 0.625, output_per_million_usd: 5}
      search: {low_usd: 0.025, medium_usd: 0.0275, high_usd: 0.03}
  - {name: whisper-1, price: {audio_hour_usd: 0.36}}
  - {name: tts-1, price: {characters_per_million_usd: 15}}
  - {name: dall-e-3, price: {images: [{size: 1024x1024, quality: hd, usd: 0.08}, {usd: 0.04}]}}
  - {name: catalogued, price: null}
`, adminEnv)
	if err != nil {
		t.Fatal(err)
	}
	usd := func(text string) *money.Nano {
		amount, err := money.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return &amount
	}
	want := []*api.ModelPrice{
		{
			TokenPrices: api.TokenPrices{
				Input: usd("1.25"), CachedInput: usd("0.125"), CacheWrite: usd("1.5"), CacheWrite1h: usd("2"), AudioInput: usd("3"), ImageInput: usd("4"),
				Output: usd("10"), Reasoning: usd("11"), AudioOutput: usd("12"), ImageOutput: usd("13"),
			},
			Request: usd("0.0001"),
			Tiers:   []api.PriceTier{{Above: 200_000, TokenPrices: api.TokenPrices{Input: usd("2.5"), Output: usd("20")}}},
			Flex:    &api.ServicePrice{TokenPrices: api.TokenPrices{Input: usd("0.625"), Output: usd("5")}},
			Search:  &api.SearchPrice{Low: *usd("0.025"), Medium: *usd("0.0275"), High: *usd("0.03")},
		},
		{AudioHour: usd("0.36")},
		{Characters: usd("15")},
		{Images: []api.ImagePrice{{Size: "1024x1024", Quality: "hd", Each: *usd("0.08")}, {Each: *usd("0.04")}}},
		nil,
	}
	for i, model := range got.Models {
		if diff := cmp.Diff(want[i], model.Price); diff != "" {
			t.Errorf("%s: %s", model.Name, diff)
		}
	}
	if got.PriceFile != "prices.json" || !got.PriceFileInstead {
		t.Errorf("price file: %q, instead %v", got.PriceFile, got.PriceFileInstead)
	}
}

// The two forms of declaring a team must mean the same.
func TestLoad_understandsTheGuidesSections(t *testing.T) {
	got, err := load(t, `
allow_plain_http: true
proxy: {enabled: true, host: 0.0.0.0, port: 8000}
rate_limits:
  enabled: true
  identifier_header: "X-Team-ID"
  default: {rpm: 60, tpm: 30000}
  teams:
    marketing: {rpm: 30, tpm: 15000}
budgets:
  enabled: true
  reset_day: 1
  teams:
    marketing: {monthly_budget_usd: 100.0, soft_threshold_pct: 0.8, hard_cap: true}
    product: {monthly_budget_usd: 250.0, soft_threshold_pct: 0.9, hard_cap: false}
dynamic_rate_limits:
  on_soft_budget_hit: {reduce_rpm_pct: 0.5}
teams:
  - {team_id: research, rpm_limit: 200, max_budget: 1000, budget_duration: 1mo, metadata: {cost_center: CC-1}}
`, adminEnv)
	if err != nil {
		t.Fatal(err)
	}
	if got.Listen != "0.0.0.0:8000" || *got.DefaultRPM != 60 || *got.SoftLimitRPMFactor != 0.5 {
		t.Errorf("settings: %+v", got)
	}
	if len(got.Teams) != 3 {
		t.Fatalf("teams: %+v", got.Teams)
	}
	marketing, product, research := got.Teams[0], got.Teams[1], got.Teams[2]
	if *marketing.RPMLimit != 30 || *marketing.MaxBudget != 100*money.USD || *marketing.SoftThresholdPct != 0.8 || !marketing.HardCap {
		t.Errorf("marketing: %+v", marketing)
	}
	if product.HardCap || *product.BudgetDuration != "1mo" {
		t.Errorf("product: %+v", product)
	}
	if *research.RPMLimit != 200 || !research.HardCap || string(research.Metadata["cost_center"]) != `"CC-1"` || research.DeclaredIn == "" {
		t.Errorf("research: %+v", research)
	}
}

func TestLoad_namesEveryWrongField(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"listen":                  {"listen: nowhere", `listen: "nowhere"`},
		"unknown field":           {"lisen: :4000", "lisen"},
		"reset day":               {"budgets: {reset_day: 31}", "budgets.reset_day: is 31"},
		"status":                  {"budgets: {exceeded_status: 500}", "budgets.exceeded_status: is 500"},
		"status of a dialect":     {"budgets: {exceeded_status: {chat: 403, responses: 418}}", "budgets.exceeded_status.responses: is 418"},
		"status of none":          {"budgets: {exceeded_status: {completions: 400}}", "budgets.exceeded_status.completions: is not known; there are chat, messages and responses"},
		"status as a word":        {"budgets: {exceeded_status: forbidden}", "budgets.exceeded_status: is forbidden"},
		"status as a list":        {"budgets: {exceeded_status: [403]}", "budgets.exceeded_status: must be a number, or a map"},
		"contact of a name":       {"contact: the platform team", "contact: must be an e-mail address such as"},
		"contact of a file":       {"contact: file:///etc/passwd", "contact: must be an e-mail address such as"},
		"contact with a password": {"contact: 'https://joe:hunter2@example.com'", "contact: must be an e-mail address such as"},
		"zone":                    {"budgets: {timezone: Mars/Base}", `budgets.timezone: "Mars/Base"`},
		"rate":                    {"rate_limits: {default: {rpm: -1}}", "rate_limits.default.rpm: is -1"},
		"factor":                  {"dynamic_rate_limits: {on_soft_budget_hit: {reduce_rpm_pct: 2}}", "reduce_rpm_pct: is 2"},
		"enforcement":             {"enforcement: {mode: shadow}", "enforcement.mode: is \"shadow\"; it must be enforce or audit"},
		"enforcement without":     {"enforcement: {enforce_from: 2026-12-15}", "enforcement.enforce_from: needs mode: audit"},
		"enforcement too late":    {"enforcement: {mode: audit, enforce_from: 2999-01-01}", "enforcement.enforce_from: is in the year 2999, which is nobody's plan; write one from 2000 to 2200"},
		"enforcement too early":   {"enforcement: {mode: audit, enforce_from: 1999-12-31}", "enforcement.enforce_from: is in the year 1999"},
		"enforcement from when":   {"enforcement: {mode: audit, enforce_from: soon}", "enforcement.enforce_from: is \"soon\""},
		"model name":              {"models: [{upstream: openai}]", "models[0].name: is required"},
		"upstream":                {"models: [{name: a, upstream: opnai}]", `models[0].upstream: "opnai"`},
		"base url":                {"models: [{name: a, base_url: 'ftp://x'}]", "models[0].base_url: is not an http"},
		"azure address":           {"models: [{name: a, upstream: azure, api_version: x}]", "models[0].base_url: is required for azure"},
		"azure version":           {"models: [{name: a, upstream: azure, base_url: 'https://x.openai.azure.com'}]", "models[0].api_version: is required for azure"},
		"foreign version":         {"models: [{name: a, api_version: x}]", "models[0].api_version: is for upstream azure only"},
		"price":                   {"models: [{name: a, price: {input_per_million_usd: cheap, output_per_million_usd: 1}}]", `input_per_million_usd: "cheap"`},
		"half a price":            {"models: [{name: a, price: {input_per_million_usd: 1}}]", "models[0].price: price needs"},
		"misspelled price":        {"models: [{name: a, price: {inptu_per_million_usd: 1}}]", `models[0].price: inptu_per_million_usd is not known; known are`},
		"misspelled tier":         {"models: [{name: a, price: {flex: {in: 1}}}]", `models[0].price: flex has "in", which is not known there`},
		"negative price":          {"models: [{name: a, price: {input_per_million_usd: 1, output_per_million_usd: -1}}]", "output_per_million_usd cannot be negative"},
		"half a tier":             {"models: [{name: a, price: {input_per_million_usd: 1, output_per_million_usd: 1, tiers: [{above_prompt_tokens: 5}]}}]", "tiers[0] needs"},
		"a tier twice":            {"models: [{name: a, price: {input_per_million_usd: 1, output_per_million_usd: 1, tiers: [{above_prompt_tokens: 5, input_per_million_usd: 1, output_per_million_usd: 1}, {above_prompt_tokens: 5, input_per_million_usd: 1, output_per_million_usd: 1}]}}]", "5 stands in two tiers"},
		"half a service":          {"models: [{name: a, price: {input_per_million_usd: 1, output_per_million_usd: 1, flex: {input_per_million_usd: 1}}}]", "price.flex needs"},
		"nobody's word":           {"models: [{name: a, price: {from: rumour}}]", `price.from is "rumour"; it must be list`},
		"a factor of a list":      {"models: [{name: a, price: {max_factor: 2, request_usd: 1}}]", "price.max_factor is for from: provider only"},
		"empty price":             {"models: [{name: a, price: {}}]", "price needs input_per_million_usd"},
		"price of a word":         {"models: [{name: a, price: cheap}]", "models[0].price: is not an object"},
		"unpriced how":            {"unpriced_models: warn", `unpriced_models: is "warn"; it must be deny, allow`},
		"unpriced until when":     {"unpriced_models: {warn_until: soon, price: {request_usd: 1}}", `unpriced_models.warn_until: is "soon"`},
		"unpriced for ever":       {"unpriced_models: {price: {request_usd: 1}}", `unpriced_models.warn_until: is ""`},
		"unpriced at no price":    {"unpriced_models: {warn_until: 2026-12-31}", "unpriced_models.price: is required"},
		"unpriced for free":       {"unpriced_models: {warn_until: 2026-12-31, price: {input_per_million_usd: 1, output_per_million_usd: 0}}", "unpriced_models.price: has a price of 0"},
		"unpriced otherwise":      {"unpriced_models: {warn_after: 2026-12-31}", "unpriced_models.warn_after: is not known"},
		"a list in the clear":     {"prices: {url: http://a.example.com/x.json}", "prices.url: is not an https address"},
		"a list with a password":  {"prices: {url: https://u:p@a.example.com/x.json}", "prices.url: must not carry a user"},
		"a list that is not used": {"prices: {url: https://a.example.com/x, file: a.json, mode: instead}", "prices.url: has no effect"},
		"a list too often":        {"prices: {url: https://a.example.com/x, refresh: 5s}", `prices.refresh: "5s" is not a duration of a minute or more`},
		"a digest":                {"prices: {url: https://a.example.com/x, sha256: abc}", "prices.sha256: is not a SHA-256"},
		"a signature":             {"prices: {url: https://a.example.com/x, signature: me}", "prices.signature: is not a public key"},
		"a list's authority":      {"prices: {url: https://a.example.com/x, ca_file: none.pem}", "prices.ca_file: \"none.pem\" cannot be read"},
		"a refresh of nothing":    {"prices: {refresh: 1h}", "prices.refresh: is for prices.url only"},
		"price mode":              {"prices: {file: a.json, mode: under}", `prices.mode: is "under"`},
		"no price file":           {"prices: {mode: over}", "prices.file: is required"},
		"variable":                {"models: [{name: a, api_key: '${NOT_SET}'}]", "environment variable NOT_SET is not set"},
		"database":                {"database_url: mysql://root:hunter2@db/x", `database_url: starts with "mysql"`},
		"secret key before none":  {"secret_key_previous: x", "secret_key_previous: is the key before secret_key"},
		"postgres secret":         {"database_url: postgres://db/x", "secret_key: is required"},
		"redis":                   {"redis_url: http://x", `redis_url: starts with "http"`},
		"pass-through path":       {"pass_through: [{path: /v2/x, price_per_request_usd: 1}]", `pass_through[0].path: "/v2/x" is not a path`},
		"pass-through price":      {"pass_through: [{path: /v1/x}]", "pass_through[0].price_per_request_usd: is required"},
		"stream idle":             {"timeouts: {stream_idle: never}", `timeouts.stream_idle: "never" is not a duration`},
		"redis timeout":           {"redis_timeout: soon", `redis_timeout: "soon" is not a duration`},
		"team field":              {"teams: [{team_id: a, rpm: 3}]", "teams[0]: has unknown fields: rpm"},
		"team duration":           {"teams: [{team_id: a, budget_duration: 1 month}]", `budget_duration "1 month" is not a duration`},
		"team twice":              {"teams: [{team_id: a}, {team_id: a}]", `"a" stands here twice`},
		"route":                   {"alert_routes: [{name: a}]", "webhook is required"},
		"smtp host":               {"alerts: {smtp: {from: a@b.example}}", "alerts.smtp.host: is required"},
		"smtp sender":             {"alerts: {smtp: {host: a}}", "alerts.smtp.from: is required"},
		"smtp password":           {"alerts: {smtp: {host: a, from: a@b.example, password: x, username: y, tls: none}}", "never sent in the clear"},
		"not yaml":                {"a: [", "not YAML"},
		"unpriced":                {"unpriced_models: maybe", `unpriced_models: is "maybe"`},
		"negative window":         {"models: [{name: a, max_input_tokens: -1}]", "models[0].max_input_tokens: is -1"},
		"unpriced tools":          {"unpriced_tools: maybe", `unpriced_tools: is "maybe"`},
		"admin key length":        {"admin_key: short", ""},
		"drain":                   {"drain_timeout: 0s", `drain_timeout: "0s" is not a duration up to an hour`},
		"stream hold":             {"timeouts: {stream_hold: 10m}", `timeouts.stream_hold: "10m" is not a duration up to 30s`},
		"stream hold below":       {"timeouts: {stream_hold: -1s}", `timeouts.stream_hold: "-1s" is not a duration up to 30s`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, test.text, adminEnv)
			if test.want == "" {
				if err != nil {
					t.Fatalf("the environment's admin key should win: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want it to say %q", err, test.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Fatalf("the error holds a password: %v", err)
			}
		})
	}
}

func TestLoad_upstreams(t *testing.T) {
	got, err := load(t, `models:
  - {name: a, upstream: anthropic}
  - {name: b, upstream: azure, base_url: "https://x.openai.azure.com/", api_version: 2024-10-21}
  - {name: c, upstream: azure, base_url: "https://x.openai.azure.com/openai/v1"}
`, adminEnv)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		"anthropic https://api.anthropic.com/v1 ", "azure https://x.openai.azure.com 2024-10-21", "azure https://x.openai.azure.com/openai/v1 ",
	} {
		model := got.Models[i]
		if text := model.Upstream + " " + model.BaseURL + " " + model.APIVersion; text != want {
			t.Errorf("models[%d]: %q, want %q", i, text, want)
		}
	}
}

func TestLoad_reportsAllProblemsAtOnce(t *testing.T) {
	_, err := load(t, "listen: x\nbudgets: {reset_day: 0}\n", nil)
	var wrong *config.Error
	if !errors.As(err, &wrong) || len(wrong.Problems) != 3 {
		t.Fatalf("got %v, want three problems (admin_key, listen, reset_day)", err)
	}
}

// Nothing hides anything else: neither an unknown section nor a variable that is missing. Each problem has its line,
// and a field that is not known the name that was meant.
func TestLoad_reportsAllKindsOfProblemsAtOnce(t *testing.T) {
	_, err := load(t, `modles: []
rate_limits:
  dfault: {rpm: 1}
  default: {rpm: many, tpm: -1}
timezone: UTC
models:
  - name: a
    api_key: ${NOT_SET}
    base_url: ${NOT_SET_EITHER}
    weigth: 3
  - base_url: nonsense
teams:
  - {team_id: a, max_budgt: 3}
budgets: [1]
alerts: {allow_private_targets: hunter2}
`, map[string]string{"BURSAR_LISTEN": "x"})
	var wrong *config.Error
	if !errors.As(err, &wrong) {
		t.Fatal(err)
	}
	want := []string{
		`admin_key: is required; set BURSAR_ADMIN_KEY to a long random text, for example the output of: openssl rand -hex 24. Or run bursar init: it writes a configuration with one, and says how to open the console`,
		`listen: "x" is not a host and a port such as 127.0.0.1:4000 or :4000`,
		`line 1: modles: is not known; did you mean models?`,
		`line 3: rate_limits.dfault: is not known; did you mean rate_limits.default?`,
		`line 4: a text stands where a whole number is expected`,
		`line 4: rate_limits.default.tpm: is -1; it cannot be negative`,
		`line 5: timezone: is not known; did you mean budgets.timezone?`,
		`line 8: models[0].api_key: environment variable NOT_SET is not set`,
		`line 9: models[0].base_url: environment variable NOT_SET_EITHER is not set`,
		`line 10: models[0].weigth: is not known; did you mean models[0].weight?`,
		`line 11: models[1].base_url: is not an http or https address such as https://api.openai.com/v1`,
		`line 11: models[1].name: is required: the name that clients ask for`,
		`line 13: teams[0]: has unknown fields: max_budgt; did you mean max_budget?`,
		`line 14: budgets: a list stands where an object is expected`,
		`line 15: alerts.allow_private_targets: a text stands where true or false is expected`,
	}
	slices.Sort(want)
	got := slices.Sorted(slices.Values(wrong.Problems))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !slices.IsSortedFunc(wrong.Problems, func(a, b string) int { return cmpLines(a, b) }) {
		t.Errorf("not in the order of the file: %q", wrong.Problems)
	}
}

func cmpLines(a, b string) int {
	line := func(text string) (n int) {
		_, _ = fmt.Sscanf(text, "line %d:", &n)
		return n
	}
	return line(a) - line(b)
}

// What a variable holds is a number where one is expected, and never stands in an error.
func TestLoad_variablesAsNumbers(t *testing.T) {
	env := map[string]string{"BURSAR_ADMIN_KEY": "sk-admin-of-the-config-tests", "RPM": "7", "KEY": "12345", "WRONG": "hunter2"}
	got, err := load(t, "rate_limits:\n  default:\n    rpm: ${RPM}\nmodels:\n  - name: a\n    api_key: ${KEY}\n", env)
	if err != nil || *got.DefaultRPM != 7 || got.Models[0].APIKey != "12345" {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = load(t, "rate_limits:\n  default:\n    rpm: ${WRONG}\n", env)
	if want := "line 3: rate_limits.default.rpm: a text stands where a whole number is expected"; err == nil ||
		!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func TestLoad_missingFileIsNamed(t *testing.T) {
	_, err := config.Load("no-such.yaml", func(string) string { return "" })
	if err == nil || !strings.Contains(err.Error(), "no-such.yaml") {
		t.Fatalf("got %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("listen: :4000\nteams: [{team_id: a}]")
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = load(t, text, adminEnv)
	})
}

func TestLoad_adminKeyIsLongEnough(t *testing.T) {
	for _, test := range []struct{ listen, key, want string }{
		{"127.0.0.1:4000", "short", "only 5 characters"},
		{"127.0.0.1:4000", "sk-local-1", ""},
		{"[::1]:4000", "sk-local-1", ""},
		{":4000", "sk-local-1", "at least 24 are needed"},
		{"192.0.2.1:4000", "sk-only-23-characters--", "at least 24 are needed"},
		{"localhost:4000\nlisten_admin: ':4001", "sk-local-1", "at least 24 are needed"},
		{":4000\nlisten_admin: 'localhost:4001", "sk-local-1", ""},
		{":4000", "sk-long-enough-now------", ""},
	} {
		text := "allow_plain_http: true\nlisten: '" + strings.ReplaceAll(test.listen, "\n", "'\n") + "'"
		got, err := load(t, text, map[string]string{"BURSAR_ADMIN_KEY": test.key})
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s with %d characters: %v", test.listen, len(test.key), err)
		}
		if err == nil && (len(got.Warnings) == 1) != (len(test.key) < 24) {
			t.Errorf("%s with %d characters warns %v", test.listen, len(test.key), got.Warnings)
		}
	}
}

func TestLoad_tokens(t *testing.T) {
	got, err := load(t, `
oidc: {issuer: "https://id.example.com", audience: bursar, roles: {platform: admin}}
jwt: {issuer: app, audience: bursar, jwks_url: "https://id.example.com/keys", team_claim: team}
`, adminEnv)
	if err != nil {
		t.Fatal(err)
	}
	if got.OIDC.RoleClaim != "roles" || got.OIDC.Roles["platform"] != "admin" || got.JWT.TeamClaim != "team" || got.JWT.UserClaim != "sub" {
		t.Errorf("%+v, %+v", got.OIDC, got.JWT)
	}
	_, err = load(t, `
oidc: {issuer: "http://id.example.com", roles: {platform: root}}
jwt: {jwks_url: "ftp://id.example.com"}
`, adminEnv)
	for _, want := range []string{"oidc.audience", "oidc.issuer", "oidc.roles.platform", "jwt.audience", "jwt.issuer", "jwt.jwks_url"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("nothing is said of %s: %v", want, err)
		}
	}
}
