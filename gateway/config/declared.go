package config

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// declared reads the teams, budgets and alert routes of the file. They are written with the
// names of the admin API, so they go through the same patching and validation.
func (c *checker) declared(f file) {
	teams := map[string]*api.Team{}
	for i, node := range f.Teams {
		team := api.NewTeam("")
		if c.object(fmt.Sprintf("teams[%d]", i), node, "team_id", &team.TeamID, &team.TeamFields) {
			c.addTeam(fmt.Sprintf("teams[%d]", i), teams, &team)
		}
	}
	c.guideTeams(f, teams)
	for _, id := range sortedNames(teams) {
		team := *teams[id]
		team.DeclaredIn = c.config.File
		c.check("teams."+id, team.Validate())
		c.config.Teams = append(c.config.Teams, team)
	}
	for i, node := range f.Budgets.Shared {
		field := fmt.Sprintf("budgets.shared[%d]", i)
		budget := api.NewBudget("")
		if c.object(field, node, "budget_id", &budget.BudgetID, &budget.BudgetFields) {
			budget.DeclaredIn = c.config.File
			c.check(field, budget.Validate())
			c.check(field, budget.ValidateScope())
			c.config.Budgets = append(c.config.Budgets, budget)
		}
	}
	for i, node := range f.AlertRoutes {
		field := fmt.Sprintf("alert_routes[%d]", i)
		route := api.NewAlertRoute("")
		if c.object(field, node, "alert_route_id", &route.AlertRouteID, &route.AlertRouteFields) {
			if route.AlertRouteID == "" {
				route.AlertRouteID = route.Name
			}
			route.DeclaredIn = c.config.File
			c.check(field, route.Validate())
			c.config.AlertRoutes = append(c.config.AlertRoutes, route)
		}
	}
}

// guideTeams understands rate_limits.teams and budgets.teams, the form of LiteLLM guides.
func (c *checker) guideTeams(f file, teams map[string]*api.Team) {
	named := func(id string) *api.Team {
		if teams[id] == nil {
			team := api.NewTeam(id)
			teams[id] = &team
		}
		return teams[id]
	}
	for id, limits := range f.RateLimits.Teams {
		team := named(id)
		team.RPMLimit = c.rate("rate_limits.teams."+id+".rpm", limits.RPM)
		team.TPMLimit = c.rate("rate_limits.teams."+id+".tpm", limits.TPM)
	}
	for id, budget := range f.Budgets.Teams {
		team := named(id)
		month := "1mo"
		team.BudgetDuration = &month
		team.MaxBudget = c.amount("budgets.teams."+id+".monthly_budget_usd", budget.MonthlyBudgetUSD)
		team.SoftThresholdPct = budget.SoftThresholdPct
		team.HardCap = budget.HardCap == nil || *budget.HardCap
	}
}

func (c *checker) addTeam(field string, teams map[string]*api.Team, team *api.Team) {
	if teams[team.TeamID] != nil {
		c.fail(field+".team_id", "%q stands here twice", team.TeamID)
	}
	teams[team.TeamID] = team
}

// object decodes one declared object and says whether that worked.
func (c *checker) object(field string, node yaml.Node, idField string, id *string, target any) bool {
	before := len(c.problems)
	object, err := jsonObject(node)
	if err != nil {
		c.fail(field, "is not an object with the fields of the admin API: %s", err)
		return false
	}
	if raw, found := object[idField]; found {
		if err := json.Unmarshal(raw, id); err != nil {
			c.fail(field+"."+idField, "must be a string")
		}
		delete(object, idField)
	}
	unknown, err := api.Patch(target, object)
	c.check(field, err)
	if len(unknown) > 0 {
		c.fail(field, "has unknown fields: %s%s", strings.Join(unknown, ", "), meantOf(unknown, target))
	}
	return len(c.problems) == before
}

func jsonObject(node yaml.Node) (map[string]json.RawMessage, error) {
	var value map[string]any
	if err := node.Decode(&value); err != nil {
		return nil, err
	}
	data, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var object map[string]json.RawMessage
	return object, json.Unmarshal(data, &object)
}

func (c *checker) check(field string, err error) {
	if err != nil {
		c.problems = append(c.problems, field+": "+err.Error())
	}
}

func sortedNames(teams map[string]*api.Team) []string {
	names := make([]string, 0, len(teams))
	for name := range teams {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
