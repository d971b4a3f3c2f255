package config

import (
	"go.yaml.in/yaml/v3"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Watch says what people are told of that no single call brings about.
type Watch struct {
	// Forecast tells that a cap will fall.
	Forecast bool
	// AnomalyAmount and AnomalyPercent are where a team's day is out of line: above both, the second of the median of the same
	// weekday. An amount of 0 tells of none.
	AnomalyAmount  money.Nano
	AnomalyPercent int64
	// SustainedMinutes is for how many minutes on end a limit has to refuse calls of a team; 0 tells of none.
	SustainedMinutes int
}

// fileAnomaly is alerts.anomaly of the file.
type fileAnomaly struct {
	AboveUSD yaml.Node `yaml:"above_usd"`
	AbovePct *int      `yaml:"above_pct"`
}

const (
	defaultAnomalyAmount    = 50 * money.USD
	defaultAnomalyPercent   = 300
	defaultSustainedMinutes = 5
	mostSustainedMinutes    = 60
)

func (c *checker) watch(f fileAlerts) {
	watch := Watch{
		Forecast: f.Forecast == nil || *f.Forecast, AnomalyAmount: defaultAnomalyAmount, AnomalyPercent: int64(intOr(f.Anomaly.AbovePct, defaultAnomalyPercent)),
		SustainedMinutes: intOr(f.SustainedMinutes, defaultSustainedMinutes),
	}
	if text := f.Anomaly.AboveUSD.Value; text != "" {
		amount, err := money.Parse(text)
		if err != nil || amount < 0 {
			c.fail("alerts.anomaly.above_usd", "%q is not an amount in US dollars such as 50; 0 tells of no anomaly", text)
		}
		watch.AnomalyAmount = amount
	}
	if watch.AnomalyPercent < 100 || watch.AnomalyPercent > 100_000 {
		c.fail("alerts.anomaly.above_pct", "is %d; it must be between 100 and 100000: a share of what such a day costs otherwise", watch.AnomalyPercent)
	}
	if watch.SustainedMinutes < 0 || watch.SustainedMinutes > mostSustainedMinutes {
		c.fail("alerts.sustained_minutes", "is %d; it must be between 0, for never, and %d", watch.SustainedMinutes, mostSustainedMinutes)
	}
	c.config.Watch = watch
}
