package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		header http.Header
		want   time.Duration
	}{
		"none":              {http.Header{}, 0},
		"seconds":           {http.Header{"Retry-After": {"7"}}, 7 * time.Second},
		"parts of a second": {http.Header{"Retry-After": {"0.25"}}, 250 * time.Millisecond},
		"milliseconds":      {http.Header{"Retry-After": {"1"}, "Retry-After-Ms": {"350"}}, 350 * time.Millisecond},
		"a date":            {http.Header{"Retry-After": {"Sun, 29 Nov 2026 12:01:30 GMT"}}, 90 * time.Second},
		"a date gone by":    {http.Header{"Retry-After": {"Sun, 29 Nov 2026 11:00:00 GMT"}}, 0},
		"a negative number": {http.Header{"Retry-After": {"-3"}}, 0},
		"no number":         {http.Header{"Retry-After": {"soon"}}, 0},
		"not a number":      {http.Header{"Retry-After": {"NaN"}}, 0},
		"infinity":          {http.Header{"Retry-After": {"Inf"}}, 0},
		"for ever":          {http.Header{"Retry-After": {"99999999999999"}}, 0},
	} {
		if got := api.RetryAfter(test.header, now); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
