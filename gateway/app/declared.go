package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// declared knows which objects the configuration file holds.
type declared struct {
	file                   string
	teams, budgets, routes map[string]bool
}

func (d declared) Team(id string) (string, bool)       { return d.file, d.teams[id] }
func (d declared) Budget(id string) (string, bool)     { return d.file, d.budgets[id] }
func (d declared) AlertRoute(id string) (string, bool) { return d.file, d.routes[id] }

// declare brings the record in line with the objects of the configuration file. What the file no longer
// holds stays as it is: a line lost from a file must not delete a team and its keys.
func declare(ctx context.Context, record *store.Store, changes policy.Changes, settings config.Config, logger *slog.Logger) (declared, error) {
	d := declared{file: settings.File, teams: map[string]bool{}, budgets: map[string]bool{}, routes: map[string]bool{}}
	by := api.Change{Actor: "configuration", Reason: "declared in " + settings.File}
	var changed []api.Budget
	for _, budget := range settings.Budgets {
		d.budgets[budget.BudgetID] = true
		differs, err := declareBudget(ctx, record, by, budget)
		if err != nil {
			return d, fmt.Errorf("declare budget %s: %w", budget.BudgetID, err)
		}
		if differs {
			changed = append(changed, budget)
		}
	}
	for _, team := range settings.Teams {
		d.teams[team.TeamID] = true
		if err := declareTeam(ctx, record, by, team); err != nil {
			return d, fmt.Errorf("declare team %s: %w", team.TeamID, err)
		}
		if err := changes.TeamChanged(ctx, team.TeamID); err != nil {
			return d, err
		}
	}
	for _, route := range settings.AlertRoutes {
		d.routes[route.AlertRouteID] = true
		if err := declareRoute(ctx, record, by, route); err != nil {
			return d, fmt.Errorf("declare alert route %s: %w", route.Name, err)
		}
	}
	if len(settings.Budgets)+len(settings.AlertRoutes) > 0 {
		if err := changes.BudgetChanged(ctx, nil, nil); err != nil {
			return d, err
		}
	}
	if err := changes.Recount(ctx, changed...); err != nil {
		return d, err
	}
	if n := len(settings.Budgets) + len(settings.Teams) + len(settings.AlertRoutes); n > 0 {
		logger.Info("declared objects are in place", slog.Int("objects", n), slog.String("file", settings.File))
	}
	return d, nil
}

// errSame ends an edit that would change nothing, so that a restart leaves no audit row.
var errSame = errors.New("nothing to change")

func unlessSame(err error) error {
	if errors.Is(err, errSame) {
		return nil
	}
	return err
}

func declareTeam(ctx context.Context, record *store.Store, by api.Change, team api.Team) error {
	_, err := record.UpdateTeam(ctx, by, team.TeamID, 0, func(stored *api.Team) error {
		if reflect.DeepEqual(stored.TeamFields, team.TeamFields) {
			return errSame
		}
		stored.TeamFields = team.TeamFields
		return nil
	})
	if api.CodeOf(err) == api.NotFound {
		_, err = record.CreateTeam(ctx, by, team)
	}
	return unlessSame(err)
}

// declareBudget says whether the budget was another one, or none, before.
func declareBudget(ctx context.Context, record *store.Store, by api.Change, budget api.Budget) (differs bool, err error) {
	_, err = record.UpdateBudget(ctx, by, budget.BudgetID, 0, func(stored *api.Budget) error {
		if reflect.DeepEqual(stored.BudgetFields, budget.BudgetFields) {
			return errSame
		}
		stored.BudgetFields = budget.BudgetFields
		return nil
	})
	if api.CodeOf(err) == api.NotFound {
		_, err = record.CreateBudget(ctx, by, budget)
	}
	return err == nil, unlessSame(err)
}

// declareRoute writes the route at every start: whether its secret has changed cannot be seen.
func declareRoute(ctx context.Context, record *store.Store, by api.Change, route api.AlertRoute) error {
	_, err := record.UpdateAlertRoute(ctx, by, route.AlertRouteID, 0, func(stored *api.AlertRoute) error {
		stored.AlertRouteFields = route.AlertRouteFields
		return nil
	})
	if api.CodeOf(err) == api.NotFound {
		_, err = record.CreateAlertRoute(ctx, by, route)
	}
	return err
}
