package api

import (
	"encoding/json"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// LimitMinute is what was used, or refused, in one minute by the clock. A row has one of four meanings:
//
//   - Limit "" is what calls with one key were served of one model: Calls and Tokens.
//   - Limit with Refused is how many calls with one key for one model a limit refused, or another reason did. KeyID and
//     Model are "" in the rows that came when a minute had very many.
//   - Limit with WouldRefuse is the same of calls that were let through as the limit is only watched.
//   - Limit with Peak is the most that was used of a limit in any 60 seconds that ended in the minute, and Cap its number
//     then. KeyID and Model are there for limits of keys, members, users and models only.
type LimitMinute struct {
	At     time.Time `json:"at"`
	TeamID string    `json:"team_id"`
	KeyID  string    `json:"key_id"`
	Model  string    `json:"model"`
	// Limit is the limit, such as team.requests, key.tokens or budget.pot.budget, or the word for another reason, such
	// as model_not_allowed.
	Limit   string `json:"limit"`
	Calls   int64  `json:"calls"`
	Tokens  int64  `json:"tokens"`
	Refused int64  `json:"refused"`
	// WouldRefuse are calls that were served. The row with Limit "" has those that any limit would have refused.
	WouldRefuse int64 `json:"would_refuse"`
	// Peak is in requests, tokens or calls at a time, what calls under way had reserved included.
	Peak int64 `json:"peak"`
	Cap  int64 `json:"cap"`
}

// What refusals can be grouped by, [GroupTeam], [GroupKey] and [GroupModel] apart.
const (
	GroupLimit  = "limit"
	GroupMinute = "minute"
	GroupHour   = "hour"
)

// RefusalGroups lists what [RefusalQuery.GroupBy] may hold.
var RefusalGroups = []string{GroupLimit, GroupTeam, GroupKey, GroupModel, GroupMinute, GroupHour, GroupDay}

// RefusalQuery asks how many calls were refused. An empty field does not restrict.
type RefusalQuery struct {
	// GroupBy holds some of [RefusalGroups]; empty is one sum. The finest of minute, hour and day counts.
	GroupBy []string
	// Watched asks for calls that watched limits would have refused, instead.
	Watched bool
	TeamIDs []string
	KeyID   string
	Model   string
	Limit   string
	// From and To are times: from the minute of From on, before that of To.
	From, To time.Time
	// Most is how many sums to answer at most; zero is all of them.
	Most int
}

// RefusalSum is how many calls were refused. Only the fields that were grouped by are there.
type RefusalSum struct {
	TeamID *string `json:"team_id,omitempty"`
	KeyID  *string `json:"key_id,omitempty"`
	Model  *string `json:"model,omitempty"`
	// Limit is the limit that refused, such as team.requests, or the word for another reason.
	Limit *string `json:"limit,omitempty"`
	// At is the beginning of the minute, hour or UTC day.
	At *time.Time `json:"at,omitempty"`
	// Refused is how many calls were refused, or would have been where that was asked for.
	Refused int64 `json:"refused"`
	// FirstAt and LastAt are the first and the last minute with a refusal.
	FirstAt time.Time `json:"first_at"`
	LastAt  time.Time `json:"last_at"`
}

// LimitPeak is the most that was used of one limit in any 60 seconds.
type LimitPeak struct {
	TeamID string `json:"team_id"`
	// KeyID and Model say whose limit it is, "" for that of the whole team.
	KeyID string `json:"key_id"`
	Model string `json:"model"`
	Limit string `json:"limit"`
	Peak  int64  `json:"peak"`
	// P99 is what 99 of 100 minutes with any use stayed at or below, and Minutes how many of these there are.
	P99     int64 `json:"p99"`
	Minutes int64 `json:"minutes"`
	// Cap is the limit's number at that time.
	Cap int64 `json:"cap"`
	// At is the minute it happened in.
	At time.Time `json:"at"`
}

// LimitMinuteFilter selects [LimitMinute] rows. A nil field does not restrict.
type LimitMinuteFilter struct {
	TeamIDs []string
	KeyID   string
	// From and To are times: from the minute of From on, before that of To.
	From, To time.Time
}

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
	// Watched says that calls beyond the limit are counted and told of, and not refused, until EnforceFrom; null is for good.
	Watched     bool       `json:"watched"`
	EnforceFrom *time.Time `json:"enforce_from,omitempty"`
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

// Reason is the kind of a refusal by a limit. It says what the caller can do about it.
type Reason string

// Reasons for which a limit refuses.
const (
	// ReasonSpent: there is nothing left until the budget resets or somebody raises it.
	ReasonSpent Reason = "spent"
	// ReasonHeld: there is room, but calls under way have reserved it; wait for seconds.
	ReasonHeld Reason = "held"
	// ReasonTooDear: this call alone may cost more than what is left; a smaller one may fit.
	ReasonTooDear Reason = "too_dear"
)

// Refusal is what programs read of a refusal by a limit. It stands beside the message, which says the same to people.
type Refusal struct {
	Reason Reason `json:"reason,omitempty"`
	// ResetsAt is when the limit begins anew; left out when it never does.
	ResetsAt *time.Time `json:"resets_at,omitempty"`
	// MayCost is the most that the call may cost in USD, Left what is left of the budget.
	MayCost *money.Nano `json:"may_cost_usd,omitempty"`
	Left    *money.Nano `json:"left_usd,omitempty"`
	// MaxTokens is the largest output cap with which the call would fit; left out when none would.
	MaxTokens *int64 `json:"max_tokens,omitempty"`
	// Contact is who can raise the limit: an e-mail address or a link.
	Contact string `json:"contact,omitempty"`
	// AskForMore is the page where more of the limit can be asked for.
	AskForMore string `json:"ask_for_more,omitempty"`
}
