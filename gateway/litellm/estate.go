package litellm

import "encoding/json"

// Estate is what a LiteLLM proxy knows, as it says it.
type Estate struct {
	Teams         []team
	Users         []user
	Keys          []key
	Memberships   []membership
	Budgets       []budget
	Models        []model
	Organizations []organization
	Projects      []project
	// ModelSpend is what keys spent by model lately, for caps of single models; nil where that is not known.
	ModelSpend []modelSpend
	// Days are what keys used of models, day by day.
	Days []dayUse
	// Calls and CallSpend are the history of single calls, which stays where it is.
	Calls     int64
	CallSpend amount
	// The rest has no counterpart here, and is told.
	EndUsers            []endUser
	Tags                []tag
	OrganizationMembers []organizationMember
	OldSecrets          []oldSecret
	JWTMappings         []jwtMapping
	// Unsaid are kinds that LiteLLM's API does not tell, with its answer.
	Unsaid map[string]string
}

// limits are the columns that most tables have.
type limits struct {
	MaxBudget           amount  `json:"max_budget"`
	SoftBudget          amount  `json:"soft_budget"`
	BudgetDuration      *string `json:"budget_duration"`
	BudgetResetAt       moment  `json:"budget_reset_at"`
	MaxParallelRequests count   `json:"max_parallel_requests"`
	TPMLimit            count   `json:"tpm_limit"`
	RPMLimit            count   `json:"rpm_limit"`
	ModelMaxBudget      object  `json:"model_max_budget"`
}

type team struct {
	TeamID         string          `json:"team_id"`
	TeamAlias      *string         `json:"team_alias"`
	OrganizationID *string         `json:"organization_id"`
	Members        json.RawMessage `json:"members_with_roles"`
	Metadata       object          `json:"metadata"`
	Models         list            `json:"models"`
	Blocked        bool            `json:"blocked"`
	Spend          amount          `json:"spend"`
	Permissions    *list           `json:"team_member_permissions"`
	BudgetLimits   json.RawMessage `json:"budget_limits"`
	RouterSettings object          `json:"router_settings"`
	ModelTable     *struct {
		Aliases object `json:"model_aliases"`
	} `json:"litellm_model_table"`
	ModelID count `json:"model_id"`
	limits
	bounds
	Memberships []membership `json:"team_memberships"`
	Keys        []key        `json:"keys"`
}

type teamMember struct {
	UserID    *string `json:"user_id"`
	UserEmail *string `json:"user_email"`
	Role      string  `json:"role"`
}

// members are the team's; the column's default is an object, which is none.
func (t team) members() []teamMember {
	var members []teamMember
	_ = json.Unmarshal(unquoted(t.Members), &members)
	return members
}

type membership struct {
	UserID   string  `json:"user_id"`
	TeamID   string  `json:"team_id"`
	BudgetID *string `json:"budget_id"`
	Spend    amount  `json:"spend"`
}

type user struct {
	UserID    string  `json:"user_id"`
	UserEmail *string `json:"user_email"`
	UserAlias *string `json:"user_alias"`
	UserRole  *string `json:"user_role"`
	Metadata  object  `json:"metadata"`
	Models    list    `json:"models"`
	Spend     amount  `json:"spend"`
	limits
	bounds
}

type key struct {
	Token          string          `json:"token"`
	KeyName        *string         `json:"key_name"`
	KeyAlias       *string         `json:"key_alias"`
	TeamID         *string         `json:"team_id"`
	UserID         *string         `json:"user_id"`
	OrganizationID *string         `json:"organization_id"`
	ProjectID      *string         `json:"project_id"`
	BudgetID       *string         `json:"budget_id"`
	Expires        moment          `json:"expires"`
	Models         list            `json:"models"`
	Metadata       object          `json:"metadata"`
	Blocked        *bool           `json:"blocked"`
	Spend          amount          `json:"spend"`
	Aliases        object          `json:"aliases"`
	Permissions    object          `json:"permissions"`
	AllowedRoutes  list            `json:"allowed_routes"`
	BudgetLimits   json.RawMessage `json:"budget_limits"`
	AutoRotate     bool            `json:"auto_rotate"`
	limits
	bounds
}

// bounds are columns that say what a team, a user or a key may use, by other means than a list of models.
type bounds struct {
	AccessGroups       list   `json:"access_group_ids"`
	Policies           list   `json:"policies"`
	ObjectPermissionID string `json:"object_permission_id"`
	BudgetFallbacks    object `json:"budget_fallbacks"`
}

type budget struct {
	BudgetID      string `json:"budget_id"`
	AllowedModels list   `json:"allowed_models"`
	limits
}

type model struct {
	ModelID string `json:"model_id"`
	Name    string `json:"model_name"`
	Params  object `json:"litellm_params"`
	Info    object `json:"model_info"`
	Blocked bool   `json:"blocked"`
	// opened are the parameters that were sealed.
	opened map[string]bool
}

type organization struct {
	OrganizationID    string  `json:"organization_id"`
	OrganizationAlias *string `json:"organization_alias"`
	BudgetID          *string `json:"budget_id"`
	Models            list    `json:"models"`
	Spend             amount  `json:"spend"`
}

// project stands between a team and its keys.
type project struct {
	ProjectID     string  `json:"project_id"`
	ProjectAlias  *string `json:"project_alias"`
	BudgetID      *string `json:"budget_id"`
	Models        list    `json:"models"`
	Spend         amount  `json:"spend"`
	ModelRPMLimit object  `json:"model_rpm_limit"`
	ModelTPMLimit object  `json:"model_tpm_limit"`
	Blocked       bool    `json:"blocked"`
	// Budget is what the API tells with it.
	Budget *budget `json:"litellm_budget_table"`
}

// endUser is a customer, whom calls name in user.
type endUser struct {
	UserID   string  `json:"user_id"`
	BudgetID *string `json:"budget_id"`
	Blocked  bool    `json:"blocked"`
	Budget   *budget `json:"litellm_budget_table"`
}

type tag struct {
	// Name is the column's, APIName what the API calls it.
	Name     string  `json:"tag_name"`
	APIName  string  `json:"name"`
	BudgetID *string `json:"budget_id"`
	Budget   *budget `json:"litellm_budget_table"`
}

type organizationMember struct {
	UserID         string  `json:"user_id"`
	OrganizationID string  `json:"organization_id"`
	BudgetID       *string `json:"budget_id"`
}

// oldSecret opens a key that was rotated until its grace ends.
type oldSecret struct {
	ActiveToken string `json:"active_token_id"`
	RevokeAt    moment `json:"revoke_at"`
}

// jwtMapping lets who comes with a token of an identity provider use a key.
type jwtMapping struct {
	Claim string `json:"jwt_claim_name"`
	Value string `json:"jwt_claim_value"`
	Token string `json:"token"`
}

// modelSpend is what a key spent on a model on a day.
type modelSpend struct {
	Key   string `json:"api_key"`
	Model string `json:"model_group"`
	Day   moment `json:"day"`
	Spend amount `json:"spend"`
}
