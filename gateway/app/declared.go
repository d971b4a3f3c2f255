package app

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// declared knows which objects the configuration file holds.
type declared struct{ names atomic.Pointer[declaredNames] }

type declaredNames struct {
	file                   string
	teams, budgets, routes map[string]bool
}

func (d *declared) Team(id string) (string, bool) {
	names := d.names.Load()
	return names.file, names.teams[id]
}

func (d *declared) Budget(id string) (string, bool) {
	names := d.names.Load()
	return names.file, names.budgets[id]
}

func (d *declared) AlertRoute(id string) (string, bool) {
	names := d.names.Load()
	return names.file, names.routes[id]
}

func namesOf(settings config.Config) *declaredNames {
	names := &declaredNames{file: settings.File, teams: map[string]bool{}, budgets: map[string]bool{}, routes: map[string]bool{}}
	for _, budget := range settings.Budgets {
		names.budgets[budget.BudgetID] = true
	}
	for _, team := range settings.Teams {
		names.teams[team.TeamID] = true
	}
	for _, route := range settings.AlertRoutes {
		names.routes[route.AlertRouteID] = true
	}
	return names
}

// declare brings the record in line with the objects of the configuration file, with all of them or with none. What
// the file no longer holds stays as it is: a line lost from a file must not delete a team and its keys.
func (d *declared) declare(ctx context.Context, record *store.Store, changes policy.Changes, settings config.Config, logger *slog.Logger) error {
	by := api.Change{Actor: "configuration", Reason: "declared in " + settings.File}
	var changed []api.Budget
	err := record.Together(ctx, func(ctx context.Context) error {
		var err error
		changed, err = declareAll(ctx, record, by, settings)
		return err
	})
	if err != nil {
		return err
	}
	d.names.Store(namesOf(settings))
	for _, team := range settings.Teams {
		if err := changes.TeamChanged(ctx, team.TeamID); err != nil {
			return err
		}
	}
	if len(settings.Budgets)+len(settings.AlertRoutes) > 0 {
		if err := changes.BudgetChanged(ctx, nil, nil); err != nil {
			return err
		}
	}
	if err := changes.Recount(ctx, changed...); err != nil {
		return err
	}
	if n := len(settings.Budgets) + len(settings.Teams) + len(settings.AlertRoutes); n > 0 {
		logger.Info("declared objects are in place", slog.Int("objects", n), slog.String("file", settings.File))
	}
	return nil
}

// declareAll returns the budgets that were others, or none, before.
func declareAll(ctx context.Context, record *store.Store, by api.Change, settings config.Config) (changed []api.Budget, err error) {
	for _, budget := range settings.Budgets {
		differs, err := declareBudget(ctx, record, by, budget)
		if err != nil {
			return nil, fmt.Errorf("declare budget %s: %w", budget.BudgetID, err)
		}
		if differs {
			changed = append(changed, budget)
		}
	}
	for _, team := range settings.Teams {
		if err := declareTeam(ctx, record, by, team); err != nil {
			return nil, fmt.Errorf("declare team %s: %w", team.TeamID, err)
		}
	}
	return changed, declareRoutes(ctx, record, by, settings.AlertRoutes)
}

// declareRoutes makes what others escalate to before they do: the file may have them in any order, and in a circle.
func declareRoutes(ctx context.Context, record *store.Store, by api.Change, routes []api.AlertRoute) error {
	for _, route := range routes {
		_, err := record.AlertRoute(ctx, route.AlertRouteID)
		if api.CodeOf(err) != api.NotFound || route.EscalateTo == nil {
			continue
		}
		route.EscalateTo, route.EscalateAfter = nil, nil
		if err := declareRoute(ctx, record, by, route); err != nil {
			return fmt.Errorf("declare alert route %s: %w", route.Name, err)
		}
	}
	for _, route := range slices.SortedStableFunc(slices.Values(routes), escalatingLast) {
		if err := declareRoute(ctx, record, by, route); err != nil {
			return fmt.Errorf("declare alert route %s: %w", route.Name, err)
		}
	}
	return nil
}

func escalatingLast(a, b api.AlertRoute) int {
	switch {
	case (a.EscalateTo == nil) == (b.EscalateTo == nil):
		return 0
	case a.EscalateTo == nil:
		return -1
	}
	return 1
}

// declareTeam writes nothing when nothing changes, so that a restart leaves no audit row.
func declareTeam(ctx context.Context, record *store.Store, by api.Change, team api.Team) error {
	stored, err := record.Team(ctx, team.TeamID)
	switch {
	case api.CodeOf(err) == api.NotFound:
		_, err = record.CreateTeam(ctx, by, team)
	case err == nil && !reflect.DeepEqual(stored.TeamFields, team.TeamFields):
		_, err = record.UpdateTeam(ctx, by, team.TeamID, 0, func(stored *api.Team) error {
			stored.TeamFields = team.TeamFields
			return nil
		})
	}
	return err
}

// declareBudget says whether the budget was another one, or none, before.
func declareBudget(ctx context.Context, record *store.Store, by api.Change, budget api.Budget) (differs bool, err error) {
	stored, err := record.Budget(ctx, budget.BudgetID)
	switch {
	case api.CodeOf(err) == api.NotFound:
		_, err = record.CreateBudget(ctx, by, budget)
	case err == nil && reflect.DeepEqual(stored.BudgetFields, budget.BudgetFields):
		return false, nil
	case err == nil:
		_, err = record.UpdateBudget(ctx, by, budget.BudgetID, 0, func(stored *api.Budget) error {
			stored.BudgetFields = budget.BudgetFields
			return nil
		})
	}
	return err == nil, err
}

// declareRoute writes the route at every start: whether its secret has changed cannot be seen.
func declareRoute(ctx context.Context, record *store.Store, by api.Change, route api.AlertRoute) error {
	_, err := record.AlertRoute(ctx, route.AlertRouteID)
	switch {
	case api.CodeOf(err) == api.NotFound:
		_, err = record.CreateAlertRoute(ctx, by, route)
	case err == nil:
		_, err = record.UpdateAlertRoute(ctx, by, route.AlertRouteID, 0, func(stored *api.AlertRoute) error {
			stored.AlertRouteFields = route.AlertRouteFields
			return nil
		})
	}
	return err
}
