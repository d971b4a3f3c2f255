package quotatest

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

// OldLimitsNeverAdmit is promise T14. While replicas are under load the limits change again and again; a request
// that starts after a change has returned is never admitted under limits from before it.
func OldLimitsNeverAdmit(t *testing.T, replicas []Engine) {
	const changes, workers = 200, 4
	var inForce, admitted, refused atomic.Int64
	done := make(chan struct{})
	var group sync.WaitGroup
	for _, engine := range replicas {
		for range workers {
			group.Go(func() {
				var loaded int64
				for {
					select {
					case <-done:
						return
					default:
					}
					least := inForce.Load()
					_, err := engine.Reserve(t.Context(), quota.Request{ID: NewID(), Slot: slot, PolicyVersion: loaded})
					switch {
					case errors.Is(err, quota.ErrStalePolicy):
						refused.Add(1)
						if loaded, err = engine.PolicyVersion(t.Context(), slot); err != nil {
							t.Errorf("read version: %v", err)
							return
						}
					case err != nil:
						t.Errorf("reserve: %v", err)
						return
					case loaded < least:
						t.Errorf("admitted under limits %d after %d were in force", loaded, least)
						return
					default:
						admitted.Add(1)
					}
				}
			})
		}
	}
	for i := range changes {
		version, err := replicas[i%len(replicas)].BumpPolicy(t.Context(), slot)
		if err != nil {
			t.Fatal(err)
		}
		inForce.Store(version)
		for before := admitted.Load(); admitted.Load() < before+5 && !t.Failed(); {
			// Until the new limits have admitted somebody, so that refusing everything does not pass.
			runtime.Gosched()
		}
	}
	close(done)
	group.Wait()
	if refused.Load() < changes {
		t.Errorf("%d requests found their limits stale, want at least one per change", refused.Load())
	}
	t.Logf("%d changes, %d admitted, %d told to load again", changes, admitted.Load(), refused.Load())
}
