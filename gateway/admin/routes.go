package admin

import "github.com/bursarhq/terraform-provider-bursar/gateway/auth"

// Route is one operation of the admin API.
type Route struct {
	Method string
	Path   string
	// Permission is what a caller must have. Without one the gateway does not start.
	Permission auth.Permission

	handler func(*Server, *call) (any, error)
}

// Pattern is the route as [net/http.ServeMux] takes it.
func (r Route) Pattern() string { return r.Method + " " + r.Path }

// Routes lists every operation of the admin API.
func Routes() []Route { return append([]Route(nil), routes...) }

// routes is the whole URL space.
var routes = []Route{
	{"POST", "/team/new", auth.Write, (*Server).createTeam},
	{"GET", "/team/info", auth.Read, (*Server).teamInfo},
	{"GET", "/team/list", auth.Read, (*Server).listTeams},
	{"GET", "/v2/team/list", auth.Read, (*Server).pageTeams},
	{"POST", "/team/update", auth.Write, (*Server).updateTeam},
	{"POST", "/team/delete", auth.Write, (*Server).deleteTeams},
	{"POST", "/team/block", auth.Write, (*Server).blockTeam},
	{"POST", "/team/unblock", auth.Write, (*Server).unblockTeam},

	{"POST", "/key/generate", auth.Write, (*Server).generateKey},
	{"POST", "/key/service-account/generate", auth.Write, (*Server).generateServiceKey},
	{"GET", "/key/info", auth.Read, (*Server).keyInfo},
	{"POST", "/v2/key/info", auth.Read, (*Server).keysInfo},
	{"GET", "/key/list", auth.Read, (*Server).listKeys},
	{"GET", "/key/aliases", auth.Read, (*Server).listKeyAliases},
	{"POST", "/key/health", auth.Read, (*Server).checkKeyHealth},
	{"POST", "/key/update", auth.Write, (*Server).updateKey},
	{"POST", "/key/bulk_update", auth.Write, (*Server).bulkUpdateKeys},
	{"POST", "/key/delete", auth.Write, (*Server).deleteKeys},
	{"POST", "/key/block", auth.Write, (*Server).blockKey},
	{"POST", "/key/unblock", auth.Write, (*Server).unblockKey},
	{"POST", "/key/rotate", auth.Write, (*Server).rotateKey},
	{"POST", "/key/regenerate", auth.Write, (*Server).rotateKey},
	{"POST", "/key/{key}/regenerate", auth.Write, (*Server).rotateKey},

	{"POST", "/budget/new", auth.Write, (*Server).createBudget},
	{"POST", "/budget/info", auth.Read, (*Server).budgetInfo},
	{"GET", "/budget/list", auth.Read, (*Server).listBudgets},
	{"GET", "/budget/settings", auth.Read, (*Server).budgetSettings},
	{"POST", "/budget/update", auth.Write, (*Server).updateBudget},
	{"POST", "/budget/delete", auth.Write, (*Server).deleteBudget},

	{"POST", "/model/new", auth.Write, (*Server).createModel},
	{"GET", "/model/info", auth.Read, (*Server).modelInfo},
	{"GET", "/v1/model/info", auth.Read, (*Server).modelInfo},
	{"GET", "/v2/model/info", auth.Read, (*Server).modelInfo},
	{"GET", "/model/list", auth.Read, (*Server).listModels},
	{"POST", "/model/update", auth.Write, (*Server).updateModel},
	{"PATCH", "/model/{model_id}/update", auth.Write, (*Server).updateModel},
	{"POST", "/model/delete", auth.Write, (*Server).deleteModel},
	{"GET", "/model_group/info", auth.Read, (*Server).modelGroupInfo},

	{"POST", "/alert_route/new", auth.Write, (*Server).createAlertRoute},
	{"GET", "/alert_route/info", auth.Read, (*Server).alertRouteInfo},
	{"GET", "/alert_route/list", auth.Read, (*Server).listAlertRoutes},
	{"POST", "/alert_route/update", auth.Write, (*Server).updateAlertRoute},
	{"POST", "/alert_route/delete", auth.Write, (*Server).deleteAlertRoutes},
	{"POST", "/alert_route/test", auth.Write, (*Server).testAlertRoute},

	{"GET", "/usage", auth.Read, (*Server).usage},
	{"GET", "/spend/logs", auth.Read, (*Server).spendLogs},
	{"GET", "/spend/logs/v2", auth.Read, (*Server).spendLogPage},
	{"GET", "/spend/logs/ui", auth.Read, (*Server).spendLogPage},
	{"GET", "/spend/tags", auth.Read, (*Server).spendTags},
	{"POST", "/spend/calculate", auth.Read, (*Server).calculateSpend},
	{"GET", "/global/spend", auth.Read, (*Server).globalSpend},
	{"GET", "/global/spend/report", auth.Read, (*Server).spendReport},
	{"GET", "/global/spend/keys", auth.Read, (*Server).globalSpendKeys},
	{"GET", "/global/spend/models", auth.Read, (*Server).globalSpendModels},
	{"GET", "/global/spend/teams", auth.Read, (*Server).globalSpendTeams},
	{"GET", "/global/spend/tags", auth.Read, (*Server).spendTags},
	{"GET", "/team/daily/activity", auth.Read, (*Server).teamActivity},
	{"GET", "/user/daily/activity", auth.Read, (*Server).userActivity},

	{"GET", "/audit", auth.Read, (*Server).audits},
	{"GET", "/audit/verify", auth.Read, (*Server).verifyAudit},
	{"GET", "/audit/{id}", auth.Read, (*Server).audit},
}
