package app

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"time"
)

const (
	// balancerMemory is how long a balancer that finds out by trying, as nginx does unless told otherwise, may
	// leave out a gateway that has come back: ten seconds that it counts in whole ones, and the time from the
	// first sign of a gateway to its first answer.
	balancerMemory = 12 * time.Second
	// doorway is what a connection that has been begun needs to arrive, and a call to follow another one on a
	// connection that was to stay open.
	doorway = 250 * time.Millisecond
	// maxDoorway is how long a gateway that is too busy to accept them may have for connections that have arrived.
	maxDoorway = 5 * time.Second
	// drainLook is how often it is looked whether calls are under way.
	drainLook = 10 * time.Millisecond
)

// traffic is what is under way.
type traffic struct {
	calls atomic.Int64
	// ended is when the last call did, in nanoseconds since 1970.
	ended atomic.Int64
}

// drain goes on to serve while readiness says no, then takes no new connections, without losing one that is
// on its way, and lets calls end. It returns when those that have not are to be cut off, and does so early
// when hurry ends.
func (a *App) drain(hurry context.Context) (cutOff time.Time) {
	if delay := a.options.Config.DrainDelay; delay > 0 && hurry.Err() == nil {
		a.draining.Store(true)
		a.options.Logger.Info("draining: readiness says no, calls are still taken", slog.Int64("drain_delay_ms", delay.Milliseconds()))
		pause(hurry, delay)
		// Gateways that are restarted one after the other: the last one to be stopped may be the only one that
		// the balancer believes in.
		pause(hurry, stayFor(a.parts.others(), time.Now()))
		a.shutDoors(hurry)
	}
	cutOff = time.Now().Add(a.options.Config.DrainTimeout)
	if a.draining.Load() {
		a.awaitQuiet(hurry, cutOff)
	}
	return cutOff
}

// stayFor is how long a gateway that was told to stop still has to stay for the sake of others that began at the
// given times. One old one, or none, is no reason to stay.
func stayFor(others []time.Time, now time.Time) time.Duration {
	if len(others) == 0 {
		return 0
	}
	oldest := slices.MinFunc(others, time.Time.Compare)
	return min(balancerMemory-now.Sub(oldest), balancerMemory) // a clock may be ahead
}

// shutDoors takes no new connections. Those that have been begun are still accepted.
func (a *App) shutDoors(hurry context.Context) {
	for _, d := range a.doors {
		d.listener.TurnAway()
	}
	pause(hurry, doorway)
	waits := func(d *door) bool { return d.listener.Waiting() > 0 }
	for deadline := time.Now().Add(maxDoorway); slices.ContainsFunc(a.doors, waits) && hurry.Err() == nil && time.Now().Before(deadline); {
		pause(hurry, drainLook)
	}
	closeDoors(a.doors)
}

// awaitQuiet returns when all calls have ended, and none has followed another one on its connection for a while: a
// client that was told that the connection stays open may have sent the next one already.
func (a *App) awaitQuiet(hurry context.Context, until time.Time) {
	for hurry.Err() == nil && time.Now().Before(until) {
		if a.traffic.calls.Load() == 0 && time.Since(time.Unix(0, a.traffic.ended.Load())) >= doorway {
			return
		}
		pause(hurry, drainLook)
	}
}

func pause(hurry context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-hurry.Done():
	}
}

// countTraffic knows which calls are under way. While the gateway drains it lets clients that keep their connections
// open know that the next call has to go another way. Nothing is closed that a client was just told stays open.
func (a *App) countTraffic(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.traffic.calls.Add(1)
		defer func() {
			a.traffic.ended.Store(time.Now().UnixNano())
			a.traffic.calls.Add(-1)
		}()
		if a.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
