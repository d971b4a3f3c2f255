package client_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// Ten calls meet a limit at once. From then on they go one at a time, so that none is refused until it gives up.
func TestCrowd_goesOneAtATimeOnceThereWereTooMany(t *testing.T) {
	const callers, callsEach = 10, 3
	var arrived, under, most atomic.Int32
	all := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n := arrived.Add(1); n <= callers {
			if n == callers {
				close(all)
			}
			<-all
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		most.Store(max(most.Load(), under.Add(1)))
		defer under.Add(-1)
		_, _ = w.Write([]byte(`{"team_id":"a"}`))
	}))
	t.Cleanup(server.Close)
	c, err := client.New(client.Options{Endpoint: server.URL, AdminKey: adminKey, RetryMax: 1, RetryWait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var group errgroup.Group
	for range callers {
		group.Go(func() error {
			for range callsEach {
				if _, err := c.GetTeam(t.Context(), "a"); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := arrived.Load(); got != callers*callsEach+callers || most.Load() != 1 {
		t.Errorf("%d requests, up to %d at a time", got, most.Load())
	}
}
