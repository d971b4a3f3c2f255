package config_test

import (
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// A day begins at midnight in budgets.timezone.
func TestEnforcement_fromADay(t *testing.T) {
	got, err := load(t, "admin_key: sk-a-long-random-text-1234567890\nbudgets: {timezone: Europe/Berlin}\nenforcement: {mode: audit, enforce_from: 2026-12-15}", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := time.Date(2026, 12, 14, 23, 0, 0, 0, time.UTC)
	if e := got.Enforcement; *e.Mode != api.ModeAudit || !e.EnforceFrom.Equal(want) {
		t.Errorf("%v from %v, want audit from %v", *e.Mode, e.EnforceFrom, want)
	}
}
