package config

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func TestNeedsRestart_namesSettingsAsTheFileDoes(t *testing.T) {
	now := Config{Listen: "127.0.0.1:4000", Timezone: time.UTC}
	next := now
	next.Listen, next.RedisURL, next.ResetDay, next.DrainDelay, next.DefaultRPM = ":4000", "redis://a", 2, time.Second, new(int64(1))
	next.Models, next.Teams, next.PriceFile, next.Warnings = []Model{{}}, []api.Team{{}}, "p.json", []string{"w"}
	if got, want := now.NeedsRestart(next), []string{"listen", "redis_url", "drain_delay", "rate_limits.default.rpm", "budgets.reset_day"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := now.NeedsRestart(now); got != nil {
		t.Errorf("nothing has changed, got %q", got)
	}
}

func TestReloaded_takesOverWhatNeedsNoRestart(t *testing.T) {
	next := Config{
		Listen: ":1", Models: []Model{{ID: "m"}}, PriceFile: "p.json", PriceFileInstead: true,
		Teams: []api.Team{{TeamID: "t"}}, Budgets: []api.Budget{{}}, AlertRoutes: []api.AlertRoute{{}},
	}
	got := Config{Listen: ":2"}.Reloaded(next)
	want := next
	want.Listen = ":2"
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestSettingName(t *testing.T) {
	for field, want := range map[string]string{
		"AdminKey": "admin_key", "DatabaseURL": "database_url", "RedisURL": "redis_url", "OIDC": "oidc", "JWT": "jwt", "MaxBacklog": "budgets.max_backlog",
	} {
		if got := settingName(field); got != want {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
}
