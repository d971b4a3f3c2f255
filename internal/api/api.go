// Package api is Bursar's vocabulary: the nouns of the admin API as they stand on
// the wire, what makes each of them valid, and the errors that the API answers with.
//
// It promises one Go type per noun, spoken alike by the admin API, the store and the
// client. It must never know how a noun is stored, enforced or served.
package api

import (
	"encoding/json"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Headers that admin clients send and the gateway understands.
const (
	// HeaderChangeReason says why a change is made; it is kept in the audit log.
	HeaderChangeReason = "X-Change-Reason"
	// HeaderApprovedReview is the id of the approved review that a change is part of; what it does not have is refused.
	HeaderApprovedReview = "X-Bursar-Approved-Review"
	// HeaderActor names the person or program on whose behalf the admin key is used.
	HeaderActor = "X-Bursar-Actor"
	// HeaderChangedBy is LiteLLM's name for [HeaderActor].
	HeaderChangedBy = "litellm-changed-by"
	// HeaderIdempotencyKey makes a create repeatable: the same key gets the same answer.
	HeaderIdempotencyKey = "Idempotency-Key"
	// HeaderIfMatch carries the revision a write was planned against; a stale one gets 412.
	HeaderIfMatch = "If-Match"
	// HeaderUnknownFields names, in an answer, the request fields that were left out.
	HeaderUnknownFields = "X-Bursar-Unknown-Fields"
	// HeaderRequestID identifies one request in answers and logs.
	HeaderRequestID = "X-Request-Id"
)

// StringList is a list that keeps its order and is written as [] when there is none.
type StringList []string

// MarshalJSON writes the list, [] when nil.
func (l StringList) MarshalJSON() ([]byte, error) {
	if l == nil {
		return []byte("[]"), nil
	}
	return json.Marshal([]string(l))
}

// Metadata is a free JSON object; its values are kept exactly as sent. Written as {} when nil.
type Metadata map[string]json.RawMessage

// MarshalJSON writes the object, {} when nil.
func (m Metadata) MarshalJSON() ([]byte, error) {
	if m == nil {
		return []byte("{}"), nil
	}
	return json.Marshal(map[string]json.RawMessage(m))
}

// RateLimits bound a team's or key's traffic. Nil is unlimited, zero refuses everything.
type RateLimits struct {
	// RPMLimit is in requests in any 60 seconds.
	RPMLimit *int64 `json:"rpm_limit"`
	// TPMLimit is in tokens, prompt and completion, in any 60 seconds.
	TPMLimit *int64 `json:"tpm_limit"`
	// MaxParallelRequests is in requests under way at once.
	MaxParallelRequests *int64 `json:"max_parallel_requests"`
}

// ModelRateLimits bound traffic to single models, by model name.
type ModelRateLimits struct {
	ModelRPMLimit map[string]int64 `json:"model_rpm_limit"`
	ModelTPMLimit map[string]int64 `json:"model_tpm_limit"`
}

// BudgetTerms say how much may be spent in which period, and what happens then.
type BudgetTerms struct {
	// MaxBudget is the cap in USD. Nil is unlimited, zero refuses everything that costs.
	MaxBudget *money.Nano `json:"max_budget"`
	// SoftBudget is the amount in USD from which people are warned. Not together with SoftThresholdPct.
	SoftBudget *money.Nano `json:"soft_budget"`
	// SoftThresholdPct is the same as a share of MaxBudget, between 0 and 1.
	SoftThresholdPct *float64 `json:"soft_threshold_pct"`
	// HardCap refuses requests at the cap; without it the cap only warns.
	HardCap bool `json:"hard_cap" default:"true"`
	// BudgetDuration is the period, such as "1d", "30d" or "1mo"; nil never resets. Days, weeks, "30d", months and years
	// follow the calendar; others, such as "14d" or "90d", count from the day, month or hour in which the object was made.
	BudgetDuration *string `json:"budget_duration"`
	// ResetDay is the day of the month on which "30d" and month periods start, 1 to 28.
	ResetDay *int `json:"reset_day"`
	TempBudget
}

// BudgetState is what the running period of a budget looks like. It is answered, never accepted.
type BudgetState struct {
	// Spend is what has been spent in the running period, in USD.
	Spend money.Nano `json:"spend"`
	// BudgetResetAt is when the running period ends; nil for a budget that never resets.
	BudgetResetAt *time.Time `json:"budget_reset_at"`
	// RemainingBudget is what may still be spent in the running period, in USD, with a temporary increase;
	// nil without a cap. It is negative when more was spent than the cap has become.
	RemainingBudget *money.Nano `json:"remaining_budget"`
	// ThresholdsCrossed are the shares of the cap that spending has reached in the running period, ascending;
	// nil without a cap.
	ThresholdsCrossed []float64 `json:"thresholds_crossed"`
	// Throttled says whether the team's budget has reached its soft limit, which reduces its requests per minute
	// until the period ends or the budget is raised. It is so for the team's keys too.
	Throttled bool `json:"throttled"`
	// EffectiveRPMLimit is what is left of the requests per minute while throttled, nil otherwise.
	EffectiveRPMLimit *int64 `json:"effective_rpm_limit"`
	// Reserved is held by calls under way, and PeriodStart is when the running period began, nil for one without a
	// beginning. Both are for the gateway's own pages and not answered.
	Reserved    money.Nano `json:"-"`
	PeriodStart *time.Time `json:"-"`
}

// Record is what the gateway keeps about every object. It is answered, never accepted.
type Record struct {
	// Revision counts the object's writes from 1; see [HeaderIfMatch].
	Revision  int64     `json:"revision"`
	CreatedAt time.Time `json:"created_at"`
	CreatedBy string    `json:"created_by"`
	UpdatedAt time.Time `json:"updated_at"`
	UpdatedBy string    `json:"updated_by"`
	// ManagedBy is the configuration that the object is kept by, nil for none that is known.
	ManagedBy *ManagedBy `json:"managed_by,omitempty"`
	// BlockedAtOnce says that blocked is another than the configuration has it.
	BlockedAtOnce *BlockedAtOnce `json:"blocked_at_once,omitempty"`
}

// Kept is the record of whatever embeds it.
func (r Record) Kept() Record { return r }

// SoftLimit returns the amount from which people are warned, and whether there is one.
func (t BudgetTerms) SoftLimit() (money.Nano, bool) {
	if t.SoftBudget != nil {
		return *t.SoftBudget, true
	}
	if t.SoftThresholdPct != nil && t.MaxBudget != nil {
		return Share(*t.MaxBudget, *t.SoftThresholdPct), true
	}
	return 0, false
}

// Increased returns the terms with the temporary increase added, and whether there is one.
func (t BudgetTerms) Increased() (BudgetTerms, bool) {
	if t.MaxBudget == nil || t.TempBudgetIncrease == nil || t.TempBudgetExpiry == nil {
		return t, false
	}
	raised := *t.MaxBudget + *t.TempBudgetIncrease
	t.MaxBudget = &raised
	return t, true
}

// Share returns the part of amount that fraction selects, to the nearest nano-dollar.
// Fractions are read to the sixth decimal, so that 0.8 is exactly eight tenths.
func Share(amount money.Nano, fraction float64) money.Nano {
	millionths := int64(fraction*1e6 + 0.5)
	whole, rest := int64(amount)/1_000_000, int64(amount)%1_000_000
	return money.Nano(whole*millionths + (rest*millionths+500_000)/1_000_000)
}
