package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"

	"go.yaml.in/yaml/v3"
)

// file is gateway.yaml as it is written. Sections and names that operators know from
// guides about LiteLLM (proxy.host, rate_limits.teams, budgets.teams) are understood too.
type file struct {
	Listen      string `yaml:"listen"`
	ListenAdmin string `yaml:"listen_admin"`
	TLS         struct {
		Cert string `yaml:"cert"`
		Key  string `yaml:"key"`
	} `yaml:"tls"`
	AllowPlainHTTP    bool   `yaml:"allow_plain_http"`
	AdminKey          string `yaml:"admin_key"`
	MetricsKey        string `yaml:"metrics_key"`
	DataDir           string `yaml:"data_dir"`
	DatabaseURL       string `yaml:"database_url"`
	RedisURL          string `yaml:"redis_url"`
	SecretKey         string `yaml:"secret_key"`
	SecretKeyPrevious string `yaml:"secret_key_previous"`
	// RedisTimeout is a duration as Go writes it, such as 500ms.
	RedisTimeout string `yaml:"redis_timeout"`
	// DrainDelay is a duration as Go writes it, such as 5s.
	DrainDelay string `yaml:"drain_delay"`
	// DrainTimeout is one too.
	DrainTimeout string `yaml:"drain_timeout"`
	// Readiness is "serving" or "strict".
	Readiness string `yaml:"readiness"`
	// MinOutputTokens is the least that a request without an output cap gets where limits have room.
	MinOutputTokens *int64 `yaml:"min_output_tokens"`

	Proxy struct {
		Enabled *bool  `yaml:"enabled"`
		Host    string `yaml:"host"`
		Port    int    `yaml:"port"`
	} `yaml:"proxy"`

	RateLimits struct {
		Enabled          *bool            `yaml:"enabled"`
		IdentifierHeader string           `yaml:"identifier_header"`
		Default          rates            `yaml:"default"`
		Teams            map[string]rates `yaml:"teams"`
		OnStoreDown      string           `yaml:"on_store_down"`
	} `yaml:"rate_limits"`

	Budgets struct {
		Enabled        *bool                 `yaml:"enabled"`
		Timezone       string                `yaml:"timezone"`
		ResetDay       *int                  `yaml:"reset_day"`
		ExceededStatus yaml.Node             `yaml:"exceeded_status"`
		Teams          map[string]teamBudget `yaml:"teams"`
		Shared         []yaml.Node           `yaml:"shared"`
		OnStoreDown    string                `yaml:"on_store_down"`
		MaxBacklog     *int64                `yaml:"max_backlog"`
	} `yaml:"budgets"`

	Redis struct {
		StrictRecovery *bool  `yaml:"strict_recovery"`
		Preflight      string `yaml:"preflight"`
	} `yaml:"redis"`

	DynamicRateLimits struct {
		OnSoftBudgetHit struct {
			ReduceRPMPct *float64 `yaml:"reduce_rpm_pct"`
		} `yaml:"on_soft_budget_hit"`
	} `yaml:"dynamic_rate_limits"`

	Enforcement fileEnforcement `yaml:"enforcement"`

	Alerts fileAlerts `yaml:"alerts"`

	OIDC *fileOIDC `yaml:"oidc"`
	JWT  *fileJWT  `yaml:"jwt"`

	Workloads []fileWorkload `yaml:"workloads"`

	Console struct {
		Enabled *bool `yaml:"enabled"`
	} `yaml:"console"`

	// PublicURL is the address at which people reach the gateway.
	PublicURL string `yaml:"public_url"`
	Reviews   struct {
		Required         bool `yaml:"required"`
		ApprovedByOthers bool `yaml:"approved_by_others"`
	} `yaml:"reviews"`
	Requests struct {
		AutoApprove []fileAutoApproval `yaml:"auto_approve"`
		Policy      string             `yaml:"policy"`
	} `yaml:"requests"`

	Prices struct {
		File      string `yaml:"file"`
		Mode      string `yaml:"mode"`
		URL       string `yaml:"url"`
		Refresh   string `yaml:"refresh"`
		SHA256    string `yaml:"sha256"`
		Signature string `yaml:"signature"`
		CAFile    string `yaml:"ca_file"`
	} `yaml:"prices"`

	Metrics        fileMetrics       `yaml:"metrics"`
	Minutes        fileMinutes       `yaml:"minutes"`
	Retention      fileRetention     `yaml:"retention"`
	Export         []fileExport      `yaml:"export"`
	Contact        string            `yaml:"contact"`
	LiteLLMErrors  bool              `yaml:"litellm_errors"`
	UnpricedModels yaml.Node         `yaml:"unpriced_models"`
	UnpricedTools  string            `yaml:"unpriced_tools"`
	Models         []fileModel       `yaml:"models"`
	Routing        fileRouting       `yaml:"routing"`
	PassThrough    []filePassThrough `yaml:"pass_through"`
	// UpstreamNetworks are private networks where models of the API may be.
	UpstreamNetworks []string `yaml:"upstream_networks"`
	// TrustedProxies are networks of load balancers.
	TrustedProxies []string `yaml:"trusted_proxies"`
	// Timeouts are durations as Go writes them, such as 90s.
	Timeouts struct {
		StreamIdle string `yaml:"stream_idle"`
		StreamHold string `yaml:"stream_hold"`
	} `yaml:"timeouts"`
	Teams       []yaml.Node `yaml:"teams"`
	AlertRoutes []yaml.Node `yaml:"alert_routes"`
}

type rates struct {
	RPM *int64 `yaml:"rpm"`
	TPM *int64 `yaml:"tpm"`
}

type teamBudget struct {
	MonthlyBudgetUSD yaml.Node `yaml:"monthly_budget_usd"`
	SoftThresholdPct *float64  `yaml:"soft_threshold_pct"`
	HardCap          *bool     `yaml:"hard_cap"`
}

type filePassThrough struct {
	Path     string    `yaml:"path"`
	Upstream string    `yaml:"upstream"`
	APIKey   string    `yaml:"api_key"`
	Price    yaml.Node `yaml:"price_per_request_usd"`
	Teams    []string  `yaml:"teams"`
}

// fileRouting has durations as Go writes them, such as 30s.
type fileRouting struct {
	AllowedFails   *int     `yaml:"allowed_fails"`
	Cooldown       string   `yaml:"cooldown"`
	Retries        *int     `yaml:"retries"`
	RetryBudgetPct *float64 `yaml:"retry_budget_pct"`
	Timeout        string   `yaml:"timeout"`
}

type fileModel struct {
	ModelID         string    `yaml:"model_id"`
	Name            string    `yaml:"name"`
	Upstream        string    `yaml:"upstream"`
	BaseURL         string    `yaml:"base_url"`
	APIKey          string    `yaml:"api_key"`
	APIVersion      string    `yaml:"api_version"`
	UpstreamModel   string    `yaml:"upstream_model"`
	BaseModel       string    `yaml:"base_model"`
	Aliases         []string  `yaml:"aliases"`
	AccessGroups    []string  `yaml:"access_groups"`
	MaxInputTokens  int64     `yaml:"max_input_tokens"`
	MaxOutputTokens int64     `yaml:"max_output_tokens"`
	MinOutputTokens *int64    `yaml:"min_output_tokens"`
	Weight          *int64    `yaml:"weight"`
	RPM             *int64    `yaml:"rpm"`
	TPM             *int64    `yaml:"tpm"`
	TPMCountsCached *bool     `yaml:"tpm_counts_cached"`
	Price           yaml.Node `yaml:"price"`
}

// readFile reads the file at path, none when path is empty. What is wrong with it is in the source, unless nothing of it
// could be read.
func readFile(path string, getenv func(string) string) (file, *source, error) {
	if path == "" {
		return file{}, newSource(), nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return file{}, nil, fmt.Errorf("read configuration: %w", err)
	}
	return parseFile(data, getenv)
}

func parseFile(data []byte, getenv func(string) string) (parsed file, from *source, err error) {
	var tree yaml.Node
	if err := yaml.Unmarshal(data, &tree); err != nil {
		return file{}, nil, fmt.Errorf("configuration is not YAML: %w", err)
	}
	from = newSource()
	if tree.IsZero() {
		return parsed, from, nil
	}
	from.read(&tree, "", reflect.TypeFor[file](), getenv)
	if wrong, ok := errors.AsType[*yaml.TypeError](tree.Decode(&parsed)); ok {
		from.wrongTypes(wrong.Errors)
	}
	return parsed, from, nil
}
