package api

import (
	"encoding/json"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// QuotaChange is a change that is only asked about: a route that changes teams, keys, budgets, members, users or models, and the
// body that it would be sent.
type QuotaChange struct {
	// Route is the path, such as "/team/update".
	Route string          `json:"route"`
	Body  json.RawMessage `json:"body"`
}

// QuotaCheck is the answer of POST /quota/check: what a set of changes would do. Nothing has been changed.
type QuotaCheck struct {
	// OK says that every change would be taken.
	OK bool `json:"ok"`
	// Changes are the changes asked about, in their order, up to the first that would be refused.
	Changes []QuotaVerdict `json:"changes"`
	// Teams are those that the changes concern.
	Teams []TeamEffect `json:"teams"`
	// Budgets are the pots that would be made, changed or deleted.
	Budgets []BudgetEffect `json:"budgets"`
	// Keys are those that are changed, with what they are by terms of their own; their teams' are told with the teams.
	Keys []KeyEffect `json:"keys"`
	// Members are places in teams that would be made, changed or given up, Users are users, and Models deployments.
	Members []MemberEffect `json:"members"`
	Users   []UserEffect   `json:"users"`
	Models  []ModelEffect  `json:"models"`
	// UnservedModels are names that the changes add to what teams, keys and pots are for, and that no enabled model has.
	UnservedModels StringList `json:"unserved_models"`
	// MoreTeams is how many more teams are concerned than are listed.
	MoreTeams int `json:"more_teams"`
}

// QuotaVerdict says whether a change would be taken.
type QuotaVerdict struct {
	Route string `json:"route"`
	OK    bool   `json:"ok"`
	// Error is what the route would refuse the change with; null when it would take it.
	Error *ErrorDetail `json:"error"`
}

// TeamEffect is what changes would do to a team.
type TeamEffect struct {
	TeamID    string  `json:"team_id"`
	TeamAlias *string `json:"team_alias"`
	// Old and New are the terms in force before and after, with those of a named budget and the gateway's
	// defaults filled in. Old is null for a team that would be made, New for one that would be deleted.
	Old *TeamTerms `json:"old"`
	New *TeamTerms `json:"new"`
	// Used is what the team has used now, PeakLastDay its busiest minute of the last 24 hours.
	Used        TeamUse `json:"used"`
	PeakLastDay Peak    `json:"peak_last_day"`
	// Refused says whether the team's requests would be refused as soon as the changes are in force, and RefusedNow
	// whether they are already. RefusedBecause says why they would be.
	Refused        bool       `json:"refused"`
	RefusedNow     bool       `json:"refused_now"`
	RefusedBecause StringList `json:"refused_because"`
	// WouldRefuseBecause says which limits that are only watched would refuse every request.
	WouldRefuseBecause StringList `json:"would_refuse_because,omitempty"`
	// Throttled says whether the traffic of this minute, or of the busiest one, would be over a rate limit.
	Throttled        bool       `json:"throttled"`
	ThrottledBecause StringList `json:"throttled_because"`
	// Pots are the shared budgets that the team's requests would be charged to.
	Pots StringList `json:"pots"`
	// NarrowedKeys are keys whose own limits would be wider than the team's, and so without effect.
	NarrowedKeys []NarrowedKey `json:"narrowed_keys"`
}

// TeamTerms are the terms in force for a team.
type TeamTerms struct {
	RateLimits
	Models         StringList  `json:"models"`
	MaxBudget      *money.Nano `json:"max_budget"`
	SoftBudget     *money.Nano `json:"soft_budget"`
	HardCap        bool        `json:"hard_cap"`
	BudgetDuration *string     `json:"budget_duration"`
	BudgetID       *string     `json:"budget_id"`
	Blocked        bool        `json:"blocked"`
	// Watched says that limits refuse nobody yet, EnforceFrom from when they do; null is never.
	Watched     bool       `json:"watched"`
	EnforceFrom *time.Time `json:"enforce_from,omitempty"`
}

// TeamUse is what a team has used.
type TeamUse struct {
	// Spend is that of the running period under the new terms, in USD; BudgetResetAt is when that ends.
	Spend         money.Nano `json:"spend"`
	BudgetResetAt *time.Time `json:"budget_reset_at"`
	// RPM and TPM are the requests and tokens of the last 60 seconds, as far as a limit makes the gateway count them.
	RPM int64 `json:"rpm"`
	TPM int64 `json:"tpm"`
}

// NarrowedKey is a key that would get less than its own limit says.
type NarrowedKey struct {
	KeyID    string  `json:"key_id"`
	KeyAlias *string `json:"key_alias"`
	// Why names the limit, the key's and the team's.
	Why string `json:"why"`
}

// KeyEffect is what changes would do to a key that there is.
type KeyEffect struct {
	KeyID    string  `json:"key_id"`
	KeyAlias *string `json:"key_alias"`
	// MaxBudget is the key's own cap after the changes, nil without one; Spend is what the key has spent in the running
	// period under the new terms, both in USD.
	MaxBudget *money.Nano `json:"max_budget"`
	Spend     money.Nano  `json:"spend"`
	// Refused says whether the key's requests would be refused as soon as the changes are in force, by the key's own
	// terms, and RefusedNow whether they are already. RefusedBecause says why they would be.
	Refused        bool       `json:"refused"`
	RefusedNow     bool       `json:"refused_now"`
	RefusedBecause StringList `json:"refused_because"`
}

// BudgetEffect is what changes would do to a shared budget.
type BudgetEffect struct {
	BudgetID string `json:"budget_id"`
	// Old is null for a budget that would be made, New for one that would be deleted.
	Old *BudgetFields `json:"old"`
	New *BudgetFields `json:"new"`
	// Spend is what the new scope has spent in the running period, in USD.
	Spend money.Nano `json:"spend"`
	// Refused says whether everything that the scope covers would be refused, RefusedNow whether it is already.
	Refused    bool `json:"refused"`
	RefusedNow bool `json:"refused_now"`
}

// PersonTerms are what binds a member in a team, or a user over all teams.
type PersonTerms struct {
	RateLimits
	// MaxBudget is in USD over BudgetDuration; null is without a cap.
	MaxBudget      *money.Nano `json:"max_budget"`
	BudgetDuration *string     `json:"budget_duration"`
	// Role is a member's in the team; a user has none.
	Role string `json:"role,omitempty"`
}

// PersonEffect is what changes would do to a member or a user.
type PersonEffect struct {
	// Old is null for who would join or be made, New for who would leave or be deleted. What the team has for its members
	// is filled in.
	Old *PersonTerms `json:"old"`
	New *PersonTerms `json:"new"`
	// Spend is that of the running period under the new terms, in USD; BudgetResetAt is when that ends.
	Spend         money.Nano `json:"spend"`
	BudgetResetAt *time.Time `json:"budget_reset_at"`
	// Refused says whether the person's requests would be refused as soon as the changes are in force, by these limits, and
	// RefusedNow whether they are already. RefusedBecause says why they would be.
	Refused        bool       `json:"refused"`
	RefusedNow     bool       `json:"refused_now"`
	RefusedBecause StringList `json:"refused_because"`
	// DeletedKeys are the keys that go with it.
	DeletedKeys []NamedKey `json:"deleted_keys"`
}

// NamedKey is a key by its id and its name.
type NamedKey struct {
	KeyID    string  `json:"key_id"`
	KeyAlias *string `json:"key_alias"`
}

// MemberEffect is what changes would do to a member of a team.
type MemberEffect struct {
	TeamID string `json:"team_id"`
	UserID string `json:"user_id"`
	PersonEffect
}

// UserEffect is what changes would do to a user.
type UserEffect struct {
	UserID string `json:"user_id"`
	// Teams are those that the user is a member of, before the changes or, of a new one, after them.
	Teams StringList `json:"teams"`
	PersonEffect
}

// ModelTerms are how a deployment is served.
type ModelTerms struct {
	Enabled bool `json:"enabled"`
	// InputPerMillion and OutputPerMillion are the prices in force in USD, the catalogue's where the model has none;
	// null is not known.
	InputPerMillion  *money.Nano `json:"input_per_million_usd"`
	OutputPerMillion *money.Nano `json:"output_per_million_usd"`
	RPM              *int64      `json:"rpm"`
	TPM              *int64      `json:"tpm"`
}

// ModelEffect is what changes would do to a deployment of a model, and who called the model.
type ModelEffect struct {
	ModelID string `json:"model_id"`
	Name    string `json:"name"`
	// Old is null for one that would be made, New for one that would be deleted.
	Old *ModelTerms `json:"old"`
	New *ModelTerms `json:"new"`
	// NoLongerServed are names that clients may ask for now and that no enabled model would have.
	NoLongerServed StringList `json:"no_longer_served"`
	// LastWeek is what the name was used for in the last seven days.
	LastWeek ModelUse `json:"last_week"`
	// CostThen is about what LastWeek would have cost by the new prices of its tokens, in USD; null where these are as they
	// were or not known, or where other deployments have the name.
	CostThen *money.Nano `json:"cost_then_usd"`
}

// ModelUse is what a model was used for.
type ModelUse struct {
	Requests int64      `json:"requests"`
	Cost     money.Nano `json:"cost_usd"`
	// Teams is how many teams called it, Most those that paid most.
	Teams int           `json:"teams"`
	Most  []ModelCaller `json:"most"`
}

// ModelCaller is a team that called a model.
type ModelCaller struct {
	TeamID   string     `json:"team_id"`
	Requests int64      `json:"requests"`
	Cost     money.Nano `json:"cost_usd"`
}
