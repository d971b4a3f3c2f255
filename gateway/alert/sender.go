package alert

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// pollInterval is how soon a retry, or an event of another gateway that died, is noticed.
	pollInterval = 2 * time.Second
	// batch is how many events are routed at a time.
	batch = 100
	// perRoute bounds the attempts under way to one route, so that a slow receiver fills no more than that.
	perRoute = 4
	// sendTimeout bounds one attempt.
	sendTimeout = 15 * time.Second
	// lease is for how long a claimed delivery is ours: an attempt and noting how it ended fit in
	// several times over. When a gateway dies, another one repeats its attempts after that.
	lease = time.Minute
	// markTimeout bounds noting how an attempt ended.
	markTimeout = 5 * time.Second
	// stopGrace is how long attempts may go on when the gateway stops.
	stopGrace = 5 * time.Second
)

// Options are what a [Sender] is made of.
type Options struct {
	Outbox Outbox
	// Targets send to routes, by the kind of the route's target.
	Targets map[string]Target
	Logger  *slog.Logger
	// ToOwners tells the owners of a team of it without a route.
	ToOwners bool
	// Digest is what a route's digest tells now.
	Digest func(ctx context.Context, route api.AlertRoute) (api.AlertEvent, error)
	// Period is when the running period of a team's budget began, the zero time of none; nil knows of none.
	Period func(ctx context.Context, teamID string) (time.Time, error)
	// Links are those of a message about an event; nil is none.
	Links func(event api.AlertEvent) []Link
	// Now is the clock; nil is the system's.
	Now func() time.Time
}

// Sender routes events and delivers them. Any number of senders may share an outbox.
type Sender struct {
	outbox  Outbox
	targets map[string]Target
	owners  bool
	links   func(event api.AlertEvent) []Link
	digest  func(ctx context.Context, route api.AlertRoute) (api.AlertEvent, error)
	period  func(ctx context.Context, teamID string) (time.Time, error)
	log     *slog.Logger
	now     func() time.Time
	wake    chan struct{}

	attempts sync.WaitGroup
	passing  sync.Mutex // held by the one that looks into the outbox
	mu       sync.Mutex
	running  map[string]int // attempts under way by route id
	watched  time.Time      // when time was last looked at for what it brings by itself
}

// New returns a sender; [Sender.Run] starts it.
func New(options Options) *Sender {
	s := &Sender{
		outbox:  options.Outbox,
		targets: options.Targets,
		owners:  options.ToOwners,
		links:   options.Links,
		digest:  options.Digest,
		period:  options.Period,
		log:     options.Logger,
		now:     options.Now,
		wake:    make(chan struct{}, 1),
		running: make(map[string]int),
	}
	if s.links == nil {
		s.links = func(api.AlertEvent) []Link { return nil }
	}
	if s.period == nil {
		s.period = func(context.Context, string) (time.Time, error) { return time.Time{}, nil }
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// Wake makes the sender look into the outbox now. Call it when an event was added; it never waits.
func (s *Sender) Wake() {
	select {
	case s.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Run delivers until ctx ends, then gives the attempts under way a few seconds and returns.
func (s *Sender) Run(ctx context.Context) {
	attempts, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	for {
		s.pass(ctx, attempts)
		select {
		case <-s.wake:
		case <-poll.C:
		case <-ctx.Done():
			grace := time.AfterFunc(stopGrace, abort)
			defer grace.Stop()
			s.attempts.Wait()
			return
		}
	}
}

// Once routes what is new, sends what is due, and returns when these attempts have ended. [Sender.Run] does so all the time.
func (s *Sender) Once(ctx context.Context) {
	s.pass(ctx, ctx)
	s.attempts.Wait()
}

// pass routes what is new and starts what is due. Errors are logged, the next pass tries again.
func (s *Sender) pass(ctx, attempts context.Context) {
	s.passing.Lock()
	defer s.passing.Unlock()
	s.note(ctx, s.watch(ctx))
	s.note(ctx, s.route(ctx))
	s.note(ctx, s.deliver(ctx, attempts))
}

func (s *Sender) note(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		s.log.ErrorContext(ctx, "alert outbox", slog.Any("error", err))
	}
}

// route gives every new event its deliveries. An event that cannot be routed holds up no other.
func (s *Sender) route(ctx context.Context) error {
	for {
		events, err := s.outbox.UnroutedAlertEvents(ctx, batch)
		if err != nil || len(events) == 0 {
			return err
		}
		routes, err := s.outbox.AlertRouteTargets(ctx)
		if err != nil {
			return fmt.Errorf("read alert routes: %w", err)
		}
		slices.SortStableFunc(events, inOrder)
		var failed []error
		for _, event := range events {
			first, err := s.routeOne(ctx, routes, event)
			if err != nil {
				failed = append(failed, fmt.Errorf("route alert event %s: %w", event.ID, err))
				continue
			}
			if first {
				s.logEvent(ctx, event)
			}
		}
		if len(failed) > 0 || len(events) < batch {
			return errors.Join(failed...)
		}
	}
}

func (s *Sender) routeOne(ctx context.Context, routes []api.AlertRoute, event api.AlertEvent) (first bool, err error) {
	decisions, err := s.Decide(ctx, routes, event)
	if err != nil {
		return false, err
	}
	return s.outbox.RouteAlertEvent(ctx, event.ID, about(event), decisions)
}

// Decide says of each route whether it would take an event now, and why.
func (s *Sender) Decide(ctx context.Context, routes []api.AlertRoute, event api.AlertEvent) ([]api.AlertDecision, error) {
	c := circumstances{toOwners: s.owners, now: s.now()}
	var err error
	labelled := slices.ContainsFunc(routes, func(route api.AlertRoute) bool { return len(route.Labels) > 0 })
	if event.TeamID != "" && (labelled || s.owners) {
		if c.team, err = s.outbox.AlertTeam(ctx, event.TeamID); err != nil {
			return nil, fmt.Errorf("read team %s: %w", event.TeamID, err)
		}
	}
	if c.silences, err = s.outbox.AlertSilences(ctx, c.now); err != nil {
		return nil, fmt.Errorf("read silences: %w", err)
	}
	return decide(routes, event, c), nil
}

// Check says of each route whether it would take an event now, and why, and tells nobody.
func (s *Sender) Check(ctx context.Context, event api.AlertEvent) ([]api.AlertDecision, error) {
	routes, err := s.outbox.AlertRouteTargets(ctx)
	if err != nil {
		return nil, fmt.Errorf("read alert routes: %w", err)
	}
	return s.Decide(ctx, routes, event)
}

// logEvent writes each event once into the log of the gateway that routes it, also when no route wants it: a budget
// without a hard cap promises at least that.
func (s *Sender) logEvent(ctx context.Context, event api.AlertEvent) {
	level := slog.LevelWarn
	if event.Severity == "info" {
		level = slog.LevelInfo
	}
	s.log.LogAttrs(ctx, level, "alert: "+event.Message,
		slog.String("event", event.Type), slog.String("severity", event.Severity), slog.String("event_id", event.ID), slog.String("scope", event.Scope),
		slog.String("team_id", event.TeamID), slog.Float64("threshold", event.Threshold),
		slog.String("spend", event.Spend.String()), slog.String("max_budget", event.MaxBudget.String()), slog.Bool("hard_cap", event.HardCap))
}

// deliver claims what is due, as far as its routes have attempts free, and starts the attempts.
func (s *Sender) deliver(ctx, attempts context.Context) error {
	now := s.now()
	due, err := s.outbox.DueAlertRoutes(ctx, now)
	if err != nil || len(due) == 0 {
		return err
	}
	routes, err := s.routesByID(ctx)
	if err != nil {
		return err
	}
	for _, id := range due {
		free := s.free(id)
		if free == 0 {
			continue // the attempt that ends next wakes us
		}
		route, err := s.routeOf(ctx, routes, id)
		if err != nil {
			return err
		}
		claim := claimOf(route, id, now, free)
		claimed, freeAt, err := s.outbox.ClaimDeliveries(ctx, claim)
		if err != nil {
			return fmt.Errorf("claim deliveries of alert route %s: %w", id, err)
		}
		if freeAt.After(now) {
			time.AfterFunc(freeAt.Sub(now), s.Wake)
		}
		for _, lane := range lanes(route, claimed) {
			s.start(attempts, claim, route, lane)
		}
	}
	return nil
}

// routesByID has no entry for a route that was deleted while it had deliveries.
func (s *Sender) routesByID(ctx context.Context) (map[string]*api.AlertRoute, error) {
	routes, err := s.outbox.AlertRouteTargets(ctx)
	if err != nil {
		return nil, fmt.Errorf("read alert routes: %w", err)
	}
	byID := make(map[string]*api.AlertRoute, len(routes))
	for i := range routes {
		byID[routes[i].AlertRouteID] = &routes[i]
	}
	return byID, nil
}

// free is how many more attempts a route may have under way.
func (s *Sender) free(routeID string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return perRoute - s.running[routeID]
}

// start makes attempts on their own, one after the other, and wakes the sender when they have ended and left room.
func (s *Sender) start(ctx context.Context, claim api.AlertClaim, route *api.AlertRoute, lane [][]api.AlertDelivery) {
	s.mu.Lock()
	s.running[claim.AlertRouteID]++
	s.mu.Unlock()
	s.attempts.Go(func() {
		s.attemptAll(ctx, claim, route, lane)
		s.ended(claim.AlertRouteID)
		s.Wake()
	})
}

func (s *Sender) ended(routeID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running[routeID]--
	if s.running[routeID] == 0 {
		delete(s.running, routeID)
	}
}
