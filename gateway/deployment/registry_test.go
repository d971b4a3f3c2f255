package deployment

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func find(t *testing.T, r *Registry, name string) (ids string) {
	t.Helper()
	model, _, err := r.Find(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range model.Deployments {
		ids += d.ID
	}
	return ids
}

func newRegistry(t *testing.T, source *fakeSource, versions *fakeVersions, shared bool) *Registry {
	t.Helper()
	r, err := NewRegistry(t.Context(), Options{Source: source, Versions: versions, Shared: shared})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRegistry_groupsByName(t *testing.T) {
	source := &fakeSource{deployments: []Deployment{named("m", "a", 1), named("n", "b", 1), named("m", "c", 1)}}
	r := newRegistry(t, source, &fakeVersions{}, false)
	list, err := r.List(t.Context())
	if err != nil || len(list) != 2 || list[0].Name != "m" || list[1].Name != "n" {
		t.Fatalf("%+v, %v", list, err)
	}
	if got := find(t, r, "m"); got != "ac" {
		t.Errorf("m is served by %s", got)
	}
	if got := find(t, r, "other"); got != "" {
		t.Errorf("other is served by %s", got)
	}
}

func TestRegistry_changedIsInForceHereAtOnce(t *testing.T) {
	source := &fakeSource{deployments: []Deployment{named("m", "a", 1)}}
	r := newRegistry(t, source, &fakeVersions{}, false)
	source.deployments = append(source.deployments, named("m", "b", 1))
	if got := find(t, r, "m"); got != "a" {
		t.Errorf("before the change is told: %s", got)
	}
	if err := r.Changed(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := find(t, r, "m"); got != "ab" {
		t.Errorf("after it: %s", got)
	}
}

// Two gateways with one record: what one has answered, the other serves, however little it asks.
func TestRegistry_changedIsInForceEverywhereWhenItReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, versions := &fakeSource{deployments: []Deployment{named("m", "a", 1)}}, &fakeVersions{}
		here, there := newRegistry(t, source, versions, true), newRegistry(t, source, versions, true)
		for round := range 5 {
			time.Sleep(time.Duration(round) * 130 * time.Millisecond) // the fake clock's
			find(t, there, "m")                                       // at any age of what it knows
			source.deployments = append(source.deployments, named("m", string(rune('b'+round)), 1))
			if err := here.Changed(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := find(t, there, "m"); len(got) != round+2 {
				t.Errorf("round %d: the other gateway serves %s", round, got)
			}
		}
	})
}

// Looking up must not read the store each time, and a loop keeps lookups from waiting at all.
func TestRegistry_readsTheStoreOnChangesOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, versions := &fakeSource{deployments: []Deployment{named("m", "a", 1)}}, &fakeVersions{}
		r := newRegistry(t, source, versions, true)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { r.Run(ctx); close(done) }()
		for range 20 {
			time.Sleep(300 * time.Millisecond)
			find(t, r, "m")
		}
		if source.reads != 1 {
			t.Errorf("the store was read %d times", source.reads)
		}
		source.mu.Lock()
		source.deployments[0] = named("m", "z", 1)
		source.mu.Unlock()
		if _, err := versions.BumpPolicy(t.Context(), slot); err != nil {
			t.Fatal(err)
		}
		time.Sleep(lease)
		synctest.Wait()
		if known := r.known().list[0].Deployments[0].ID; known != "z" {
			t.Errorf("the loop did not see the change: %s", known)
		}
		cancel()
		<-done
	})
}

func TestRegistry_failures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, versions := &fakeSource{deployments: []Deployment{named("m", "a", 1)}}, &fakeVersions{}
		r := newRegistry(t, source, versions, true)
		versions.err = errors.New("counters away")
		time.Sleep(2 * lease)
		if got := find(t, r, "m"); got != "a" {
			t.Errorf("without the counters %q is served, want what is known", got)
		}
		versions.err, source.err = nil, errors.New("record away")
		versions.version++
		time.Sleep(2 * lease)
		if _, _, err := r.Find(t.Context(), "m"); !errors.Is(err, source.err) {
			t.Errorf("models that are known to be old are served: %v", err)
		}
		source.err = nil
		if got := find(t, r, "m"); got != "a" {
			t.Errorf("after the outage: %s", got)
		}
		if _, err := NewRegistry(t.Context(), Options{Source: &fakeSource{err: errors.New("x")}, Versions: versions}); err == nil {
			t.Error("a gateway starts without knowing its models")
		}
	})
}

// A change elsewhere must not forget that a deployment is failing; another place starts anew.
func TestRegistry_healthOutlivesChanges(t *testing.T) {
	source := &fakeSource{deployments: []Deployment{named("m", "a", 1), named("m", "b", 1)}}
	r := newRegistry(t, source, &fakeVersions{}, false)
	for _, d := range r.known().list[0].Deployments {
		d.health.requests.Add(1)
		d.health.failed(time.Now(), time.Minute, r.options.Routing)
	}
	source.deployments[0].Weight = 7
	source.deployments[1].BaseURL = "http://elsewhere"
	if err := r.Changed(t.Context()); err != nil {
		t.Fatal(err)
	}
	states := r.States()
	if a := states[0]; !a.Cooling || a.Requests != 1 || a.Failures != 1 || a.Model != "m" || a.ID != "a" {
		t.Errorf("a: %+v", a)
	}
	if b := states[1]; b.Cooling || b.Requests != 0 {
		t.Errorf("b: %+v", b)
	}
}
