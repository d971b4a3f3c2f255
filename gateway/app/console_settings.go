package app

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/console"
)

// settingsShown are what people ask about of a configuration. Secrets are left out by not being named here.
func settingsShown(c config.Config) []console.Setting {
	const gateway, limits, alerts, models = "Gateway", "Limits and budgets", "Alerts and access", "Models"
	shown := []console.Setting{
		{Section: gateway, Name: "Configuration file", Value: c.File},
		{Section: gateway, Name: "listen", Value: c.Listen},
		{Section: gateway, Name: "listen_admin", Value: c.ListenAdmin},
		{Section: gateway, Name: "tls", Value: strconv.FormatBool(c.TLS.IsOn())},
		{Section: gateway, Name: "trusted_proxies", Value: fmt.Sprint(len(c.TrustedProxies))},
		{Section: gateway, Name: "database_url", Value: withoutPassword(c.DatabaseURL)},
		{Section: gateway, Name: "redis_url", Value: withoutPassword(c.RedisURL)},
		{Section: gateway, Name: "drain_delay", Value: duration(c.DrainDelay)},
		{Section: gateway, Name: "drain_timeout", Value: duration(c.DrainTimeout)},
		{Section: limits, Name: "rate_limits.default.rpm", Value: optionalNumber(c.DefaultRPM)},
		{Section: limits, Name: "rate_limits.default.tpm", Value: optionalNumber(c.DefaultTPM)},
		{Section: limits, Name: "rate_limits.identifier_header", Value: c.IdentifierHeader},
		{Section: limits, Name: "rate_limits.on_store_down", Value: c.RateLimitsOnStoreDown},
		{Section: limits, Name: "budgets.on_store_down", Value: c.BudgetsOnStoreDown},
		{Section: limits, Name: "budgets.timezone", Value: c.Timezone.String()},
		{Section: limits, Name: "budgets.reset_day", Value: strconv.Itoa(c.ResetDay)},
		{Section: limits, Name: "contact", Value: c.Contact},
		{Section: limits, Name: "public_url", Value: c.PublicURL},
		{Section: limits, Name: "requests.auto_approve", Value: strconv.Itoa(len(c.AutoApprove))},
		{Section: limits, Name: "reviews.required", Value: strconv.FormatBool(c.ReviewsRequired)},
		{Section: limits, Name: "reviews.approved_by_others", Value: strconv.FormatBool(c.ReviewsByOthers)},
		{Section: alerts, Name: "alerts.allow_private_targets", Value: strconv.FormatBool(c.AllowPrivateTargets)},
		{Section: alerts, Name: "alerts.to_owners", Value: strconv.FormatBool(c.AlertsToOwners)},
		{Section: alerts, Name: "alerts.smtp", Value: strconv.FormatBool(c.SMTP != nil)},
		{Section: alerts, Name: "oidc", Value: strconv.FormatBool(c.OIDC != nil)},
		{Section: alerts, Name: "workloads", Value: strconv.Itoa(len(c.Workloads))},
		{Section: alerts, Name: "jwt", Value: strconv.FormatBool(c.JWT != nil)},
		{Section: alerts, Name: "metrics_key", Value: strconv.FormatBool(c.MetricsKey != "")},
		{Section: models, Name: "Models in the file", Value: strconv.Itoa(len(c.Models))},
		{Section: models, Name: "prices.file", Value: c.PriceFile},
		{Section: models, Name: "Unpriced models", Value: map[bool]string{true: "served at no cost", false: "refused"}[c.AllowUnpriced]},
		{Section: models, Name: "upstream_networks", Value: fmt.Sprint(len(c.UpstreamNetworks))},
	}
	for i := range shown {
		shown[i].Origin = c.Origin(shown[i].Name)
	}
	return shown
}

func duration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func optionalNumber(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

// withoutPassword shows where a store is, and not how one gets in.
func withoutPassword(address string) string {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" {
		if len(address) > 7 && address[:7] == "sqlite:" {
			return address
		}
		return ""
	}
	return parsed.Scheme + "://" + parsed.Host + parsed.Path
}
