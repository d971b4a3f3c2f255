package app

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/asking"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/console"
)

// askForMore is the page that people are sent to who want more of a limit; "" where nobody can reach one.
func askForMore(settings config.Config) string {
	if settings.PublicURL == "" || !settings.Console {
		return ""
	}
	return settings.PublicURL + console.AskPath
}

func rulesOf(written []config.AutoApproval) []asking.Rule {
	rules := make([]asking.Rule, len(written))
	for i, rule := range written {
		rules[i] = asking.Rule(rule)
	}
	return rules
}
