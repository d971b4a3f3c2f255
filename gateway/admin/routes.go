package admin

import (
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/alerts"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/approving"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/asking"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/audit"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/rehearse"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/usage"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
)

// Tags are the headings that the operations stand under.
var Tags = []openapi.Tag{
	{Name: "team", Text: "Groups of keys that share limits and a budget."},
	{Name: "key", Text: "What callers authenticate with. A key is named by its secret, its id (which LiteLLM calls token) or its alias."},
	{Name: "user", Text: "People and services that keys are made for, with limits over all of their keys."},
	{Name: "admin key", Text: "Keys of the admin API itself, with roles: admin, approver, viewer, team_admin, team_viewer."},
	{Name: "budget", Text: "Amounts over a period: terms that teams and keys take, or pots that they spend from together."},
	{Name: "model", Text: "What is served, and by whom."},
	{Name: "alert route", Text: "Where events go, and which."},
	{Name: "usage", Text: "What was used and what it cost."},
	{Name: "quota", Text: "What a change would do, before it is made."},
	{Name: "quota request", Text: "What teams ask for, and what became of it."},
	{Name: "quota review", Text: "Changes that were approved, and are then what may be made."},
	{Name: "audit", Text: "Who changed what, when, from where and why, in a chain that shows when it was tampered with."},
}

// routes is the whole URL space.
func (s *Server) routes() []route.Route {
	return slices.Concat(
		s.teamRoutes(), s.memberRoutes(), s.userRoutes(), s.adminKeyRoutes(), s.keyRoutes(), s.budgetRoutes(), s.resetRoutes(),
		s.modelRoutes(), alerts.Routes(s.alerts()), usage.Routes(s.usage()), rehearse.Routes(s.rehearsals()), asking.Routes(s.desk()), approving.Routes(&approving.Registry{Record: s.record, Now: s.now}), audit.Routes(&audit.Log{Record: s.record}),
	)
}

// Routes lists every operation of the admin API, for descriptions of it and for tests.
func Routes() []route.Route { return (&Server{}).routes() }

// Operations describes every route of the admin API. A test fails on one without a summary.
func Operations() []openapi.Operation {
	routes := Routes()
	operations := make([]openapi.Operation, len(routes))
	for i, route := range routes {
		operations[i] = route.Operation()
	}
	return operations
}
