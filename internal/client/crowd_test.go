package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
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

// A create whose turn does not come in its time was never sent: nothing is to be looked for.
func TestCrowd_whoseTurnDoesNotComeSentNothing(t *testing.T) {
	held, release := make(chan struct{}), make(chan struct{})
	var asked, created atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/team/new":
			created.Add(1)
		case asked.Add(1) == 1:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		default:
			close(held)
			<-release
		}
		_, _ = w.Write([]byte(`{"team_id":"a"}`))
	}))
	t.Cleanup(server.Close)
	c, err := client.New(client.Options{Endpoint: server.URL, AdminKey: adminKey, RetryMax: 1, RetryWait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var group errgroup.Group
	group.Go(func() error {
		_, err := c.GetTeam(t.Context(), "a")
		return err
	})
	<-held
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.CreateTeam(ctx, "b", api.NewTeam("b").TeamFields)
	if _, unanswered := errors.AsType[*client.UnansweredError](err); err == nil || unanswered || created.Load() != 0 {
		t.Errorf("a create that had no turn ended with %v, sent %d times", err, created.Load())
	}
	close(release)
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}
