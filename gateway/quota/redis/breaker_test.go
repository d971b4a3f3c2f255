package redis

import (
	"testing"
	"time"
)

func TestBreaker_letsOneCallThroughPerPause(t *testing.T) {
	var b breaker
	now := time.Unix(1_800_000_000, 0)
	b.succeeded(now)
	for range breakerFailures - 1 {
		b.failed(now)
		if !b.allows(now) {
			t.Fatal("closed after a single failure")
		}
	}
	b.failed(now)
	if b.allows(now.Add(breakerPause - 1)) {
		t.Error("a call is let through at once")
	}
	now = now.Add(breakerPause)
	if !b.allows(now) || b.allows(now) {
		t.Error("want exactly one call after the pause")
	}
	b.succeeded(now)
	if !b.allows(now) {
		t.Error("still closed after an answer")
	}
}

func TestBreaker_unbrokenStartsAgainAfterAnOutage(t *testing.T) {
	var b breaker
	now := time.Unix(1_800_000_000, 0)
	if b.unbroken(0, now) {
		t.Error("in touch before the first answer")
	}
	b.succeeded(now)
	b.succeeded(now.Add(20 * time.Second))
	if !b.unbroken(20*time.Second, now.Add(20*time.Second)) {
		t.Error("not in touch after 20 seconds of answers")
	}
	b.failed(now.Add(21 * time.Second))
	b.succeeded(now.Add(22 * time.Second))
	if !b.unbroken(20*time.Second, now.Add(23*time.Second)) {
		t.Error("one lost answer counts as an outage")
	}
	for range breakerFailures {
		b.failed(now.Add(24 * time.Second))
	}
	b.succeeded(now.Add(25 * time.Second))
	if b.unbroken(20*time.Second, now.Add(40*time.Second)) {
		t.Error("an outage in between is forgotten")
	}
}
