package config_test

import (
	"strings"
	"testing"
)

func TestLoad_storesThatAreAwayOrBehind(t *testing.T) {
	got, err := load(t, "listen: 127.0.0.1:4000\n", adminEnv)
	if err != nil {
		t.Fatal(err)
	}
	if got.RateLimitsOnStoreDown != "local" || got.BudgetsOnStoreDown != "closed" || got.RedisPreflightWarns ||
		!got.RedisStrictRecovery || got.MaxBacklog != 100_000 {
		t.Errorf("without settings: %+v", got)
	}
	got, err = load(t, `
rate_limits: {on_store_down: closed}
budgets: {on_store_down: open, max_backlog: 7}
redis: {preflight: warn, strict_recovery: false}
`, adminEnv)
	if err != nil {
		t.Fatal(err)
	}
	if got.RateLimitsOnStoreDown != "closed" || got.BudgetsOnStoreDown != "open" || !got.RedisPreflightWarns ||
		got.RedisStrictRecovery || got.MaxBacklog != 7 {
		t.Errorf("with settings: %+v", got)
	}
}

func TestLoad_refusesOtherWordsForStores(t *testing.T) {
	for text, want := range map[string]string{
		"rate_limits: {on_store_down: maybe}": `rate_limits.on_store_down: is "maybe"; it must be local or closed or open`,
		"budgets: {on_store_down: local}":     `budgets.on_store_down: is "local"; it must be closed or open`,
		"budgets: {max_backlog: 0}":           "budgets.max_backlog: is 0",
		"redis: {preflight: never}":           `redis.preflight: is "never"; it must be refuse or warn`,
	} {
		if _, err := load(t, text+"\n", adminEnv); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
