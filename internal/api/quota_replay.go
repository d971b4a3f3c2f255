package api

import (
	"encoding/json"
	"regexp"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Proposal is what teams, keys and budgets would be after changes, by id; nil is deleted. What is not in it stays.
type Proposal struct {
	Teams   map[string]*Team
	Keys    map[string]*Key
	Budgets map[string]*Budget
}

// Empty says that nothing is proposed.
func (p Proposal) Empty() bool { return len(p.Teams)+len(p.Keys)+len(p.Budgets) == 0 }

// RecordedCall is a row of the ledger with what it takes to decide its call again. Its times are exact to the microsecond.
type RecordedCall struct {
	LedgerRow
}

// Recorded says whether the row has what was reserved; rows of earlier releases do not.
func (c RecordedCall) Recorded() bool {
	return c.ReservedTokens > 0 || c.ReservedCost > 0 || c.TotalTokens() == 0 && c.Cost == 0
}

// Adjustment is a change of what a scope has spent by hand.
type Adjustment struct {
	Scope  string
	At     time.Time
	Amount money.Nano
}

// QuotaReplay is the answer of POST /quota/replay: which of the calls on record the engine would have refused.
type QuotaReplay struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Calls is how many were decided again, and Cost what they have cost.
	Calls int64      `json:"calls"`
	Cost  money.Nano `json:"cost_usd"`
	// Estimated is how many of them have not on record what was reserved for them: they are decided by what they used.
	Estimated int64 `json:"estimated"`
	// Exact says that every decision was made on recorded amounts and arrivals.
	Exact bool `json:"exact"`
	// RefusedThen is how many calls were refused at their time, from the record of refusals by the minute. They are not
	// decided again: neither their arrivals nor their amounts are on record.
	RefusedThen int64 `json:"refused_then"`
	// Before is under the limits in force, After under the proposed ones.
	Before ReplayOutcome `json:"before"`
	After  ReplayOutcome `json:"after"`
	// Callers are the keys and models with a call that was refused before or after, those that lose most first.
	Callers []ReplayCaller `json:"callers"`
	// MoreCallers is how many are left out.
	MoreCallers int `json:"more_callers,omitempty"`
	// Notes say what the answer does not know.
	Notes []string `json:"notes"`
}

// ReplayOutcome is what became of the calls under some limits.
type ReplayOutcome struct {
	Refused int64 `json:"refused"`
	// RefusedCost is what the refused calls had cost.
	RefusedCost money.Nano `json:"refused_cost_usd"`
	// Limits are those that refused, the one with most refusals first.
	Limits []ReplayLimit `json:"limits"`
}

// ReplayLimit is one limit that refused calls. A call that several refuse counts at the one that refuses longest.
type ReplayLimit struct {
	// Scope names the limit's counters, such as team:marketing; Kind is requests, tokens, max_parallel_requests, budget,
	// blocked, deleted or models.
	Scope   string     `json:"scope"`
	Kind    string     `json:"kind"`
	Refused int64      `json:"refused"`
	Cost    money.Nano `json:"refused_cost_usd"`
	// First is the first refused call's time.
	First time.Time `json:"first_at"`
}

// ReplayCaller is what became of the calls of one key for one model.
type ReplayCaller struct {
	TeamID   string `json:"team_id"`
	KeyID    string `json:"key_id"`
	KeyAlias string `json:"key_alias"`
	Model    string `json:"model"`
	Calls    int64  `json:"calls"`
	// RefusedBefore and RefusedAfter count refusals, RefusedCost is what those after had cost.
	RefusedBefore int64      `json:"refused_before"`
	RefusedAfter  int64      `json:"refused_after"`
	RefusedCost   money.Nano `json:"refused_cost_usd"`
	// FirstAfter is the first call that is refused after.
	FirstAfter *time.Time `json:"first_refused_after"`
}

// QuotaHistoryEntry is one change of what a team may use: of itself, its keys and members, or of budgets that name it.
type QuotaHistoryEntry struct {
	// Seq is the change's number in the audit log.
	Seq      int64     `json:"seq"`
	At       time.Time `json:"at"`
	Action   string    `json:"action"`
	ObjectID string    `json:"object_id"`
	Actor    string    `json:"actor"`
	Reason   string    `json:"reason"`
	// PullRequest is the address of the pull or merge request that the reason names, empty when it names none.
	PullRequest string             `json:"pull_request"`
	Changes     []QuotaFieldChange `json:"changes"`
}

// QuotaFieldChange is a limit before and after; null is no limit.
type QuotaFieldChange struct {
	Field string          `json:"field"`
	Old   json.RawMessage `json:"old"`
	New   json.RawMessage `json:"new"`
}

// pullRequest is the address of a pull or merge request, as reasons from pipelines hold it.
var pullRequest = regexp.MustCompile(`https?://[^\s"<>]+/(?:pull|pulls|pull-requests|merge_requests)/[0-9]+`)

// PullRequestOf is the address of the pull or merge request that a reason names, "" when it names none.
func PullRequestOf(reason string) string { return pullRequest.FindString(reason) }
