package api

import (
	"encoding/json"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// QuotaChange is a change that is only asked about: a route that changes teams, keys or budgets, and the
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
