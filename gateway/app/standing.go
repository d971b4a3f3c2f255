package app

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/metrics"
	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// standingShare is how many times as long as reading took the gateway waits before it reads again: with very many
	// teams the metrics get older, and reading never takes more than a twentieth of a core.
	standingShare = 20
	// standingTimeout bounds one reading.
	standingTimeout = time.Minute
	// mostWindows bounds how many teams' windows are read: one trip each, for teams with calls lately.
	mostWindows = 1000
)

// standings reads how budgets and limits stand, from the stores that enforce them, for the metrics.
type standings struct {
	*parts
	options  Options
	spending policy.Spending
	// reading is held by the one that reads.
	reading sync.Mutex
	// stood is how all stood when it was last read.
	stood *metrics.Standing
	// lately are the teams with calls since the reading before the last.
	lately map[string]bool
}

// watch reads until ctx ends.
func (p *standings) watch(ctx context.Context) {
	for pause := time.Duration(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		standing, err := p.read(ctx)
		pause = max(p.options.Config.Metrics.Refresh, time.Second, standingShare*standing.Took)
		if err != nil && ctx.Err() == nil {
			p.options.Logger.WarnContext(ctx, "budgets could not be read for the metrics, which keep what they had", slog.Any("error", err))
		}
		p.metrics.Stands(standing)
	}
}

// read says how all stands now. With an error it has the budgets of last time and what could be read.
func (p *standings) read(ctx context.Context) (*metrics.Standing, error) {
	p.reading.Lock()
	defer p.reading.Unlock()
	ctx, cancel := context.WithTimeout(ctx, standingTimeout)
	defer cancel()
	began := time.Now()
	now := &metrics.Standing{At: p.options.Now(), Running: p.proxy.Running(), LeftOut: map[string]int{}, Up: map[string]bool{
		"record": p.store.Ping(ctx) == nil, "counters": p.engine.Ping(ctx) == nil,
	}}
	active := p.metrics.Active()
	active, p.lately = union(active, p.lately), active
	err := p.budgets(ctx, active, now)
	if err != nil && p.stood != nil {
		now.Budgets, now.Windows, now.Alerts = p.stood.Budgets, p.stood.Windows, p.stood.Alerts
	}
	if err == nil {
		p.stood = now
	}
	now.Took = time.Since(began)
	return now, err
}

func union(a, b map[string]bool) map[string]bool {
	both := maps.Clone(a)
	maps.Copy(both, b)
	return both
}

func (p *standings) budgets(ctx context.Context, active map[string]bool, now *metrics.Standing) error {
	bounds, spending := p.options.Config.Metrics, p.spending
	if bounds.Teams > 0 {
		teams, _, err := p.store.Teams(ctx, api.TeamFilter{})
		if err != nil {
			return err
		}
		standing, err := spending.StandingTeams(ctx, teams)
		if err != nil {
			return err
		}
		slices.SortStableFunc(standing, func(a, b policy.Standing) int { return cmp.Compare(b.State.Settled, a.State.Settled) })
		now.LeftOut[metrics.KindTeam] = max(0, len(standing)-bounds.Teams)
		standing = standing[:min(len(standing), bounds.Teams)]
		if now.Budgets, err = p.budgetMetrics(ctx, standing); err != nil {
			return err
		}
		if now.Windows, err = p.windowMetrics(ctx, standing, active); err != nil {
			return err
		}
	}
	pots, err := spending.StandingPots(ctx)
	if err != nil {
		return err
	}
	keys, more, err := spending.StandingKeys(ctx, bounds.Keys)
	if err != nil {
		return err
	}
	now.LeftOut[metrics.KindKey] = more
	others, err := p.budgetMetrics(ctx, slices.Concat(pots, keys))
	if err != nil {
		return err
	}
	now.Budgets = append(now.Budgets, others...)
	now.Alerts, err = p.alertMetrics(ctx)
	return err
}

// windowMetrics are the limits of teams, and what those with calls lately have used of them.
func (p *standings) windowMetrics(ctx context.Context, standing []policy.Standing, active map[string]bool) ([]metrics.Window, error) {
	windows := make([]metrics.Window, 0, len(standing))
	asked := 0
	for _, one := range standing {
		limits := one.Window
		if limits.RPM == quota.Unlimited && limits.TPM == quota.Unlimited && limits.Parallel == quota.Unlimited {
			continue
		}
		window := metrics.Window{TeamID: one.Team.TeamID, RPM: limits.RPM, TPM: limits.TPM, Parallel: limits.Parallel}
		if active[window.TeamID] && asked < mostWindows {
			asked++
			state, err := p.spending.Used(ctx, *one.Team, limits)
			if err != nil {
				return nil, err
			}
			window.Requests, window.Tokens, window.Running, window.Used = state.Requests, state.Tokens, state.Live, true
		}
		windows = append(windows, window)
	}
	return windows, nil
}

// alertMetrics counts the deliveries that the record keeps, by state.
func (p *standings) alertMetrics(ctx context.Context) (map[string]int, error) {
	counts := map[string]int{}
	for _, state := range []string{api.DeliveryPending, api.DeliverySent, api.DeliveryDead} {
		_, total, err := p.store.AlertDeliveries(ctx, api.AlertDeliveryFilter{State: state, Limit: 1})
		if err != nil {
			return nil, err
		}
		counts[state] = total
	}
	return counts, nil
}

// budgetMetrics are budgets with what is foreseen of them.
func (p *standings) budgetMetrics(ctx context.Context, standing []policy.Standing) ([]metrics.Budget, error) {
	budgets := make([]metrics.Budget, len(standing))
	for i, one := range standing {
		foreseen, err := p.outlook.Foresee(ctx, one)
		if err != nil {
			return nil, err
		}
		budgets[i] = budgetMetric(one)
		if foreseen.Silence == "" {
			budgets[i].Forecast = &foreseen.End.Likely
		}
	}
	return budgets, nil
}

func budgetMetric(one policy.Standing) metrics.Budget {
	owner := one.Owner()
	b := metrics.Budget{
		Kind: owner.Kind, ID: owner.ID, Alias: owner.Alias, TeamID: owner.TeamID, Limit: one.Cap(),
		Soft: one.Soft, Hard: one.Hard, Spent: one.State.Settled, Reserved: one.State.Reserved, ResetAt: one.State.Period.End,
	}
	switch {
	case one.Key != nil:
		b.Token = one.Key.Token
	case one.Pot != nil:
		b.Kind = metrics.KindPot
	}
	return b
}
