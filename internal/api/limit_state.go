package api

import (
	"encoding/json"
	"time"
)

// Sources of a limit: where the number that holds was written down.
const (
	// SourceOwn is the object itself, SourceBudget the budget that it names, SourceDefault the gateway's configuration.
	SourceOwn     = "own"
	SourceBudget  = "budget"
	SourceDefault = "default"
)

// LimitState is one limit that binds a caller, as it stands now.
type LimitState struct {
	// Scope is what the limit counts over: "team:marketing", "key:key_…", "user:ann", "member:marketing#ann",
	// "budget:pot".
	Scope string `json:"scope"`
	// Kind is requests, tokens, max_parallel_requests or budget.
	Kind string `json:"kind"`
	// Model is set for limits that count one model, pattern or access group.
	Model string `json:"model,omitempty"`
	// Unit is what the numbers are in: requests or tokens in any 60 seconds, requests at once, or USD.
	Unit string `json:"unit"`
	// Limit is what is in force, after throttling; Used is used for good, Reserved is held by calls under way.
	Limit    json.Number `json:"limit"`
	Used     json.Number `json:"used"`
	Reserved json.Number `json:"reserved"`
	// Remaining is what the next call may take, never below 0.
	Remaining json.Number `json:"remaining"`
	// ResetsAt is when a budget's period ends, or when nothing of a rate limit is used if no call comes; null when
	// that is now or never.
	ResetsAt *time.Time `json:"resets_at"`
	// HardCap says whether calls are refused at the limit. Only budgets can do without.
	HardCap bool `json:"hard_cap"`
	// Throttled says that a soft limit has lowered the limit until the budget resets.
	Throttled bool `json:"throttled"`
	// Source says where the limit was written down: own, budget or default.
	Source string `json:"source"`
	// BudgetID is the budget that the terms come from.
	BudgetID string `json:"budget_id,omitempty"`
}

// LimitStates is the answer of GET /v1/usage/limits.
type LimitStates struct {
	KeyID  string  `json:"key_id"`
	TeamID *string `json:"team_id"`
	// Blocked says that the key or its team is blocked, so that no call is served whatever is left.
	Blocked bool `json:"blocked"`
	// Limits are all that bind the key, in the order team, member, user, key, pots.
	Limits []LimitState `json:"limits"`
}
