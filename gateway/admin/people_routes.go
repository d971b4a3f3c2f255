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
	Member oneOrMore `json:"member" required:"{\"role\": \"user\", \"user_id\": …} or a list of such"`
	memberLimits
}

// memberLimits are what binds members; left out, the team's limits for its members do.
type memberLimits struct {
	// MaxBudgetInTeam is in USD over BudgetDuration.
	MaxBudgetInTeam *money.Nano `json:"max_budget_in_team"`
	BudgetDuration  *string     `json:"budget_duration"`
	TPMLimit        *int64      `json:"tpm_limit"`
	RPMLimit        *int64      `json:"rpm_limit"`
	api.TempBudget
	api.TempRates
}

// membersAdd is the body of POST /team/bulk_member_add.
type membersAdd struct {
	TeamID string `json:"team_id" required:"true"`
	// Members are at most 500. Not together with all_users.
	Members  people `json:"members"`
	AllUsers bool   `json:"all_users"`
	memberLimits
}

// memberUpdate is the body of POST /team/member_update: what is left out is kept, what is null is as the
// team has it for its members.
type memberUpdate struct {
	TeamID string `json:"team_id" required:"true"`
	namedPerson
	route.Fields[api.MemberFields]
}

// memberNamed is the body of POST /team/member_delete.
type memberNamed struct {
	TeamID string `json:"team_id" required:"true"`
	namedPerson
}

// namedPerson is a member of a team.
type namedPerson struct {
	// UserID or UserEmail names the member.
	UserID    string `json:"user_id"`
	UserEmail string `json:"user_email"`
}

// teamModels is a body that names models of a team.
type teamModels struct {
	TeamID string    `json:"team_id" required:"true"`
	Models route.IDs `json:"models" required:"a list of models"`
}

// permissionsUpdate is the body of POST /team/permissions_update.
type permissionsUpdate struct {
	TeamID string `json:"team_id" required:"true"`
	// TeamMemberPermissions are routes; null is the default, an empty list none.
	TeamMemberPermissions *api.StringList `json:"team_member_permissions" required:"a list of routes; null is the default, [] is none"`
}

// userNew is the body of POST /user/new.
type userNew struct {
	// UserID is made when left out.
	UserID string `json:"user_id"`
	// AutoCreateKey false makes no key.
	AutoCreateKey *bool `json:"auto_create_key"`
	// Teams to join: ids, or objects with team_id, max_budget_in_team and user_role.
	Teams []userPlace `json:"teams"`
	route.Fields[api.UserFields]
}

// userUpdate is the body of POST /user/update: what is left out is kept, what is null is cleared.
type userUpdate struct {
	// UserID names the user; without it user_email does.
	UserID string `json:"user_id"`
	route.Fields[api.UserFields]
}

// userAsked names one user in the address.
type userAsked struct {
	UserID string `query:"user_id" required:"true"`
}

// usersWanted is a page of the users that are selected.
type usersWanted struct {
	Order userOrder
	// Users with this user_role.
	Role string `query:"role"`
	// These users only, with commas between them.
	UserIDs []string `query:"user_ids"`
	// Users with this in their address, upper and lower case being the same.
	UserEmail string `query:"user_email"`
	// Members of this team.
	Team string `query:"team"`
}

// userOrder is a page of users in an order.
type userOrder struct{ route.Page }

// ReadQuery reads the page from the address.
func (o *userOrder) ReadQuery(c *route.Call) (err error) {
	o.Page, err = c.Page("page_size", userColumns)
	return err
}

// Parameters implements [openapi.Asking].
func (*userOrder) Parameters() []openapi.Parameter {
	return []openapi.Parameter{route.PageNumber, route.PageSize("page_size"), route.SortBy(userColumns), route.SortOrder}
}

// usersNamed is a body that names users.
type usersNamed struct {
	UserIDs route.IDs `json:"user_ids" required:"a list of the users to delete"`
}

// adminKeyNew is the body of POST /admin_key/new.
type adminKeyNew struct {
	route.Fields[api.AdminKeyFields]
	// Key is a secret of the caller's own choice; empty lets the gateway make one.
	Key string `json:"key"`
	// Duration is how long the key lives, such as "30d"; nil or "-1" is for ever. Not together with expires.
	Duration lifetime `json:"duration"`
}

// adminKeyUpdate is the body of POST /admin_key/update: what is left out is kept, what is null is cleared.
type adminKeyUpdate struct {
	AdminKeyID string `json:"admin_key_id" required:"true"`
	// Duration is how long the key lives from now, such as "30d"; nil or "-1" is for ever. Not together with expires.
	Duration lifetime `json:"duration"`
	route.Fields[api.AdminKeyFields]
}

// adminKeyRotation is the body of POST /admin_key/rotate.
type adminKeyRotation struct {
	AdminKeyID string `json:"admin_key_id" required:"true"`
	// NewKey is a secret of the caller's own choice; without it one is made.
	NewKey string `json:"new_key"`
	// GracePeriod is how long the old secret works on, such as "24h", at most 90 days; without it, it stops at once.
	GracePeriod string `json:"grace_period"`
}

// adminKeyAsked names one admin key in the address.
type adminKeyAsked struct {
	AdminKeyID string `query:"admin_key_id" required:"true"`
}

// adminKeysNamed is a body that names admin keys.
type adminKeysNamed struct {
	AdminKeyIDs route.IDs `json:"admin_key_ids" required:"a list of the admin keys to delete"`
}

// memberRoutes are the operations on the people, models and permissions of teams.
func (s *Server) memberRoutes() []route.Route {
	return []route.Route{
		route.New("POST /team/member_add", auth.TeamWrite, s.addMember, route.Spec{
			Tag: "team", Summary: "Put people into a team, all of them or none.", Repeatable: true, Rehearsed: true,
			Description: "Who is not known becomes a user. Limits bind what a member's keys in the team do together.",
			Errors:      route.Codes(api.NotFound, api.MemberExists),
			Scope:       route.TeamInBody,
		}),
		route.New("POST /team/bulk_member_add", auth.TeamWrite, s.addMembersEach, route.Spec{
			Tag: "team", Summary: "Put many people into a team, each by itself.",
			Description: "The answer says for each whether it went well.", Errors: route.Codes(api.NotFound),
			Scope: route.TeamInBody,
		}),
		route.New("POST /team/member_update", auth.TeamWrite, s.updateMember, route.Spec{
			Tag: "team", Summary: "Change a member's role and limits.", Revised: true, Rehearsed: true,
			Errors: route.Codes(api.NotFound),
			Scope:  route.TeamInBody,
		}),
		route.New("POST /team/member_delete", auth.TeamWrite, s.deleteMember, route.Spec{
			Tag: "team", Summary: "Take a member out of a team, with the keys the user has there.", Rehearsed: true,
			Errors: route.Codes(api.NotFound),
			Scope:  route.TeamInBody,
		}),
		route.New("POST /team/model/add", auth.Write, s.addTeamModels, route.Spec{
			Tag: "team", Summary: "Add models to the end of a team's list.", Revised: true,
			Errors: route.Codes(api.NotFound, api.Conflict),
		}),
		route.New("POST /team/model/delete", auth.Write, s.deleteTeamModels, route.Spec{
			Tag: "team", Summary: "Take models off a team's list.", Revised: true,
			Description: "A team that loses its last model may use none: an empty list would be all of them.",
			Errors:      route.Codes(api.NotFound, api.Conflict),
		}),
		route.New("GET /team/permissions_list", auth.TeamRead, s.listPermissions, route.Spec{
			Tag: "team", Summary: "Read what members may do with their own keys.",
			Errors: route.Codes(api.NotFound),
			Scope:  route.TeamInQuery,
		}),
		route.New("POST /team/permissions_update", auth.TeamWrite, s.updatePermissions, route.Spec{
			Tag: "team", Summary: "Change what members may do with their own keys.", Revised: true,
			Errors: route.Codes(api.NotFound, api.Conflict),
			Scope:  route.TeamInBody,
		}),
		route.New("GET /team/available", auth.TeamRead, s.availableTeams, route.Spec{
			Tag: "team", Summary: "List the teams that anybody may join. There are none.",
			Scope: route.Filtered,
		}),
	}
}

// userRoutes are the operations on users.
func (s *Server) userRoutes() []route.Route {
	return []route.Route{
		route.New("POST /user/new", auth.Write, s.createUser, route.Spec{
			Tag: "user", Summary: "Make a user and, unless auto_create_key is false, a key.", Repeatable: true, Rehearsed: true,
			Errors: route.Codes(api.AlreadyExists, api.NotFound, api.Conflict),
		}),
		route.New("GET /user/info", auth.Read, s.infoOfUser, route.Spec{
			Tag: "user", Summary: "Read a user, the user's keys and teams.",
			Errors: route.Codes(api.NotFound),
		}),
		route.New("GET /user/list", auth.Read, s.listUsers, route.Spec{
			Tag: "user", Summary: "List users by the page.",
		}),
		route.New("POST /user/update", auth.Write, s.updateUser, route.Spec{
			Tag: "user", Summary: "Change a user.", Revised: true, Rehearsed: true,
			Errors: route.Codes(api.NotFound, api.AlreadyExists),
		}),
		route.New("POST /user/delete", auth.Write, s.deleteUsers, route.Spec{
			Tag: "user", Summary: "Delete users with their keys and places in teams, all of them or none.", Rehearsed: true,
			Description: "The answer is how many they were.", Errors: route.Codes(api.NotFound),
		}),
	}
}

// adminKeyRoutes are the operations on admin keys.
func (s *Server) adminKeyRoutes() []route.Route {
	return []route.Route{
		route.New("POST /admin_key/new", auth.Access, s.createAdminKey, route.Spec{
			Tag: "admin key", Closed: true, Summary: "Make a key of the admin API with a role.", Repeatable: true,
			Description: "The answer is the only one that shows the secret.",
			Errors:      route.Codes(api.AlreadyExists),
		}),
		route.New("GET /admin_key/info", auth.Read, s.infoOfAdminKey, route.Spec{
			Tag: "admin key", Closed: true, Summary: "Read an admin key.", Errors: route.Codes(api.NotFound),
		}),
		route.New("POST /admin_key/update", auth.Access, s.updateAdminKey, route.Spec{
			Tag: "admin key", Closed: true, Summary: "Change what an admin key may do, its alias and its end.", Revised: true,
			Description: "What is left out is kept, what is null is cleared. The secret stays.",
			Errors:      route.Codes(api.NotFound),
		}),
		route.New("POST /admin_key/rotate", auth.Access, s.rotateAdminKey, route.Spec{
			Tag: "admin key", Closed: true, Summary: "Give an admin key a new secret.", Revised: true, Repeatable: true,
			Description: "The key keeps its id and role. The answer is the only one that shows the secret. The secret that it had works on for `grace_period`, one from before that no more.",
			Errors:      route.Codes(api.NotFound, api.AlreadyExists),
		}),
		route.New("GET /admin_key/list", auth.Access, s.listAdminKeys, route.Spec{
			Tag: "admin key", Closed: true, Summary: "List the admin keys.",
			Description: "The key that the gateway is started with is none of them.",
		}),
		route.New("POST /admin_key/delete", auth.Access, s.deleteAdminKeys, route.Spec{
			Tag: "admin key", Closed: true, Summary: "Delete admin keys, all of them or none.",
			Errors: route.Codes(api.NotFound),
		}),
	}
}
