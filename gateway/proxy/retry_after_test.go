package proxy

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A wait is told whole or a little longer, never shorter, and not the same to everybody.
func TestSetRetryAfter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wait := time.Duration(rapid.Int64Range(0, int64(2*time.Minute)).Draw(t, "wait"))
		header := http.Header{}
		setRetryAfter(header, wait)
		whole, err := strconv.ParseInt(header.Get("Retry-After"), 10, 64)
		if least, most := seconds(wait), seconds(wait+time.Duration(0.03*float64(wait))); err != nil || whole < least || whole > most {
			t.Errorf("Retry-After %q, want %d to %d", header.Get("Retry-After"), least, most)
		}
		precise, err := strconv.ParseFloat(header.Get("Retry-After-Ms"), 64)
		if ms := milliseconds(wait); err != nil || precise < max(1, ms) && precise < ms || precise > 1.03*ms+1 {
			t.Errorf("Retry-After-Ms %q for %s", header.Get("Retry-After-Ms"), wait)
		}
	})
	told := map[string]bool{}
	for range 50 {
		header := http.Header{}
		setRetryAfter(header, 30*time.Second)
		told[header.Get("Retry-After-Ms")] = true
	}
	if len(told) < 10 {
		t.Errorf("50 callers were told %d different times", len(told))
	}
}

// Claude Code gives up when it is told to wait longer than a minute, and a window may need a second more.
func TestSetRetryAfter_isAMinuteAtMostForAnthropicsClients(t *testing.T) {
	for _, wait := range []time.Duration{58 * time.Second, 59 * time.Second, 60 * time.Second, 60500 * time.Millisecond, 61 * time.Second} {
		for range 50 {
			header := http.Header{}
			anthropicVoice.setRetryAfter(header, wait)
			whole, err := strconv.Atoi(header.Get("Retry-After"))
			if err != nil || whole > 60 || whole < 58 {
				t.Errorf("told to wait %q s of %s", header.Get("Retry-After"), wait)
			}
			if precise, err := strconv.Atoi(header.Get("Retry-After-Ms")); err != nil || precise < int(wait.Milliseconds()) {
				t.Errorf("Retry-After-Ms %q for %s", header.Get("Retry-After-Ms"), wait)
			}
			openAIVoice.setRetryAfter(header, wait)
			if whole, err := strconv.Atoi(header.Get("Retry-After")); err != nil || whole < int(seconds(wait)) {
				t.Errorf("others are told %q s of %s", header.Get("Retry-After"), wait)
			}
		}
	}
}
