package config

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// AutoApproval lets requests for more through that stay within all that it says.
type AutoApproval struct {
	// UpToPct is the share of the limit that may be added, in percent, and UpToUSD the amount; 0 does not say.
	UpToPct float64
	UpToUSD money.Nano
	// Per is the time within which what was approved so counts together.
	Per time.Duration
}

type fileAutoApproval struct {
	UpToPct float64   `yaml:"up_to_pct"`
	UpToUSD yaml.Node `yaml:"up_to_usd"`
	Per     string    `yaml:"per"`
}

// requests reads where people ask for more, what is approved without anybody, and what needs an approved review.
func (c *checker) requests(f file) {
	c.config.PublicURL = c.publicURL(f.PublicURL)
	c.config.ReviewsRequired, c.config.ReviewsByOthers = f.Reviews.Required, f.Reviews.ApprovedByOthers
	c.config.RequestPolicy = f.Requests.Policy
	if f.Requests.Policy != "" && len(f.Requests.AutoApprove) == 0 {
		c.fail("requests.policy", "says what is not approved without anybody, and requests.auto_approve has no rule that would approve any")
	}
	for i, written := range f.Requests.AutoApprove {
		field := fmt.Sprintf("requests.auto_approve[%d]", i)
		rule := AutoApproval{UpToPct: written.UpToPct}
		if amount := c.amount(field+".up_to_usd", written.UpToUSD); amount != nil {
			rule.UpToUSD = *amount
		}
		if rule.UpToPct < 0 || rule.UpToPct > 100 {
			c.fail(field+".up_to_pct", "must be a share of the limit in percent, above 0 and at most 100")
		}
		if rule.UpToPct == 0 && rule.UpToUSD == 0 {
			c.fail(field, "says neither up_to_pct nor up_to_usd, and would approve everything")
		}
		span, err := api.ParseSpan(written.Per)
		if err != nil {
			c.fail(field+".per", "must be the time within which small requests count together, such as 30d")
			continue
		}
		start := time.Unix(0, 0).UTC()
		rule.Per = span.AddTo(start).Sub(start)
		c.config.AutoApprove = append(c.config.AutoApprove, rule)
	}
}

// publicURL takes the address that people's browsers have for the gateway.
func (c *checker) publicURL(text string) string {
	if text == "" {
		return ""
	}
	link, err := url.Parse(text)
	if err != nil || link.Scheme != "https" && link.Scheme != "http" || link.Host == "" || link.User != nil || link.RawQuery != "" || link.Fragment != "" {
		c.fail("public_url", "must be the address at which people reach this gateway, such as https://llm.example.com")
		return ""
	}
	return strings.TrimRight(text, "/")
}
