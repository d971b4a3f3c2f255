package api

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Roles of a member in a team.
const (
	// MemberUser uses the team's models.
	MemberUser = "user"
	// MemberAdmin manages the keys and members of the team as well.
	MemberAdmin = "admin"
)

// Membership is a user's place in a team. Its limits bind what the user's keys in the team do together.
type Membership struct {
	TeamID string `json:"team_id"`
	UserID string `json:"user_id"`
	// UserEmail is the user's; it is answered, never changed here.
	UserEmail *string `json:"user_email"`
	MemberFields
	BudgetState
	Record
	// JoinedByTeam says that a team's admin, not the platform's, made somebody a member who was a user before: keys
	// that are made for them there do not count against their own budget. It is kept, and never answered.
	JoinedByTeam bool `json:"-"`
	// EmailTold says that they were named by their address. Of others who joined so, the address is not shown to the team.
	EmailTold bool `json:"-"`
}

// MemberFields are the parts of a membership that may be set. What is nil is as the team has it
// for its members, see [MemberDefaults].
type MemberFields struct {
	Role string `json:"role" default:"\"user\""`
	// MaxBudgetInTeam is the cap in USD of what the member spends in the team.
	MaxBudgetInTeam *money.Nano `json:"max_budget_in_team"`
	// BudgetDuration is the period of that cap, such as "30d".
	BudgetDuration *string `json:"budget_duration"`
	// TPMLimit and RPMLimit are in tokens and requests in any 60 seconds.
	TPMLimit *int64 `json:"tpm_limit"`
	RPMLimit *int64 `json:"rpm_limit"`
	TempBudget
	TempRates
}

// MemberDefaults are what a team has for members without limits of their own.
type MemberDefaults struct {
	// TeamMemberBudget is in USD for each member, over TeamMemberBudgetDuration.
	TeamMemberBudget         *money.Nano `json:"team_member_budget,omitempty"`
	TeamMemberBudgetDuration *string     `json:"team_member_budget_duration,omitempty"`
	TeamMemberRPMLimit       *int64      `json:"team_member_rpm_limit,omitempty"`
	TeamMemberTPMLimit       *int64      `json:"team_member_tpm_limit,omitempty"`
	// TeamMemberPermissions are the admin routes that members may use for their own keys;
	// nil is [DefaultMemberPermissions], an empty list none.
	TeamMemberPermissions *StringList `json:"team_member_permissions,omitempty"`
}

// DefaultMemberPermissions are the admin routes that members may use unless their team says otherwise.
var DefaultMemberPermissions = StringList{"/key/info", "/key/health"}

// MemberRoutes are the admin routes that a team may let its members use, for their own keys.
var MemberRoutes = []string{
	"/key/info", "/key/health", "/key/generate", "/key/update", "/key/delete", "/key/regenerate", "/key/rotate", "/key/list",
}

// Permissions returns the admin routes that the team's members may use.
func (d MemberDefaults) Permissions() StringList {
	if d.TeamMemberPermissions == nil {
		return DefaultMemberPermissions
	}
	return *d.TeamMemberPermissions
}

// NewMembership returns a membership with the defaults of a create.
func NewMembership(teamID, userID string) Membership {
	return Membership{TeamID: teamID, UserID: userID, MemberFields: MemberFields{Role: MemberUser}}
}

// Terms returns the budget that binds the member, with what the team has for its members filled in.
func (m Membership) Terms(defaults MemberDefaults) BudgetTerms {
	terms := BudgetTerms{MaxBudget: m.MaxBudgetInTeam, BudgetDuration: m.BudgetDuration, HardCap: true, TempBudget: m.TempBudget}
	if terms.MaxBudget == nil {
		terms.MaxBudget = defaults.TeamMemberBudget
	}
	if terms.BudgetDuration == nil {
		terms.BudgetDuration = defaults.TeamMemberBudgetDuration
	}
	return terms
}

// Limits returns the rate limits that bind the member, with the team's for its members filled in.
func (m Membership) Limits(defaults MemberDefaults) RateLimits {
	limits := RateLimits{RPMLimit: m.RPMLimit, TPMLimit: m.TPMLimit}
	if limits.RPMLimit == nil {
		limits.RPMLimit = defaults.TeamMemberRPMLimit
	}
	if limits.TPMLimit == nil {
		limits.TPMLimit = defaults.TeamMemberTPMLimit
	}
	return limits
}

// Validate says whether the membership can be stored; the error names the field.
func (m Membership) Validate() error {
	v := newValidation()
	v.id("team_id", m.TeamID)
	v.id("user_id", m.UserID)
	if m.Role != MemberUser && m.Role != MemberAdmin {
		v.fail("role", "%q is no role in a team; it must be %s or %s", m.Role, MemberUser, MemberAdmin)
	}
	v.amount("max_budget_in_team", m.MaxBudgetInTeam)
	v.duration("budget_duration", m.BudgetDuration)
	v.rate("tpm_limit", m.TPMLimit)
	v.rate("rpm_limit", m.RPMLimit)
	v.temporaryBudget(m.TempBudget, m.MaxBudgetInTeam, true) // the team may have a cap for its members
	v.temporaryRates(m.TempRates)
	return v.err()
}

func (v *validation) memberDefaults(d MemberDefaults) {
	v.amount("team_member_budget", d.TeamMemberBudget)
	v.duration("team_member_budget_duration", d.TeamMemberBudgetDuration)
	v.rate("team_member_rpm_limit", d.TeamMemberRPMLimit)
	v.rate("team_member_tpm_limit", d.TeamMemberTPMLimit)
	if d.TeamMemberPermissions == nil {
		return
	}
	v.names("team_member_permissions", *d.TeamMemberPermissions)
	for _, route := range *d.TeamMemberPermissions {
		if !slices.Contains(MemberRoutes, route) {
			v.fail("team_member_permissions", "holds %q, which members cannot be permitted; they can: %s", route, strings.Join(MemberRoutes, ", "))
		}
	}
}

func (v *validation) duration(field string, value *string) {
	if value == nil {
		return
	}
	if _, err := ParseSpan(*value); err != nil {
		v.fail(field, "%s", err)
	}
}

// MemberRole is a member as LiteLLM names one in members_with_roles.
type MemberRole struct {
	Role      string  `json:"role"`
	UserID    string  `json:"user_id"`
	UserEmail *string `json:"user_email"`
}

// MemberRoles are a team's members. Written as [] when there are none.
type MemberRoles []MemberRole

// MarshalJSON writes the list, [] when nil.
func (m MemberRoles) MarshalJSON() ([]byte, error) {
	if m == nil {
		return []byte("[]"), nil
	}
	return json.Marshal([]MemberRole(m))
}

// TeamMembership is a membership as LiteLLM shows it in GET /team/info: with its limits as a budget, too.
type TeamMembership struct {
	Membership
	// BudgetID is always nil: a member's budget belongs to nobody else and has no name.
	BudgetID *string `json:"budget_id"`
	// LiteLLMBudgetTable is what binds the member, the team's defaults included; nil when nothing does.
	LiteLLMBudgetTable *MemberBudget `json:"litellm_budget_table"`
}

// MemberBudget is what binds a member, in LiteLLM's names.
type MemberBudget struct {
	BudgetID            *string        `json:"budget_id"`
	MaxBudget           *money.Nano    `json:"max_budget"`
	SoftBudget          *money.Nano    `json:"soft_budget"`
	MaxParallelRequests *int64         `json:"max_parallel_requests"`
	TPMLimit            *int64         `json:"tpm_limit"`
	RPMLimit            *int64         `json:"rpm_limit"`
	ModelMaxBudget      map[string]any `json:"model_max_budget"`
	BudgetDuration      *string        `json:"budget_duration"`
}

// NewTeamMembership shows a membership with what binds it.
func NewTeamMembership(member Membership, defaults MemberDefaults) TeamMembership {
	shown := TeamMembership{Membership: member}
	terms, limits := member.Terms(defaults), member.Limits(defaults)
	if terms.MaxBudget != nil || limits.RPMLimit != nil || limits.TPMLimit != nil {
		shown.LiteLLMBudgetTable = &MemberBudget{
			MaxBudget: terms.MaxBudget, BudgetDuration: terms.BudgetDuration, RPMLimit: limits.RPMLimit, TPMLimit: limits.TPMLimit,
		}
	}
	return shown
}
