package deployment

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
)

var start = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// weighted is a model with a deployment for each weight, called a, b, c and so on.
func weighted(t *testing.T, routing Routing, weights ...int64) Model {
	t.Helper()
	source := &fakeSource{}
	for i, weight := range weights {
		source.deployments = append(source.deployments, named("m", string(rune('a'+i)), weight))
	}
	r, err := NewRegistry(t.Context(), Options{Source: source, Versions: &fakeVersions{}, Routing: routing, Now: func() time.Time { return start }})
	if err != nil {
		t.Fatal(err)
	}
	model, found, err := r.Find(t.Context(), "m")
	if err != nil || !found {
		t.Fatal(found, err)
	}
	return model
}

func named(model, id string, weight int64) Deployment {
	return Deployment{Deployment: upstream.Deployment{Model: model, UpstreamModel: model, BaseURL: "http://" + id}, ID: id, Weight: weight}
}

type fakeSource struct {
	mu          sync.Mutex
	deployments []Deployment
	err         error
	reads       int
}

func (f *fakeSource) Deployments(context.Context) ([]Deployment, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	return append([]Deployment(nil), f.deployments...), f.err
}

type fakeVersions struct {
	mu      sync.Mutex
	version int64
	err     error
}

func (f *fakeVersions) PolicyVersion(context.Context, string) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.version, f.err
}

func (f *fakeVersions) BumpPolicy(context.Context, string) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.version++
	return f.version, f.err
}

// way is the order in which one call goes over the deployments when all of them fail.
func way(m Model, now time.Time) (ids string) {
	route := m.Route()
	for route.Next(now) {
		route.Sent()
		ids += route.Deployment().ID
		if !route.Failed(now, 0) {
			break
		}
	}
	return ids
}

func TestRoute_sharesCallsByWeight(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	m := weighted(t, Routing{Random: random.Int64N}, 6, 3, 1, 0)
	const calls = 10_000
	counts := map[string]int{}
	for range calls {
		route := m.Route()
		if !route.Next(start) {
			t.Fatal("no deployment")
		}
		route.Sent()
		counts[route.Deployment().ID]++
		route.Answered()
	}
	for id, share := range map[string]float64{"a": .6, "b": .3, "c": .1} {
		fiveSigma := 5 * math.Sqrt(calls*share*(1-share))
		if off := math.Abs(float64(counts[id]) - share*calls); off > fiveSigma {
			t.Errorf("%s got %d of %d calls, want about %.0f", id, counts[id], calls, share*calls)
		}
	}
	if counts["d"] != 0 {
		t.Errorf("the one that stands by got %d calls", counts["d"])
	}
}

func TestRoute_asksEachOnceAndTheOneThatStandsByLast(t *testing.T) {
	m := weighted(t, Routing{Retries: new(5)}, 0, 2, 1)
	for range 20 {
		// Fresh health each time: only the order is looked at.
		for i := range m.Deployments {
			m.Deployments[i].health = &health{}
		}
		m.group.retries = newRetryBudget(1)
		if got := way(m, start); got != "bca" && got != "cba" {
			t.Fatalf("the way is %s", got)
		}
	}
}

func TestRoute_retriesAreBoundedPerCall(t *testing.T) {
	for retries, want := range map[int]int{0: 1, 1: 2, 2: 3, 9: 4} {
		m := weighted(t, Routing{Retries: new(retries), RetryShare: new(1.0)}, 1, 1, 1, 1)
		if got := way(m, start); len(got) != want {
			t.Errorf("with %d retries a call asked %s", retries, got)
		}
	}
}

// In an outage of everything, retries must not multiply the calls.
func TestRoute_retriesAreAShareOfCalls(t *testing.T) {
	m := weighted(t, Routing{RetryShare: new(0.2), AllowedFails: new(1 << 30)}, 1, 1, 1)
	const calls = 1000
	asked := 0
	for range calls {
		asked += len(way(m, start))
	}
	if want := calls + retryFloor + calls/5; asked > want || asked < want-1 {
		t.Errorf("%d calls became %d, want %d", calls, asked, want)
	}
}

func TestRoute_leavesAFailingOneAloneForAWhile(t *testing.T) {
	m := weighted(t, Routing{AllowedFails: new(2), Cooldown: 30 * time.Second}, 1, 0)
	fail := func(now time.Time) string {
		route := m.Route()
		route.Next(now)
		route.Sent()
		id := route.Deployment().ID
		if id == "a" {
			route.Failed(now, 0)
		} else {
			route.Answered()
		}
		return id
	}
	for i, want := range []string{"a", "a", "a", "b", "b"} {
		if got := fail(start); got != want {
			t.Fatalf("call %d went to %s, want %s", i, got, want)
		}
	}
	if got := fail(start.Add(30*time.Second - 1)); got != "b" {
		t.Error("it was asked before its time")
	}
	if got := fail(start.Add(30 * time.Second)); got != "a" {
		t.Error("it never came back")
	}
	if got := fail(start.Add(31 * time.Second)); got != "b" {
		t.Error("one that came back and failed again was not left alone at once")
	}
	route := m.Route()
	back := start.Add(2 * time.Minute)
	if !route.Next(back) || route.Deployment().ID != "a" {
		t.Fatal("it never came back the second time")
	}
	route.Answered()
	for i := range 3 {
		if got := fail(back); got != "a" {
			t.Errorf("failure %d after an answer: went to %s", i, got)
		}
	}
}

func TestRoute_honoursRetryAfter(t *testing.T) {
	m := weighted(t, Routing{}, 1, 1)
	route := m.Route()
	route.Next(start)
	route.Sent()
	first := route.Deployment().ID
	route.Failed(start, 90*time.Second)
	for range 20 {
		route := m.Route()
		if route.Next(start.Add(89 * time.Second)); route.Deployment().ID == first {
			t.Fatal("it was asked before it wanted to be")
		}
	}
	route = m.Route()
	route.Next(start)
	route.Sent()
	route.Failed(start, 1000*time.Hour)
	second := route.Deployment().health
	if !second.cooling(start.Add(maxCooldown-1)) || second.cooling(start.Add(maxCooldown)) {
		t.Error("an upstream can ask for no more than ten minutes")
	}
}

// A model is never gone because all its deployments have failed: one of them gets the call, once.
func TestRoute_whenAllCoolTheFirstToComeBackIsAsked(t *testing.T) {
	m := weighted(t, Routing{RetryShare: new(1.0)}, 1, 1, 1)
	for i, wait := range []time.Duration{30 * time.Second, 10 * time.Second, 20 * time.Second} {
		m.Deployments[i].health.failed(start, wait, m.group.routing)
	}
	if got := way(m, start); got != "b" {
		t.Errorf("the call went to %q, want b alone", got)
	}
}
