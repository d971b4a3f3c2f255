package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// PriceFeed is how fetching the price list of prices.url goes.
type PriceFeed struct {
	// Age is since the list was last fetched; of one that never was it is decades.
	Age      time.Duration
	Failures int64
	Refused  int
}

// PriceFeed shows it.
func (m *Metrics) PriceFeed(now func() PriceFeed) {
	gauge := func(name, help string, value func(PriceFeed) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return value(now()) })
	}
	m.registry.MustRegister(
		gauge("bursar_price_feed_age_seconds", "How long ago the price list of prices.url was last fetched; decades when it never was.",
			func(f PriceFeed) float64 { return f.Age.Seconds() }),
		gauge("bursar_price_feed_refused_prices", "How many prices of that list were not taken over, as they would be free or change more than tenfold.",
			func(f PriceFeed) float64 { return float64(f.Refused) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "bursar_price_feed_failures_total", Help: "How often the price list of prices.url could not be fetched or verified.",
		}, func() float64 { return float64(now().Failures) }),
	)
}
