package deployment

import (
	"slices"
	"time"
)

// Route is the way of one call over the deployments of its model. It serves one goroutine.
//
// Deployments that work are picked at random by their weights, each once; those with weight 0 when no
// other is left. One that is cooling down is asked only when all are: then the one that is to come back
// first gets the call, because a model must not be gone for good on the word of failures, and nothing
// is retried after it.
type Route struct {
	model Model
	tried []bool
	at    int
	// asked are the calls that were sent; desperate: the last one to a deployment that is cooling.
	asked     int
	desperate bool
}

// Route starts the way of one call.
func (m Model) Route() *Route {
	return &Route{model: m, tried: make([]bool, len(m.Deployments)), at: -1}
}

// Next picks the deployment to ask now; false when there is none left.
func (r *Route) Next(now time.Time) bool {
	r.at = r.pick(now)
	if r.at < 0 && r.asked == 0 {
		r.at, r.desperate = r.soonest(), true
	}
	if r.at < 0 {
		return false
	}
	r.tried[r.at] = true
	return true
}

// Deployment is the one that Next picked.
func (r *Route) Deployment() Deployment { return r.model.Deployments[r.at] }

// Sent notes that the call goes to the deployment.
func (r *Route) Sent() {
	if r.asked == 0 {
		r.model.group.retries.deposit()
	}
	r.asked++
	r.Deployment().health.requests.Add(1)
}

// Answered notes that the deployment works.
func (r *Route) Answered() { r.Deployment().health.answered() }

// Cooling says whether the deployment that Next picked is left alone now.
func (r *Route) Cooling(now time.Time) bool { return r.Deployment().health.cooling(now) }

// Failed notes that the deployment did not do its work. wait is the upstream's Retry-After, 0 without one.
// It says whether another deployment may be asked.
func (r *Route) Failed(now time.Time, wait time.Duration) (again bool) {
	r.Deployment().health.failed(now, wait, r.model.group.routing)
	if r.desperate || r.asked > *r.model.group.routing.Retries || r.pick(now) < 0 {
		return false
	}
	return r.model.group.retries.withdraw()
}

// pick chooses among those that work and were not tried; -1 is none.
func (r *Route) pick(now time.Time) int {
	if len(r.model.Deployments) == 1 {
		if r.tried[0] || r.model.Deployments[0].health.cooling(now) {
			return -1
		}
		return 0
	}
	var total, standing int64
	for i, d := range r.model.Deployments {
		if !r.tried[i] && !d.health.cooling(now) {
			total += d.Weight
			standing++
		}
	}
	if standing == 0 {
		return -1
	}
	weight := func(d Deployment) int64 { return d.Weight }
	if total == 0 {
		total, weight = standing, func(Deployment) int64 { return 1 }
	}
	at := r.model.group.routing.Random(total)
	for i, d := range r.model.Deployments {
		if r.tried[i] || d.health.cooling(now) {
			continue
		}
		if at -= weight(d); at < 0 {
			return i
		}
	}
	return r.lastUntried() // one began to cool meanwhile
}

// soonest is the untried deployment that is to come back first.
func (r *Route) soonest() int {
	best := -1
	for i, d := range r.model.Deployments {
		if r.tried[i] {
			continue
		}
		if best < 0 || d.health.coolUntil.Load() < r.model.Deployments[best].health.coolUntil.Load() {
			best = i
		}
	}
	return best
}

func (r *Route) lastUntried() int {
	for i, tried := range slices.Backward(r.tried) {
		if !tried {
			return i
		}
	}
	return -1
}
