package wire

import (
	"testing"
	"time"
)

func TestBreaker_letsOneCallThroughPerPause(t *testing.T) {
	var b Breaker
	now := time.Unix(1_800_000_000, 0)
	b.Succeeded(now)
	for range BreakerFailures - 1 {
		b.Failed(now)
		if !b.Allows(now) {
			t.Fatal("closed after a single failure")
		}
	}
	b.Failed(now)
	if b.Allows(now.Add(BreakerPause - 1)) {
		t.Error("a call is let through at once")
	}
	now = now.Add(BreakerPause)
	if !b.Allows(now) || b.Allows(now) {
		t.Error("want exactly one call after the pause")
	}
	b.Succeeded(now)
	if !b.Allows(now) {
		t.Error("still closed after an answer")
	}
}

func TestBreaker_unbrokenStartsAgainAfterAnOutage(t *testing.T) {
	var b Breaker
	now := time.Unix(1_800_000_000, 0)
	if b.Unbroken(0, now) {
		t.Error("in touch before the first answer")
	}
	b.Succeeded(now)
	b.Succeeded(now.Add(20 * time.Second))
	if !b.Unbroken(20*time.Second, now.Add(20*time.Second)) {
		t.Error("not in touch after 20 seconds of answers")
	}
	b.Failed(now.Add(21 * time.Second))
	b.Succeeded(now.Add(22 * time.Second))
	if !b.Unbroken(20*time.Second, now.Add(23*time.Second)) {
		t.Error("one lost answer counts as an outage")
	}
	for range BreakerFailures {
		b.Failed(now.Add(24 * time.Second))
	}
	b.Succeeded(now.Add(25 * time.Second))
	if b.Unbroken(20*time.Second, now.Add(40*time.Second)) {
		t.Error("an outage in between is forgotten")
	}
}
