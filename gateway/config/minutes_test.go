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

func TestLoad_retention(t *testing.T) {
	for _, test := range []struct {
		text  string
		want  config.Retention
		wrong string
	}{
		{"", config.Retention{}, ""},
		{"retention: {ledger: never, usage_daily: never, audit: never, alerts: never}", config.Retention{}, ""},
		{"retention: {ledger: 400d}", config.Retention{Ledger: 400 * 24 * time.Hour}, ""},
		{"retention: {ledger: 2y, archive: /var/ledger}", config.Retention{Ledger: 730 * 24 * time.Hour, Archive: "/var/ledger"}, ""},
		{"retention: {ledger: 61d}", config.Retention{}, `retention.ledger: "61d" is not never, nor a duration of at least 62d such as 400d`},
		{"retention: {ledger: long}", config.Retention{}, `retention.ledger: "long" is not never`},
		{"retention: {archive: /var/ledger}", config.Retention{}, "retention.archive: needs retention.ledger"},
		{"retention: {audit: 400d}", config.Retention{}, `retention.audit: is "400d"; it is kept for ever, so it can only be never`},
		{"retention: {usage_daily: 400d}", config.Retention{}, `retention.usage_daily: is "400d"`},
		{"retention: {alerts: 90d}", config.Retention{Alerts: 90 * 24 * time.Hour}, ""},
		{"retention: {alerts: 30d}", config.Retention{}, `retention.alerts: "30d" is not never, nor a duration of at least 31d such as 90d`},
	} {
		got, err := load(t, test.text+"\n", adminEnv)
		if (err == nil) != (test.wrong == "") || err != nil && !strings.Contains(err.Error(), test.wrong) || err == nil && got.Retention != test.want {
			t.Errorf("%s: %+v, %v", test.text, got.Retention, err)
		}
	}
}
