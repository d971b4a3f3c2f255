package config

import (
	"fmt"
	"net/netip"
	"path"
	"strings"
)

// networks reads networks such as 10.0.0.0/8, or single addresses.
func (c *checker) networks(field string, entries []string) []netip.Prefix {
	var list []netip.Prefix
	for i, entry := range entries {
		entry = strings.TrimSpace(entry)
		network, err := netip.ParsePrefix(entry)
		if err != nil {
			var addr netip.Addr
			if addr, err = netip.ParseAddr(entry); err == nil {
				network = netip.PrefixFrom(addr, addr.BitLen())
			}
		}
		if err != nil {
			c.fail(fmt.Sprintf("%s[%d]", field, i), "%q is no network such as 10.0.0.0/8", entry)
			continue
		}
		list = append(list, network.Masked())
	}
	return list
}

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
