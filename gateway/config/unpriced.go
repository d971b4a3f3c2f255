package config

import (
	"slices"
	"time"

	"go.yaml.in/yaml/v3"
)

// unpriced reads what becomes of models without a known price: deny, allow, or a fallback price until a date.
func (c *checker) unpriced(node yaml.Node) {
	const field = "unpriced_models"
	if node.IsZero() {
		return
	}
	if node.Kind != yaml.MappingNode {
		switch node.Value {
		case "", "deny":
		case "allow":
			c.config.AllowUnpriced = true
		default:
			c.fail(field, "is %q; it must be deny, allow, or an object with warn_until, a date, and price", node.Value)
		}
		return
	}
	until, price, seen := "", yaml.Node{}, []string{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i].Value, node.Content[i+1]
		switch name {
		case "warn_until", "warn-until":
			name, until = "warn_until", value.Value
		case "price":
			price = *value
		default:
			c.fail(field+"."+name, "is not known; there are warn_until and price")
		}
		if slices.Contains(seen, name) {
			c.fail(field+"."+name, "is given twice")
		}
		seen = append(seen, name)
	}
	c.unpricedUntil(field+".warn_until", until)
	c.config.UnpricedPrice = c.price(field+".price", price)
	switch stated := c.config.UnpricedPrice; {
	case price.IsZero() || price.Tag == "!!null":
		c.fail(field+".price", "is required: what a model without a known price costs until then, such as {input_per_million_usd: 10, output_per_million_usd: 50}")
	case stated == nil: // said already
	case !stated.Lists():
		c.fail(field+".price", "needs input_per_million_usd and output_per_million_usd")
	case stated.Input != nil && *stated.Input == 0 || stated.Output != nil && *stated.Output == 0:
		c.fail(field+".price", "has a price of 0, which would make models free; state the dearest that they may cost, or allow to serve them at no cost")
	}
}

func (c *checker) unpricedUntil(field, text string) {
	day, err := time.ParseInLocation(time.DateOnly, text, c.config.Timezone)
	if err != nil {
		c.fail(field, "is %q; it must be the last day on which they are served, such as 2026-12-31", text)
		return
	}
	c.config.UnpricedUntil = day.AddDate(0, 0, 1)
}
