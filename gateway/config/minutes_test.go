package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
)

func TestLoad_minutes(t *testing.T) {
	for _, test := range []struct {
		text  string
		want  config.Minutes
		wrong string
	}{
		{"", config.Minutes{}, ""},
		{"minutes: {keep: 720h, rows: 50}", config.Minutes{Keep: 30 * 24 * time.Hour, Rows: 50}, ""},
		{"minutes: {keep: 1h}", config.Minutes{}, `minutes.keep: "1h" is not a duration from 24h`},
		{"minutes: {keep: 8d}", config.Minutes{}, `minutes.keep: "8d" is not a duration`},
		{"minutes: {rows: 0}", config.Minutes{}, "minutes.rows: is 0; it must be between 10 and 100000"},
		{"minutes: {row: 1}", config.Minutes{}, "did you mean minutes.rows?"},
	} {
		got, err := load(t, test.text+"\n", adminEnv)
		if (err == nil) != (test.wrong == "") || err != nil && !strings.Contains(err.Error(), test.wrong) || err == nil && got.Minutes != test.want {
			t.Errorf("%s: %+v, %v", test.text, got.Minutes, err)
		}
	}
}
