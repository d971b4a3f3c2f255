// Package runtask reviews plans for HCP Terraform and Terraform Enterprise, as a run task.
//
// It promises to read nothing that is not signed, to send the run's token to hosts of the operator's choice alone, and to
// tell the run an outcome in any case: what cannot be reviewed has failed. It never logs a token, nor an address that opens
// something. It must never know what a review is made of.
package runtask

import (
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"time"
)

const (
	// shortestKey is how many bytes the HMAC key has at least.
	shortestKey = 16
	// mostRequest is how many bytes a request has at most; HCP Terraform's have about two thousand.
	mostRequest = 1 << 20
	// DefaultMostPlan is how many bytes of a plan are read unless told otherwise.
	DefaultMostPlan = 100 << 20
	// longest is for how long a review may run: the run gives up after ten minutes without a word.
	longest = 9 * time.Minute
	// atOnce is how many plans are reviewed at a time. Others are refused, and asked for again by HCP Terraform.
	atOnce = 8
)

// Review is what was found in a plan.
type Review struct {
	// Summary is one line, Markdown the whole.
	Summary, Markdown string
	// NeedsApproval fails the task; Reasons say why.
	NeedsApproval bool
	Reasons       []string
}

// Reviewer reviews a plan in JSON.
type Reviewer func(ctx context.Context, plan io.Reader) (Review, error)

// Options are what a server is made of.
type Options struct {
	// Secret is the HMAC key that the run task is set up with.
	Secret []byte
	// Hosts are those that plans are fetched from and outcomes told to, such as app.terraform.io.
	Hosts []string
	// Review reviews a plan.
	Review Reviewer
	// MostPlan is how many bytes of a plan are read; 0 is [DefaultMostPlan].
	MostPlan int
	// Transport is how hosts are reached; nil is the usual way.
	Transport http.RoundTripper
	Logger    *slog.Logger
	// wait is how long a call is waited with that is made again; 0 is a second.
	wait time.Duration
}

// Server answers the requests of a run task.
type Server struct {
	secret []byte
	review Reviewer
	caller *caller
	logger *slog.Logger

	slots    chan struct{}
	underWay sync.WaitGroup
	// end stops what is under way.
	ctx context.Context
	end context.CancelFunc

	mu      sync.Mutex
	running map[string]bool
}

// New makes a server.
func New(options Options) (*Server, error) {
	if len(options.Secret) < shortestKey {
		return nil, fmt.Errorf("a run task needs an HMAC key of at least %d characters, such as openssl rand -hex 32 prints: with a shorter one others could ask for reviews", shortestKey)
	}
	if len(options.Hosts) == 0 {
		return nil, fmt.Errorf("no host is named that plans may be fetched from, such as app.terraform.io")
	}
	ctx, end := context.WithCancel(context.Background())
	return &Server{
		secret: options.Secret, review: options.Review, caller: newCaller(options), logger: options.Logger,
		slots: make(chan struct{}, atOnce), ctx: ctx, end: end, running: map[string]bool{},
	}, nil
}

// request is what HCP Terraform sends.
type request struct {
	PayloadVersion int    `json:"payload_version"`
	Stage          string `json:"stage"`
	AccessToken    string `json:"access_token"`
	Capabilities   struct {
		Outcomes bool `json:"outcomes"`
	} `json:"capabilities"`
	TaskResultID string `json:"task_result_id"`
	CallbackURL  string `json:"task_result_callback_url"`
	PlanURL      string `json:"plan_json_api_url"`
	RunID        string `json:"run_id"`
	Organization string `json:"organization_name"`
	Workspace    string `json:"workspace_name"`
}

// testToken is the token of the request by which HCP Terraform tries a run task that is being set up.
const testToken = "test-token"

// header is where the signature stands.
const header = "X-TFC-Task-Signature"

// ServeHTTP takes a request, and answers before its plan is reviewed.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "a run task is asked with POST", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostRequest))
	if err != nil {
		http.Error(w, "the request cannot be read, or is too long", http.StatusRequestEntityTooLarge)
		return
	}
	if !s.signed(body, r.Header.Get(header)) {
		s.logger.WarnContext(r.Context(), "a request is not signed with the HMAC key of this server", slog.String("from", r.RemoteAddr))
		http.Error(w, "the signature in "+header+" is not that of the run task's HMAC key", http.StatusUnauthorized)
		return
	}
	var asked request
	if err := json.Unmarshal(body, &asked); err != nil {
		http.Error(w, "the request is no JSON of a run task", http.StatusBadRequest)
		return
	}
	if status, why := s.take(asked); why != "" {
		http.Error(w, why, status)
	}
}

// signed compares in a time that does not depend on how much is right.
func (s *Server) signed(body []byte, signature string) bool {
	mac := hmac.New(sha512.New, s.secret)
	mac.Write(body)
	given, err := hex.DecodeString(signature)
	return err == nil && hmac.Equal(given, mac.Sum(nil))
}

// take starts the review of what was asked; why is empty where it is taken.
func (s *Server) take(asked request) (status int, why string) {
	switch {
	case asked.PayloadVersion != 1:
		return http.StatusBadRequest, "this server knows payload_version 1"
	case asked.AccessToken == testToken:
		return 0, ""
	case asked.AccessToken == "" || asked.CallbackURL == "":
		return http.StatusBadRequest, "the request has no access_token or no task_result_callback_url"
	}
	if err := s.caller.allowed(asked.CallbackURL); err != nil {
		return http.StatusBadRequest, "task_result_callback_url " + err.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[asked.TaskResultID] {
		return 0, "" // asked again before it was answered
	}
	if s.ctx.Err() != nil {
		return http.StatusServiceUnavailable, "the server is stopping"
	}
	select {
	case s.slots <- struct{}{}:
	default:
		return http.StatusServiceUnavailable, "too many plans are under review"
	}
	s.running[asked.TaskResultID] = true
	s.underWay.Go(func() {
		defer s.done(asked.TaskResultID)
		s.answer(asked)
	})
	return 0, ""
}

func (s *Server) done(id string) {
	<-s.slots
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, id)
}

// answer reviews the plan and tells the run.
func (s *Server) answer(asked request) {
	ctx, cancel := context.WithTimeout(s.ctx, longest)
	defer cancel()
	logger := s.logger.With(slog.String("run_id", asked.RunID), slog.String("workspace", asked.Workspace), slog.String("stage", asked.Stage))
	told := s.outcome(ctx, asked)
	// The word that a review has ended is said even where the server is stopping.
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	if err := s.caller.tell(ctx, asked, told); err != nil {
		logger.ErrorContext(ctx, "the run was not told", slog.String("status", told.status), slog.String("error", err.Error()))
		return
	}
	logger.InfoContext(ctx, "a plan is reviewed", slog.String("status", told.status), slog.String("message", told.message))
}

// outcome is passed or failed. What cannot be reviewed has failed.
func (s *Server) outcome(ctx context.Context, asked request) (told result) {
	// A plan that the review stumbles over ends no other.
	defer func() {
		if fault := recover(); fault != nil {
			s.logger.ErrorContext(ctx, "a review has a fault", slog.String("run_id", asked.RunID), slog.Any("fault", fault), slog.String("stack", string(debug.Stack())))
			told = result{status: failed, message: "The plan cannot be reviewed: bursar has a fault, which its log shows."}
		}
	}()
	switch asked.Stage {
	case "post_plan", "pre_apply":
	default:
		return result{status: passed, message: "Nothing to review at " + asked.Stage + "; set the task up for post_plan."}
	}
	if err := s.caller.tell(ctx, asked, result{status: running, message: "The plan is being reviewed."}); err != nil {
		s.logger.WarnContext(ctx, "the run was not told that its review has begun", slog.String("run_id", asked.RunID), slog.String("error", err.Error()))
	}
	plan, err := s.caller.plan(ctx, asked)
	if err != nil {
		return result{status: failed, message: "The plan cannot be read: " + err.Error()}
	}
	found, err := s.review(ctx, plan)
	if err != nil {
		return result{status: failed, message: "The plan cannot be reviewed: " + err.Error()}
	}
	return resultOf(found)
}

// Close takes nothing more and waits for what is under way; when ctx ends, that is stopped and told to have failed.
func (s *Server) Close(ctx context.Context) {
	defer s.end()
	ended := make(chan struct{})
	go func() {
		s.underWay.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		s.end()
		<-ended
	}
}
