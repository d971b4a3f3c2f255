package admin

import (
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
)

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

// Changes says whether a request to the route may change something.
func (r Route) Changes() bool { return r.Method != http.MethodGet && r.Permission.Changes() }

// Routes lists every operation of the admin API.
func Routes() []Route { return append([]Route(nil), routes...) }

// routes is the whole URL space.
var routes = []Route{
	{"POST", "/team/new", auth.Write, (*Server).createTeam},
	{"GET", "/team/info", auth.TeamRead, (*Server).teamInfo},
	{"GET", "/team/list", auth.TeamRead, (*Server).listTeams},
	{"GET", "/v2/team/list", auth.TeamRead, (*Server).pageTeams},
	{"POST", "/team/update", auth.Write, (*Server).updateTeam},
	{"POST", "/team/delete", auth.Write, (*Server).deleteTeams},
	{"POST", "/team/block", auth.Write, (*Server).blockTeam},
	{"POST", "/team/unblock", auth.Write, (*Server).unblockTeam},

	{"POST", "/team/member_add", auth.TeamWrite, (*Server).addMember},
	{"POST", "/team/bulk_member_add", auth.TeamWrite, (*Server).addMembersEach},
	{"POST", "/team/member_update", auth.TeamWrite, (*Server).updateMember},
	{"POST", "/team/member_delete", auth.TeamWrite, (*Server).deleteMember},
	{"POST", "/team/model/add", auth.Write, (*Server).addTeamModels},
	{"POST", "/team/model/delete", auth.Write, (*Server).deleteTeamModels},
	{"GET", "/team/permissions_list", auth.TeamRead, (*Server).listPermissions},
	{"POST", "/team/permissions_update", auth.TeamWrite, (*Server).updatePermissions},
	{"GET", "/team/available", auth.TeamRead, (*Server).availableTeams},

	{"POST", "/user/new", auth.Write, (*Server).createUser},
	{"GET", "/user/info", auth.Read, (*Server).infoOfUser},
	{"GET", "/user/list", auth.Read, (*Server).listUsers},
	{"POST", "/user/update", auth.Write, (*Server).updateUser},
	{"POST", "/user/delete", auth.Write, (*Server).deleteUsers},

	{"POST", "/admin_key/new", auth.Access, (*Server).createAdminKey},
	{"GET", "/admin_key/list", auth.Access, (*Server).listAdminKeys},
	{"POST", "/admin_key/delete", auth.Access, (*Server).deleteAdminKeys},

	{"POST", "/key/generate", auth.TeamWrite, (*Server).generateKey},
	{"POST", "/key/service-account/generate", auth.TeamWrite, (*Server).generateServiceKey},
	{"GET", "/key/info", auth.TeamRead, (*Server).keyInfo},
	{"POST", "/v2/key/info", auth.TeamRead, (*Server).keysInfo},
	{"GET", "/key/list", auth.TeamRead, (*Server).listKeys},
	{"GET", "/key/aliases", auth.Read, (*Server).listKeyAliases},
	{"POST", "/key/health", auth.TeamRead, (*Server).checkKeyHealth},
	{"POST", "/key/update", auth.TeamWrite, (*Server).updateKey},
	{"POST", "/key/bulk_update", auth.Write, (*Server).bulkUpdateKeys},
	{"POST", "/key/delete", auth.TeamWrite, (*Server).deleteKeys},
	{"POST", "/key/block", auth.TeamWrite, (*Server).blockKey},
	{"POST", "/key/unblock", auth.TeamWrite, (*Server).unblockKey},
	{"POST", "/key/rotate", auth.TeamWrite, (*Server).rotateKey},
	{"POST", "/key/regenerate", auth.TeamWrite, (*Server).rotateKey},
	{"POST", "/key/{key}/regenerate", auth.TeamWrite, (*Server).rotateKey},

	{"POST", "/budget/new", auth.Write, (*Server).createBudget},
	{"POST", "/budget/info", auth.Read, (*Server).budgetInfo},
	{"GET", "/budget/list", auth.Read, (*Server).listBudgets},
	{"GET", "/budget/settings", auth.Read, (*Server).budgetSettings},
	{"POST", "/budget/update", auth.Write, (*Server).updateBudget},
	{"POST", "/budget/delete", auth.Write, (*Server).deleteBudget},
	{"POST", "/budget/reset", auth.Write, (*Server).resetBudget},
	{"POST", "/team/{team_id}/reset_spend", auth.Write, (*Server).resetTeamSpend},
	{"POST", "/key/{key}/reset_spend", auth.Write, (*Server).resetKeySpend},

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

	{"GET", "/usage", auth.TeamRead, (*Server).usage},
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
	{"GET", "/team/daily/activity", auth.TeamRead, (*Server).teamActivity},
	{"GET", "/user/daily/activity", auth.Read, (*Server).userActivity},

	{"POST", "/quota/check", auth.Read, (*Server).checkQuota},

	{"GET", "/audit", auth.Read, (*Server).audits},
	{"GET", "/audit/verify", auth.Read, (*Server).verifyAudit},
	{"GET", "/audit/{id}", auth.Read, (*Server).audit},
}
