package alert

import (
	"testing"
	"time"
)

func TestNextAttempt_schedule(t *testing.T) {
	want := []time.Duration{
		5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
		10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
	}
	for i, base := range want {
		wait := nextAttempt(i+1, 0)
		if wait < base || wait >= base+base/10 {
			t.Errorf("after attempt %d: wait %s, want %s and up to a tenth more", i+1, wait, base)
		}
	}
	for _, attempts := range []int{10, 11, 1000} {
		if wait := nextAttempt(attempts, time.Hour); wait < 24*time.Hour {
			t.Errorf("what waits behind others for the attempt after %d waits %s, want the longest wait there is", attempts, wait)
		}
	}
}

func TestNextAttempt_retryAfter(t *testing.T) {
	for name, test := range map[string]struct {
		attempts    int
		asked, want time.Duration
	}{
		"longer than the schedule":  {1, time.Minute, time.Minute},
		"shorter than the schedule": {2, time.Minute, 5 * time.Minute},
		"unreasonably long":         {1, 1000 * time.Hour, 24 * time.Hour},
	} {
		wait := nextAttempt(test.attempts, test.asked)
		if wait < test.want || wait >= test.want+test.want/10 {
			t.Errorf("%s: wait %s, want %s", name, wait, test.want)
		}
	}
}

func TestNextAttempt_spread(t *testing.T) {
	waits := map[time.Duration]bool{}
	for range 100 {
		waits[nextAttempt(1, 0)] = true
	}
	if len(waits) < 50 {
		t.Errorf("100 deliveries return at %d different times", len(waits))
	}
}
