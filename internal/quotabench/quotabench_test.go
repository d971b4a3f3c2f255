package quotabench

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench/meter"
)

// finding is what a report has to show of a scenario, and nothing else.
type finding struct {
	over, falseRefusals, cut, lost, doubled, holdsLong bool
}

func findingsOf(report Report) map[string]finding {
	found := map[string]finding{}
	for _, r := range report.Results {
		one := finding{over: r.Over() > 0, falseRefusals: r.FalseRefusals > 0, cut: r.Cut > 0, holdsLong: r.HoldsAfter != nil && *r.HoldsAfter > time.Second}
		if r.Money != nil {
			one.lost, one.doubled = r.Money.Lost() > 0, r.Money.Doubled() > 0
		}
		if one != (finding{}) {
			found[r.Scenario] = one
		}
	}
	return found
}

// Each fault is found where it shows, and an exact limiter is acquitted.
func TestBench_findsEachFault(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		faults faults
		// shows are scenarios that must show something.
		shows map[string]finding
	}{
		{"exact", faults{}, nil},
		{"windows by the clock", faults{clockWindows: true}, map[string]finding{"requests": {over: true}, "tokens": {over: true}, "replicas": {over: true}}},
		{"windows from the first call", faults{ownWindows: true}, map[string]finding{"requests": {over: true}, "tokens": {over: true}, "replicas": {over: true}}},
		{"each replica for itself", faults{perReplica: true}, map[string]finding{
			"requests": {over: true}, "tokens": {over: true}, "replicas": {over: true}, "parallel": {over: true}, "budget": {over: true},
			"shared-budget": {over: true}, "gateway-killed": {over: true},
		}},
		{"looks, then counts", faults{looksFirst: true}, map[string]finding{
			"requests": {over: true}, "tokens": {over: true}, "replicas": {over: true}, "parallel": {over: true}, "budget": {over: true}, "shared-budget": {over: true},
		}},
		{"forgets when killed", faults{forgets: true}, map[string]finding{"gateway-killed": {over: true, lost: true}}},
		{"gives nothing back", faults{keeps: true}, map[string]finding{
			"budget": {falseRefusals: true, doubled: true}, "shared-budget": {falseRefusals: true, doubled: true}, "gateway-killed": {falseRefusals: true, doubled: true},
			"broken-streams": {doubled: true},
		}},
		{"broken streams are free", faults{freeWhenBroken: true}, map[string]finding{"broken-streams": {lost: true}}},
		{"charges twice", faults{twice: true}, map[string]finding{
			"budget": {falseRefusals: true, doubled: true}, "shared-budget": {falseRefusals: true, doubled: true}, "gateway-killed": {falseRefusals: true, doubled: true},
			"broken-streams": {doubled: true},
		}},
		{"old limits", faults{stale: true}, map[string]finding{"changed-limit": {holdsLong: true}}},
		{"cuts answers", faults{cuts: true}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				report := runAgainst(t, test.faults)
				found := findingsOf(report)
				if test.faults.cuts {
					if !found["requests"].cut || !found["budget"].cut {
						t.Errorf("cut answers are not seen: %+v", found)
					}
					return
				}
				for name, want := range test.shows {
					if found[name] != want {
						t.Errorf("%s shows %+v, want %+v", name, found[name], want)
					}
				}
				for name, got := range found {
					if _, expected := test.shows[name]; !expected {
						t.Errorf("%s is accused of %+v", name, got)
					}
				}
				for _, result := range report.Results {
					if result.Skipped != "" && result.Scenario != "store-killed" {
						t.Errorf("%s was skipped: %s", result.Scenario, result.Skipped)
					}
				}
			})
		})
	}
}

func runAgainst(t *testing.T, wrong faults) Report {
	t.Helper()
	counted := &meter.Meter{}
	gateway := &limiter{faults: wrong, provider: counted, pots: map[string]*limitedPot{}}
	hosts := wire{"one": newHost(gateway.replica(1)), "two": newHost(gateway.replica(2))}
	bench := &Bench{
		Gateway: gateway, Meter: counted, URLs: []string{"http://one", "http://two"}, Model: "m", Transport: hosts,
		Crash: crash{gateway, hosts}, Patience: 5 * time.Second, Logger: slog.New(slog.DiscardHandler),
	}
	report, err := bench.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	return report
}

// crash kills all replicas.
type crash struct {
	gateway *limiter
	hosts   wire
}

func (c crash) Kill(context.Context) error {
	for _, host := range c.hosts {
		host.kill()
	}
	c.gateway.forget()
	return nil
}

func (c crash) Start(context.Context) error {
	for _, host := range c.hosts {
		host.start()
	}
	return nil
}

func TestBench_refusesAnUnknownScenario(t *testing.T) {
	t.Parallel()
	bench := &Bench{Gateway: &limiter{}, Only: []string{"budgets"}, Logger: slog.New(slog.DiscardHandler)}
	if _, err := bench.Run(t.Context()); err == nil || !strings.Contains(err.Error(), `no scenario "budgets"`) || !strings.Contains(err.Error(), "shared-budget") {
		t.Errorf("says %v", err)
	}
}
