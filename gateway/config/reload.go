package config

import (
	"reflect"
	"slices"
	"strings"
)

// reloaded are the fields of [Config] that a gateway takes over while it serves.
var reloaded = []string{"Models", "PriceFile", "PriceFileInstead", "Teams", "Budgets", "AlertRoutes", "Workloads"}

// notSettings are those that nobody sets.
var notSettings = []string{"File", "Warnings", "origins"}

// settingNames are those of fields that are not called in the file as they are here.
var settingNames = map[string]string{
	"RedisStrictRecovery": "redis.strict_recovery", "RedisPreflightWarns": "redis.preflight",
	"RateLimitsOnStoreDown": "rate_limits.on_store_down", "BudgetsOnStoreDown": "budgets.on_store_down",
	"MaxBacklog": "budgets.max_backlog", "ReadinessStrict": "readiness", "IdentifierHeader": "rate_limits.identifier_header",
	"DefaultRPM": "rate_limits.default.rpm", "DefaultTPM": "rate_limits.default.tpm",
	"Timezone": "budgets.timezone", "ResetDay": "budgets.reset_day", "ExceededStatus": "budgets.exceeded_status",
	"LiteLLMErrors": "litellm_errors", "SoftLimitRPMFactor": "dynamic_rate_limits.on_soft_budget_hit.reduce_rpm_pct",
	"AllowPrivateTargets": "alerts.allow_private_targets", "SMTP": "alerts.smtp", "UpstreamNetworks": "upstream_networks", "TLS": "tls", "PriceFeed": "prices.url", "AllowUnpriced": "unpriced_models", "UnpricedPrice": "unpriced_models.price", "UnpricedUntil": "unpriced_models.warn_until",
	"StreamIdle": "timeouts.stream_idle", "StreamHold": "timeouts.stream_hold", "Exports": "export",
}

// settingName is what a field is called in the file.
func settingName(field string) string {
	if name, other := settingNames[field]; other {
		return name
	}
	var name strings.Builder
	for i, r := range field {
		upper := r >= 'A' && r <= 'Z'
		if upper && i > 0 && (field[i-1] < 'A' || field[i-1] > 'Z' || i+1 < len(field) && field[i+1] >= 'a') {
			name.WriteByte('_')
		}
		name.WriteString(strings.ToLower(string(r)))
	}
	return name.String()
}

// NeedsRestart names the settings of next that differ from c and that a gateway does not take over while it serves.
func (c Config) NeedsRestart(next Config) []string {
	var names []string
	now, then := reflect.ValueOf(c), reflect.ValueOf(next)
	for i := range now.NumField() {
		field := now.Type().Field(i).Name
		if slices.Contains(reloaded, field) || slices.Contains(notSettings, field) {
			continue
		}
		if !reflect.DeepEqual(now.Field(i).Interface(), then.Field(i).Interface()) {
			names = append(names, settingName(field))
		}
	}
	return names
}

// Reloaded is c with what a gateway takes over of next while it serves.
func (c Config) Reloaded(next Config) Config {
	result, then := reflect.ValueOf(&c).Elem(), reflect.ValueOf(next)
	for _, field := range reloaded {
		result.FieldByName(field).Set(then.FieldByName(field))
	}
	c.origins = next.origins
	return c
}
