package nearest_test

import (
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/nearest"
)

func TestName(t *testing.T) {
	names := []string{"on-call", "Finance", "owners"}
	for given, want := range map[string]string{
		"oncall": "on-call", "ownres": "owners", "finnance": "Finance", "OWNERS": "owners", "slack": "", "": "",
	} {
		if got := nearest.Name(given, names); got != want {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
	if got := nearest.Name("a", nil); got != "" {
		t.Errorf("of no names: %q", got)
	}
}
