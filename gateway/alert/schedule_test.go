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
		wait, again := nextAttempt(i+1, 0)
		if !again || wait < base || wait >= base+base/10 {
			t.Errorf("after attempt %d: wait %s, %v, want %s and up to a tenth more", i+1, wait, again, base)
		}
	}
	for _, attempts := range []int{10, 11, 1000} {
		if wait, again := nextAttempt(attempts, time.Hour); again {
			t.Errorf("after attempt %d there is another in %s", attempts, wait)
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
		wait, again := nextAttempt(test.attempts, test.asked)
		if !again || wait < test.want || wait >= test.want+test.want/10 {
			t.Errorf("%s: wait %s, %v, want %s", name, wait, again, test.want)
		}
	}
}

func TestNextAttempt_spread(t *testing.T) {
	waits := map[time.Duration]bool{}
	for range 100 {
		wait, _ := nextAttempt(1, 0)
		waits[wait] = true
	}
	if len(waits) < 50 {
		t.Errorf("100 deliveries return at %d different times", len(waits))
	}
}
