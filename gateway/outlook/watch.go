package outlook

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/bursarhq/terraform-provider-bursar/gateway/every"
	"github.com/bursarhq/terraform-provider-bursar/gateway/forecast"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Watched is the part of the record that a [Watch] reads.
type Watched interface {
	Record
	Team(ctx context.Context, id string) (api.Team, error)
	// ClaimJob makes holder the one that does a job until a time, unless another is and its time is not over.
	ClaimJob(ctx context.Context, name, holder string, now, until time.Time) (bool, error)
	// Armed says how often the thresholds under each scope were armed.
	Armed(ctx context.Context, scopes []string) (map[string]int64, error)
	Refusals(ctx context.Context, query api.RefusalQuery) ([]api.RefusalSum, error)
	LimitPeaks(ctx context.Context, filter api.LimitMinuteFilter) ([]api.LimitPeak, error)
	// AlertRoutes are all routes, without their secrets.
	AlertRoutes(ctx context.Context, filter api.AlertRouteFilter) (routes []api.AlertRoute, total int, err error)
	// PlannedSpends are the days on which teams are meant to spend more; nil is all teams.
	PlannedSpends(ctx context.Context, teamIDs []string, day string) ([]api.PlannedSpend, error)
}

// WatchOptions are what a [Watch] is made of. All but Holder are required.
type WatchOptions struct {
	Record  Watched
	Outlook *Outlook
	// Keys are keys by a filter, for advice on those that nobody uses.
	Keys func(ctx context.Context, filter api.KeyFilter) (keys []api.Key, total int, err error)
	// Tell takes an event; one with an id that was told before is no news.
	Tell   func(ctx context.Context, event api.AlertEvent) error
	Logger *slog.Logger
	Now    func() time.Time
	// Holder names this gateway among those that take turns; "" makes a name.
	Holder string

	// Forecast tells that a cap will fall.
	Forecast bool
	// Line is where a team's day is out of line; an amount of 0 tells of none.
	Line forecast.Line
	// SustainedMinutes is for how many minutes on end a limit has to refuse calls; 0 tells of none.
	SustainedMinutes int
}

// Watch looks for what no single call brings about: caps that will fall, days that are out of line, refusals that do not end.
// One of all gateways does so at a time.
type Watch struct {
	WatchOptions
	// told are the ids of events that this gateway has told; the record knows those of others.
	told map[string]bool
	// digested is the moment of the last digest that this gateway has told a route.
	digested map[string]time.Time
	// looked is when budgets and days were looked at last; refusals are looked at each time.
	looked time.Time
}

const (
	watchEvery = time.Minute
	// lookEvery is how often budgets and days are looked at.
	lookEvery = 10 * time.Minute
	// leaseFor lets others take over from a gateway that died.
	leaseFor = 3 * time.Minute
	// lookTimeout bounds one look.
	lookTimeout = time.Minute
	// mostTold bounds the memory; what is forgotten is told again, which is no news.
	mostTold = 100_000
	job      = "outlook"
)

// NewWatch returns a watch. [Watch.Run] starts it.
func NewWatch(options WatchOptions) *Watch {
	options.Holder = cmp.Or(options.Holder, ulid.Make().String())
	return &Watch{WatchOptions: options, told: map[string]bool{}, digested: map[string]time.Time{}}
}

// Run looks every minute until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	every.Do(ctx, watchEvery, func(ctx context.Context) {
		if err := w.Look(ctx); err != nil && ctx.Err() == nil {
			w.Logger.WarnContext(ctx, "budgets could not be watched, and the next try is in a minute", slog.Any("error", err))
		}
	})
}

// Look looks once, unless another gateway is the one that does.
func (w *Watch) Look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	now := w.Now().UTC()
	ours, err := w.Record.ClaimJob(ctx, job, w.Holder, now, now.Add(leaseFor))
	if err != nil || !ours {
		return err
	}
	err = errors.Join(w.sustained(ctx, now), w.digests(ctx, now))
	if !w.looked.IsZero() && now.Sub(w.looked) < lookEvery {
		return err
	}
	err = errors.Join(err, w.forecasts(ctx, now), w.anomalies(ctx, now))
	if err == nil {
		w.looked = now
	}
	return err
}

// tell tells of an event once. What is told is named by what the id is made of.
func (w *Watch) tell(ctx context.Context, event api.AlertEvent, about ...string) error {
	digest := sha256.Sum256([]byte(event.Type + "\x00" + strings.Join(about, "\x00")))
	event.ID = "event_" + hex.EncodeToString(digest[:16])
	if w.told[event.ID] {
		return nil
	}
	if err := w.Tell(ctx, event); err != nil {
		return err
	}
	if len(w.told) >= mostTold {
		clear(w.told)
	}
	w.told[event.ID] = true
	return nil
}

// named adds the team's alias, which a team that is gone meanwhile has no more.
func (w *Watch) named(ctx context.Context, event *api.AlertEvent) error {
	team, err := w.Record.Team(ctx, event.TeamID)
	if err != nil && api.CodeOf(err) != api.NotFound {
		return err
	}
	event.TeamAlias = valueOf(team.TeamAlias)
	return nil
}
