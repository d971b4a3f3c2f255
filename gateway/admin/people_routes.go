package admin

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// memberAdd is the body of POST /team/member_add.
type memberAdd struct {
	TeamID string `json:"team_id" required:"true"`
	// Member is one member or a list of them.
	Member any `json:"member" required:"true"`
	memberLimits
}

// readLimits are what binds members; left out, the team's limits for its members do.
type memberLimits struct {
	// MaxBudgetInTeam is in USD over BudgetDuration.
	MaxBudgetInTeam *money.Nano `json:"max_budget_in_team"`
	BudgetDuration  *string     `json:"budget_duration"`
	TPMLimit        *int64      `json:"tpm_limit"`
	RPMLimit        *int64      `json:"rpm_limit"`
}

// membersAdd is the body of POST /team/bulk_member_add.
type membersAdd struct {
	TeamID string `json:"team_id" required:"true"`
	// Members are at most 500. Not together with all_users.
	Members  []person `json:"members"`
	AllUsers bool     `json:"all_users"`
	memberLimits
}

// memberUpdate is the body of POST /team/member_update: what is left out is kept, what is null is as the
// team has it for its members.
type memberUpdate struct {
	TeamID string `json:"team_id" required:"true"`
	// UserID or UserEmail names the member.
	UserID    string `json:"user_id"`
	UserEmail string `json:"user_email"`
	api.MemberFields
}

// memberNamed is the body of POST /team/member_delete.
type memberNamed struct {
	TeamID string `json:"team_id" required:"true"`
	// UserID or UserEmail names the member.
	UserID    string `json:"user_id"`
	UserEmail string `json:"user_email"`
}

// teamModels is a body that names models of a team.
type teamModels struct {
	TeamID string   `json:"team_id" required:"true"`
	Models []string `json:"models" required:"true"`
}

// permissionsUpdate is the body of POST /team/permissions_update.
type permissionsUpdate struct {
	TeamID string `json:"team_id" required:"true"`
	// TeamMemberPermissions are routes; null is the default, an empty list none.
	TeamMemberPermissions *api.StringList `json:"team_member_permissions" required:"true"`
}

// userNew is the body of POST /user/new.
type userNew struct {
	// UserID is made when left out.
	UserID string `json:"user_id"`
	// AutoCreateKey false makes no key.
	AutoCreateKey bool `json:"auto_create_key"`
	// Teams to join: ids, or objects with team_id, max_budget_in_team and user_role.
	Teams []any `json:"teams"`
	api.UserFields
}

// userUpdate is the body of POST /user/update: what is left out is kept, what is null is cleared.
type userUpdate struct {
	// UserID names the user; without it user_email does.
	UserID string `json:"user_id"`
	api.UserFields
}

// usersNamed is a body that names users.
type usersNamed struct {
	UserIDs []string `json:"user_ids" required:"true"`
}

// adminKeyNew is the body of POST /admin_key/new.
type adminKeyNew struct {
	api.AdminKeyFields
	// Duration is how long the key lives, such as "30d"; nil or "-1" is for ever. Not together with expires.
	Duration string `json:"duration"`
}

// adminKeysNamed is a body that names admin keys.
type adminKeysNamed struct {
	AdminKeyIDs []string `json:"admin_key_ids" required:"true"`
}

// memberRoutes are the operations on the people, models and permissions of teams.
func (s *Server) memberRoutes() []route.Route {
	return []route.Route{
		route.Raw("POST /team/member_add", auth.TeamWrite, s.addMember, route.Spec{
			Tag: "team", Summary: "Put people into a team, all of them or none.", Body: memberAdd{}, Answer: memberAdded{}, Repeatable: true,
			Description: "Who is not known becomes a user. Limits bind what a member's keys in the team do together.",
			Errors:      route.Codes(api.NotFound, api.MemberExists),
			Scope:       route.TeamInBody,
		}),
		route.Raw("POST /team/bulk_member_add", auth.TeamWrite, s.addMembersEach, route.Spec{
			Tag: "team", Summary: "Put many people into a team, each by itself.", Body: membersAdd{}, Answer: membersAdded{},
			Description: "The answer says for each whether it went well.", Errors: route.Codes(api.NotFound),
			Scope: route.TeamInBody,
		}),
		route.Raw("POST /team/member_update", auth.TeamWrite, s.updateMember, route.Spec{
			Tag: "team", Summary: "Change a member's role and limits.", Body: memberUpdate{}, Answer: memberUpdated{}, Revised: true,
			Errors: route.Codes(api.NotFound),
			Scope:  route.TeamInBody,
		}),
		route.Raw("POST /team/member_delete", auth.TeamWrite, s.deleteMember, route.Spec{
			Tag: "team", Summary: "Take a member out of a team, with the keys the user has there.", Body: memberNamed{}, Answer: memberDeleted{},
			Errors: route.Codes(api.NotFound),
			Scope:  route.TeamInBody,
		}),
		route.Raw("POST /team/model/add", auth.Write, s.addTeamModels, route.Spec{
			Tag: "team", Summary: "Add models to the end of a team's list.", Body: teamModels{}, Answer: api.Team{}, Revised: true,
			Errors: route.Codes(api.NotFound, api.Conflict),
		}),
		route.Raw("POST /team/model/delete", auth.Write, s.deleteTeamModels, route.Spec{
			Tag: "team", Summary: "Take models off a team's list.", Body: teamModels{}, Answer: api.Team{}, Revised: true,
			Description: "A team that loses its last model may use none: an empty list would be all of them.",
			Errors:      route.Codes(api.NotFound, api.Conflict),
		}),
		route.Raw("GET /team/permissions_list", auth.TeamRead, s.listPermissions, route.Spec{
			Tag: "team", Summary: "Read what members may do with their own keys.", Answer: teamPermissions{},
			Query: []openapi.Parameter{{Name: "team_id", Required: true}}, Errors: route.Codes(api.NotFound),
			Scope: route.TeamInQuery,
		}),
		route.Raw("POST /team/permissions_update", auth.TeamWrite, s.updatePermissions, route.Spec{
			Tag: "team", Summary: "Change what members may do with their own keys.", Body: permissionsUpdate{}, Answer: api.Team{}, Revised: true,
			Errors: route.Codes(api.NotFound, api.Conflict),
			Scope:  route.TeamInBody,
		}),
		route.Raw("GET /team/available", auth.TeamRead, s.availableTeams, route.Spec{
			Tag: "team", Summary: "List the teams that anybody may join. There are none.", Answer: []api.Team{},
			Scope: route.Filtered,
		}),
	}
}

// userRoutes are the operations on users.
func (s *Server) userRoutes() []route.Route {
	return []route.Route{
		route.Raw("POST /user/new", auth.Write, s.createUser, route.Spec{
			Tag: "user", Summary: "Make a user and, unless auto_create_key is false, a key.", Body: userNew{}, Answer: userCreated{}, Repeatable: true,
			Errors: route.Codes(api.AlreadyExists, api.NotFound, api.Conflict),
		}),
		route.Raw("GET /user/info", auth.Read, s.infoOfUser, route.Spec{
			Tag: "user", Summary: "Read a user, the user's keys and teams.", Answer: userInfo{},
			Query: []openapi.Parameter{{Name: "user_id", Required: true}}, Errors: route.Codes(api.NotFound),
		}),
		route.Raw("GET /user/list", auth.Read, s.listUsers, route.Spec{
			Tag: "user", Summary: "List users by the page.", Answer: userPage{},
			Query: []openapi.Parameter{
				route.PageNumber, route.PageSize("page_size"), route.SortBy(userColumns), route.SortOrder,
				{Name: "role", Text: "Users with this user_role."},
				{Name: "user_ids", Text: "These users only, with commas between them."},
				{Name: "user_email", Text: "Users with this in their address, upper and lower case being the same."},
				{Name: "team", Text: "Members of this team."},
			},
		}),
		route.Raw("POST /user/update", auth.Write, s.updateUser, route.Spec{
			Tag: "user", Summary: "Change a user.", Body: userUpdate{}, Answer: userUpdated{}, Revised: true,
			Errors: route.Codes(api.NotFound, api.AlreadyExists),
		}),
		route.Raw("POST /user/delete", auth.Write, s.deleteUsers, route.Spec{
			Tag: "user", Summary: "Delete users with their keys and places in teams, all of them or none.", Body: usersNamed{}, Answer: 0,
			Description: "The answer is how many they were.", Errors: route.Codes(api.NotFound),
		}),
	}
}

// adminKeyRoutes are the operations on admin keys.
func (s *Server) adminKeyRoutes() []route.Route {
	return []route.Route{
		route.Raw("POST /admin_key/new", auth.Access, s.createAdminKey, route.Spec{
			Tag: "admin key", Summary: "Make a key of the admin API with a role.", Body: adminKeyNew{}, Answer: api.AdminKeyCreated{}, Repeatable: true,
			Description: "The answer is the only one that shows the secret.",
		}),
		route.Raw("GET /admin_key/list", auth.Access, s.listAdminKeys, route.Spec{
			Tag: "admin key", Summary: "List the admin keys.", Answer: adminKeyList{},
			Description: "The key that the gateway is started with is none of them.",
		}),
		route.Raw("POST /admin_key/delete", auth.Access, s.deleteAdminKeys, route.Spec{
			Tag: "admin key", Summary: "Delete admin keys, all of them or none.", Body: adminKeysNamed{}, Answer: adminKeysDeleted{},
			Errors: route.Codes(api.NotFound),
		}),
	}
}
