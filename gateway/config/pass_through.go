package config

import (
	"fmt"
	"path"
	"strings"
)

func (c *checker) passThrough(entries []filePassThrough) {
	seen := map[string]bool{}
	for i, entry := range entries {
		field := fmt.Sprintf("pass_through[%d]", i)
		clean := strings.TrimSuffix(entry.Path, "/*")
		switch {
		case !strings.HasPrefix(clean, "/v1/") || path.Clean(clean) != clean || strings.ContainsAny(clean, "{}*?# "):
			c.fail(field+".path", "%q is not a path such as /v1/rerank or /v1/files/*", entry.Path)
		case seen[clean]:
			c.fail(field+".path", "%q stands here twice", entry.Path)
		}
		seen[clean] = true
		price := c.amount(field+".price_per_request_usd", entry.Price)
		if price == nil {
			if entry.Price.IsZero() {
				c.fail(field+".price_per_request_usd", "is required; 0 is free")
			}
			continue
		}
		c.config.PassThrough = append(c.config.PassThrough, PassThrough{
			Path: entry.Path, BaseURL: c.baseURL(field+".upstream", "openai", entry.Upstream),
			APIKey: entry.APIKey, PricePerRequest: *price, Teams: entry.Teams,
		})
	}
}
