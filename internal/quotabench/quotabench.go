// Package quotabench measures how exact the limits of any gateway are, from outside.
//
// It promises to count at the provider, which is its own, and against the gateway's own report; to hold against a
// gateway only what is certain whatever the machine's load; and to say what was not run. It must never import a gateway,
// nor know of one more than an adapter says.
package quotabench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench/meter"
)

// Limits are what a pot is made with; 0 is none.
type Limits struct {
	RequestsPerMinute int64 `json:"requests_per_minute,omitempty"`
	TokensPerMinute   int64 `json:"tokens_per_minute,omitempty"`
	ParallelRequests  int64 `json:"parallel_requests,omitempty"`
	// Budget is for a period that does not end during the bench.
	Budget money.Nano `json:"budget_usd,omitempty"`
}

// Pot is what limits hold for: a team, or whatever the gateway has for keys that share limits.
type Pot struct {
	ID string
	// Keys are the secrets of its keys.
	Keys []string
	// Limits are those in force, which may be others than were asked for where keys are fixed.
	Limits Limits
}

// ErrCannot is what an adapter answers to what its gateway has no way for.
var ErrCannot = errors.New("this gateway has no way for that")

// Gateway is what an adapter does for one kind of gateway, through the gateway's documented API.
type Gateway interface {
	// Version names the gateway and, where it tells it, its version.
	Version(ctx context.Context) (string, error)
	// Open makes a pot for a scenario, with keys.
	Open(ctx context.Context, scenario string, limits Limits, keys int) (Pot, error)
	// Change puts other limits in force.
	Change(ctx context.Context, pot Pot, limits Limits) error
	// Spent is what the gateway says the pot has spent.
	Spent(ctx context.Context, pot Pot) (money.Nano, error)
}

// Process is something that can be killed in the middle: the gateway, or its store.
type Process interface {
	// Kill ends it as a crash does.
	Kill(ctx context.Context) error
	// Start starts it, and returns when it runs.
	Start(ctx context.Context) error
}

// Bench is one run.
type Bench struct {
	Gateway Gateway
	Meter   *meter.Meter
	// URLs are the gateway's replicas. Calls go to each in turn.
	URLs []string
	// Model is what the gateway calls the bench's provider by.
	Model string
	// Crash and StoreCrash kill the gateway and its store; nil where that is not wanted.
	Crash, StoreCrash Process
	// Patience is how long the gateway has to report what was spent.
	Patience time.Duration
	// Only are the names of the scenarios to run; empty for all.
	Only      []string
	Transport http.RoundTripper
	Logger    *slog.Logger
}

// Report is what a run found.
type Report struct {
	Gateway  string    `json:"gateway"`
	Replicas int       `json:"replicas"`
	Began    time.Time `json:"began"`
	Took     float64   `json:"took_seconds"`
	Results  []Result  `json:"results"`
}

// Faults counts the results in which a limit was exceeded or money is missing.
func (r Report) Faults() (faults int) {
	for _, one := range r.Results {
		if one.Faulty() {
			faults++
		}
	}
	return faults
}

// Result is what a scenario found.
type Result struct {
	Scenario string `json:"scenario"`
	What     string `json:"what"`
	// Skipped says why it was not run.
	Skipped string `json:"skipped,omitempty"`
	Unit    Unit   `json:"unit,omitempty"`
	// Limit and Worst are in the unit: what was allowed, and the most that was certainly let through.
	Limit int64 `json:"limit"`
	Worst int64 `json:"worst"`
	Calls Calls `json:"calls"`
	// FalseRefusals are refusals of calls that would certainly have fitted by what was really used.
	FalseRefusals int `json:"false_refusals"`
	// Cut are calls that were allowed less of an answer than they asked for.
	Cut   int    `json:"answers_cut"`
	Money *Money `json:"money,omitempty"`
	// HoldsAfter is how long calls were still admitted after a change that forbids them was confirmed.
	HoldsAfter *time.Duration `json:"holds_after_ns,omitempty"`
}

// Unit is what a limit counts.
type Unit string

// The units.
const (
	Requests Unit = "requests"
	Tokens   Unit = "tokens"
	NanoUSD  Unit = "nano-USD"
	Parallel Unit = "parallel calls"
)

// Calls are counted by what clients saw.
type Calls struct {
	Sent     int `json:"sent"`
	Answered int `json:"answered"`
	Refused  int `json:"refused"`
	Failed   int `json:"failed"`
}

// Money compares what the provider charged with what the gateway says was spent.
type Money struct {
	// Metered is all that the provider charged.
	Metered money.Nano `json:"metered_usd"`
	// Received is what of it clients certainly received: answers that came, and events sent before a client left.
	Received money.Nano `json:"received_usd"`
	Reported money.Nano `json:"reported_usd"`
}

// Lost is what clients received and the gateway does not know of.
func (m Money) Lost() money.Nano { return max(m.Received-m.Reported, 0) }

// Unseen is what the provider charged besides, that no client received and the gateway does not know of: what was under
// way when somebody left or died.
func (m Money) Unseen() money.Nano { return max(m.Metered-max(m.Reported, m.Received), 0) }

// Doubled is what the gateway charges beyond what the provider did.
func (m Money) Doubled() money.Nano { return max(m.Reported-m.Metered, 0) }

// Over is by how much the limit was certainly exceeded.
func (r Result) Over() int64 { return max(r.Worst-r.Limit, 0) }

// Faulty says that the limit was exceeded, or that money is missing.
func (r Result) Faulty() bool {
	return r.Skipped == "" && (r.Over() > 0 || r.Money != nil && r.Money.Lost() > 0)
}

// Run runs the scenarios: first, at the same time, those that leave the gateway alone, then those that kill.
func (b *Bench) Run(ctx context.Context) (Report, error) {
	began := time.Now()
	name, err := b.Gateway.Version(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("ask which gateway it is: %w", err)
	}
	scenarios, err := b.chosen()
	if err != nil {
		return Report{}, err
	}
	results := make([]Result, len(scenarios))
	run := func(i int) (err error) {
		if results[i], err = b.try(ctx, scenarios[i]); err != nil {
			return fmt.Errorf("scenario %s: %w", scenarios[i].name, err)
		}
		return nil
	}
	gentle := errgroup.Group{}
	for i := range scenarios {
		if !scenarios[i].kills() {
			gentle.Go(func() error { return run(i) })
		}
	}
	if err := gentle.Wait(); err != nil {
		return Report{}, err
	}
	for i := range scenarios {
		if !scenarios[i].kills() {
			continue
		}
		if err := run(i); err != nil {
			return Report{}, err
		}
	}
	return Report{Gateway: name, Replicas: len(b.URLs), Began: began.UTC(), Took: time.Since(began).Seconds(), Results: results}, nil
}

// try runs a scenario, or says why not.
func (b *Bench) try(ctx context.Context, s scenario) (Result, error) {
	result := Result{Scenario: s.name, What: s.what}
	if result.Skipped = s.missing(b); result.Skipped != "" {
		return result, nil
	}
	pot, err := b.Gateway.Open(ctx, s.name, s.limits, s.keys)
	if errors.Is(err, ErrCannot) {
		result.Skipped = err.Error()
		return result, nil
	}
	if err != nil {
		return result, fmt.Errorf("make its limits and keys: %w", err)
	}
	stage := &stage{Bench: b, pot: pot, name: s.name}
	b.Logger.Info("scenario begins", slog.String("scenario", s.name))
	err = s.run(ctx, stage, &result)
	if errors.Is(err, ErrCannot) {
		result.Skipped = err.Error()
		return result, nil
	}
	if err != nil {
		return result, err
	}
	result.Calls = countCalls(stage.outcomes)
	for _, entry := range stage.entries() {
		if entry.Cut {
			result.Cut++
		}
	}
	b.Logger.Info("scenario ended", slog.String("scenario", s.name), slog.Int64("over", result.Over()), slog.Int("false_refusals", result.FalseRefusals))
	return result, nil
}
