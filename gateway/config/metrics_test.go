package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
)

func TestLoad_metrics(t *testing.T) {
	for _, test := range []struct {
		text  string
		want  config.Metrics
		wrong string
	}{
		{"", config.Metrics{Teams: 20_000, Keys: 200, Refresh: 15 * time.Second}, ""},
		{"metrics: {litellm_names: true, teams: 0, keys: 5, refresh: 1m}", config.Metrics{LiteLLMNames: true, Keys: 5, Refresh: time.Minute}, ""},
		{"metrics: {teams: -1}", config.Metrics{}, "metrics.teams: is -1; it must be between 0, for none, and 100000"},
		{"metrics: {refresh: 10ms}", config.Metrics{}, `metrics.refresh: "10ms" is not a duration from 1s`},
		{"metrics: {keys: 1000000}", config.Metrics{}, "metrics.keys: is 1000000"},
		{"metrics: {key: 1}", config.Metrics{}, "did you mean metrics.keys?"},
	} {
		got, err := load(t, test.text+"\n", adminEnv)
		if (err == nil) != (test.wrong == "") || err != nil && !strings.Contains(err.Error(), test.wrong) || err == nil && got.Metrics != test.want {
			t.Errorf("%s: %+v, %v", test.text, got.Metrics, err)
		}
	}
}
