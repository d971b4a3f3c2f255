package config_test

import (
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func TestLoad_watch(t *testing.T) {
	for _, test := range []struct {
		text  string
		want  config.Watch
		wrong string
	}{
		{"", config.Watch{Forecast: true, AnomalyAmount: 50 * money.USD, AnomalyPercent: 300, SustainedMinutes: 5}, ""},
		{
			"alerts: {forecast: false, anomaly: {above_usd: 12.5, above_pct: 150}, sustained_minutes: 0}",
			config.Watch{AnomalyAmount: 12_500_000_000, AnomalyPercent: 150},
			"",
		},
		{"alerts: {anomaly: {above_usd: much}}", config.Watch{}, `alerts.anomaly.above_usd: "much" is not an amount`},
		{"alerts: {anomaly: {above_pct: 99}}", config.Watch{}, "alerts.anomaly.above_pct: is 99; it must be between 100"},
		{"alerts: {sustained_minutes: 61}", config.Watch{}, "alerts.sustained_minutes: is 61"},
		{"alerts: {anomalies: {}}", config.Watch{}, "did you mean alerts.anomaly?"},
	} {
		got, err := load(t, test.text+"\n", adminEnv)
		if (err == nil) != (test.wrong == "") || err != nil && !strings.Contains(err.Error(), test.wrong) || err == nil && got.Watch != test.want {
			t.Errorf("%s: %+v, %v", test.text, got.Watch, err)
		}
	}
}
