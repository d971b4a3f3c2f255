package deployment

import (
	"slices"
	"sync/atomic"
	"time"
)

// health is how a deployment has done lately, as this gateway sees it. It outlives changes of the models.
type health struct {
	requests atomic.Int64
	failures atomic.Int64
	// inARow counts the failures since the last answer.
	inARow atomic.Int64
	// coolUntil is in nanoseconds since 1970; 0 is not cooling.
	coolUntil atomic.Int64
}

func (h *health) cooling(now time.Time) bool { return now.UnixNano() < h.coolUntil.Load() }

func (h *health) answered() {
	if h.inARow.Load() != 0 {
		h.inARow.Store(0)
		h.coolUntil.Store(0)
	}
}

// failed leaves the deployment alone when the upstream asks for that, for wait, or when it has failed
// too often in a row. One that comes back and fails again is left alone at once.
func (h *health) failed(now time.Time, wait time.Duration, routing Routing) {
	h.failures.Add(1)
	inARow := h.inARow.Add(1)
	switch {
	case wait > 0:
		h.cool(now.Add(min(wait, maxCooldown)))
	case inARow > int64(*routing.AllowedFails):
		h.cool(now.Add(routing.Cooldown))
	}
}

// cool never shortens what an upstream has asked for.
func (h *health) cool(until time.Time) {
	for {
		known := h.coolUntil.Load()
		if known >= until.UnixNano() || h.coolUntil.CompareAndSwap(known, until.UnixNano()) {
			return
		}
	}
}

// State is how a deployment stands on this gateway.
type State struct {
	Model, ID string
	// Cooling: it is left alone for now because it has failed.
	Cooling bool
	// Requests counts the calls that were sent to it, Failures those that it did not answer properly.
	Requests, Failures int64
}

// States are how the deployments stand now, in the order they are served in.
func (r *Registry) States() []State {
	now := r.options.Now()
	var states []State
	for _, model := range slices.Concat(r.known().list, r.known().routes) {
		for _, d := range model.Deployments {
			states = append(states, State{
				Model: model.Name, ID: d.ID, Cooling: d.health.cooling(now),
				Requests: d.health.requests.Load(), Failures: d.health.failures.Load(),
			})
		}
	}
	return states
}
