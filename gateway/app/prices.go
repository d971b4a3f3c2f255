package app

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/pricing"
	"github.com/bursarhq/terraform-provider-bursar/gateway/proxy"
)

// prices are those of the models that are served, by the name that clients ask for.
type prices map[string]pricing.Price

// pricesOf takes the price of each model's first deployment that has one.
func pricesOf(models []proxy.Model) prices {
	known := prices{}
	for _, model := range models {
		for _, deployment := range model.Deployments {
			if _, found := known[model.Name]; !found && deployment.Priced {
				known[model.Name] = deployment.Price
			}
		}
	}
	return known
}

// Price implements [admin.Prices].
func (p prices) Price(model string) (pricing.Price, bool) {
	price, known := p[model]
	return price, known
}
