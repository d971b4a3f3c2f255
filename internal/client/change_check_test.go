package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// checked are the changes that a request asks about separately.
func checked(t *testing.T, r *http.Request) []api.QuotaChange {
	var asked struct {
		Changes    []api.QuotaChange `json:"changes"`
		Separately bool              `json:"separately"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || !asked.Separately || r.URL.Path != "/quota/check" {
		t.Errorf("%s asked %+v (%v)", r.URL.Path, asked, err)
	}
	return asked.Changes
}

// slowChecker answers each change with its route, but nothing before it is told to go on.
type slowChecker struct {
	*client.Client
	t *testing.T
	// arrived is closed by the first request, goOn lets it and all later ones pass.
	arrived, goOn  chan struct{}
	requests, most atomic.Int32
}

func startSlowChecker(t *testing.T) *slowChecker {
	s := &slowChecker{t: t, arrived: make(chan struct{}), goOn: make(chan struct{})}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	var err error
	if s.Client, err = client.New(client.Options{Endpoint: server.URL, AdminKey: "sk-admin", RetryMax: -1}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *slowChecker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	changes := checked(s.t, r)
	if s.requests.Add(1) == 1 {
		close(s.arrived)
	}
	<-s.goOn
	s.most.Store(max(s.most.Load(), int32(len(changes))))
	checks := make([]api.QuotaCheck, len(changes))
	for i, change := range changes {
		checks[i].Changes = []api.QuotaVerdict{{Route: change.Route}}
	}
	if err := json.NewEncoder(w).Encode(map[string]any{"checks": checks}); err != nil {
		s.t.Error(err)
	}
}

// ask demands the answer to its own question.
func (s *slowChecker) ask(ctx context.Context, i int) error {
	route := fmt.Sprint("/", i)
	check, err := s.CheckChange(ctx, api.QuotaChange{Route: route, Body: json.RawMessage("{}")})
	if err == nil && (len(check.Changes) != 1 || check.Changes[0].Route != route) {
		err = fmt.Errorf("%s was answered with %+v", route, check.Changes)
	}
	return err
}

// await waits until that many questions are behind the request under way.
func (s *slowChecker) await(waiting int) {
	for client.WaitingChecksForTest(s.Client) != waiting {
		if s.t.Context().Err() != nil {
			s.t.Fatal("the questions do not gather")
		}
		runtime.Gosched()
	}
}

func TestCheckChange_manyAtATimeGoTogether(t *testing.T) {
	const behind = 119
	s := startSlowChecker(t)
	var group errgroup.Group
	group.Go(func() error { return s.ask(t.Context(), 0) })
	<-s.arrived
	for i := range behind {
		group.Go(func() error { return s.ask(t.Context(), i+1) })
	}
	s.await(behind)
	close(s.goOn)
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if requests, most := s.requests.Load(), s.most.Load(); requests != 4 || most != 50 { // 1, 50, 50, 19
		t.Errorf("%d requests, the largest of %d changes", requests, most)
	}
	if err := s.ask(t.Context(), 1); err != nil || s.requests.Load() != 5 {
		t.Errorf("a single one later: %v, %d requests", err, s.requests.Load())
	}
}

// Whoever gives up leaves the others their answers.
func TestCheckChange_doesNotWaitLongerThanItsCaller(t *testing.T) {
	s := startSlowChecker(t)
	var group errgroup.Group
	hurried, cancel := context.WithCancel(t.Context())
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { first <- s.ask(hurried, 0) }()
	<-s.arrived
	group.Go(func() error { return s.ask(t.Context(), 2) })
	s.await(1)
	go func() { second <- s.ask(hurried, 1) }()
	s.await(2)
	cancel()
	for _, answer := range []chan error{first, second} {
		if err := <-answer; !errors.Is(err, client.ErrNoAnswer) {
			t.Errorf("a caller that gave up: %v", err)
		}
	}
	close(s.goOn)
	if err := group.Wait(); err != nil {
		t.Errorf("a caller that waited: %s", err)
	}
}

func TestCheckChange_everyoneLearnsOfAFailure(t *testing.T) {
	for name, body := range map[string]string{
		"refused":          `{"error":{"message":"busy","type":"internal_server_error","code":"500"}}`,
		"another gateway":  `{"ok":true,"changes":[],"teams":[]}`,
		"too many answers": `{"checks":[{},{}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			status := http.StatusOK
			if name == "refused" {
				status = http.StatusInternalServerError
			}
			c := startFake(t, answer{status: status, body: body}).client(t)
			if check, err := c.CheckChange(t.Context(), api.QuotaChange{Route: "/team/new", Body: json.RawMessage("{}")}); err == nil {
				t.Errorf("no error but %+v", check)
			}
		})
	}
}
