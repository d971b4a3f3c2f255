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
	// ModelSpend is what keys spent by model lately, for caps of single models; nil where that is not known.
	ModelSpend []modelSpend
	// Days are what keys used of models, day by day.
	Days []dayUse
	// Calls and CallSpend are the history of single calls, which stays where it is.
	Calls     int64
	CallSpend amount
	// Others are rows of kinds that have no counterpart, by kind.
	Others map[string]int
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
}

type budget struct {
	BudgetID string `json:"budget_id"`
	limits
}

type model struct {
	ModelID string `json:"model_id"`
	Name    string `json:"model_name"`
	Params  object `json:"litellm_params"`
	Info    object `json:"model_info"`
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

// modelSpend is what a key spent on a model on a day.
type modelSpend struct {
	Key   string `json:"api_key"`
	Model string `json:"model_group"`
	Day   moment `json:"day"`
	Spend amount `json:"spend"`
}
