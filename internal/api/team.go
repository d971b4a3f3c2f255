package api

// Team is a group of keys that shares limits and a budget.
type Team struct {
	TeamID string `json:"team_id"`
	TeamFields
	// MembersWithRoles are the team's members, those who came first at the front. They are answered, and
	// accepted when the team is made.
	MembersWithRoles MemberRoles `json:"members_with_roles"`
	BudgetState
	Record
	// DeclaredIn names the file that declares the team; empty when it was made through the API.
	DeclaredIn string `json:"declared_in,omitempty"`
}

// TeamFields are the parts of a team that its owner may set.
type TeamFields struct {
	TeamAlias *string `json:"team_alias"`
	// Models are the names the team may ask for; empty is every model.
	// "no-default-models" allows none, "all-proxy-models" all.
	Models StringList `json:"models"`
	RateLimits
	TempRates
	ModelRateLimits
	// MinOutputTokens is the least that a request without an output cap gets where limits have room; nil is what the
	// model or the gateway has.
	MinOutputTokens *int64 `json:"min_output_tokens"`
	BudgetTerms
	// AlertThresholds are shares of the team's cap at which people are told, ascending, such as [0.5, 0.8, 1]; nil is what BudgetID
	// has. Those of alert routes come on top.
	AlertThresholds []float64 `json:"alert_thresholds"`
	Enforcement
	MemberDefaults
	// BudgetID names a budget whose terms the team takes, with a counter of its own.
	BudgetID *string  `json:"budget_id"`
	Metadata Metadata `json:"metadata"`
	Blocked  bool     `json:"blocked"`
}

// NewTeam returns a team with the defaults of a create.
func NewTeam(id string) Team {
	return Team{TeamID: id, TeamFields: TeamFields{BudgetTerms: BudgetTerms{HardCap: true}}}
}

// Member is a user or a key of a team, as LiteLLM's documentation shows it.
type Member struct {
	UserID    *string `json:"user_id"`
	UserEmail *string `json:"user_email"`
	Role      string  `json:"role"`
	// Key is the masked secret ("sk-...abcd"), empty for a member without a key.
	Key      string  `json:"key,omitempty"`
	KeyID    string  `json:"key_id,omitempty"`
	KeyAlias *string `json:"key_alias,omitempty"`
}

// TeamInfo is the answer of GET /team/info: the team's fields at the top level,
// where Bursar's and Mintlify's documentation put them, and under team_info, where LiteLLM does.
type TeamInfo struct {
	Team
	TeamInfo        Team             `json:"team_info"`
	Keys            []Key            `json:"keys"`
	Members         []Member         `json:"members"`
	TeamMemberships []TeamMembership `json:"team_memberships"`
	// LimitsInForce are the team's rate limits, with those that its budget or rate_limits.default of the configuration
	// gives a team which has none of its own.
	LimitsInForce RateLimits `json:"limits_in_force"`
}

// Validate says whether the team can be stored; the error names the field.
func (t Team) Validate() error {
	v := newValidation()
	v.id("team_id", t.TeamID)
	v.alias("team_alias", t.TeamAlias)
	v.modelList("models", t.Models)
	v.rateLimits(t.RateLimits)
	v.modelRateLimits(t.ModelRateLimits)
	v.minOutputTokens(t.MinOutputTokens)
	v.budgetTerms(t.BudgetTerms, t.BudgetID)
	v.temporaryRates(t.TempRates)
	v.thresholds("alert_thresholds", t.AlertThresholds)
	if len(t.AlertThresholds) > 0 && t.MaxBudget == nil && t.BudgetID == nil {
		v.fail("alert_thresholds", "need max_budget or budget_id: they are shares of the team's cap")
	}
	v.enforcement(t.Enforcement)
	v.memberDefaults(t.MemberDefaults)
	v.optionalID("budget_id", t.BudgetID)
	if t.BudgetID != nil && t.MaxBudget != nil {
		v.fail("max_budget", "cannot be set together with budget_id: the budget brings its own terms")
	}
	v.metadata(t.Metadata)
	return v.err()
}
