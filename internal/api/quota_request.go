package api

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Limits that a request can ask more of.
const (
	LimitBudget = "max_budget"
	LimitRPM    = "rpm_limit"
	LimitTPM    = "tpm_limit"
)

// RequestedLimits lists them.
var RequestedLimits = []string{LimitBudget, LimitRPM, LimitTPM}

// States of a quota request.
const (
	// RequestPending waits for an answer.
	RequestPending = "pending"
	// RequestWaiting is approved, and the change of the configuration has not arrived yet.
	RequestWaiting = "waiting"
	// RequestDone is approved, and what was asked for is in force.
	RequestDone = "done"
	// RequestDeclined was refused, and RequestCancelled taken back.
	RequestDeclined  = "declined"
	RequestCancelled = "cancelled"
)

// RequestStates lists them.
var RequestStates = []string{RequestPending, RequestWaiting, RequestDone, RequestDeclined, RequestCancelled}

// QuotaRequest asks for more of one limit until a moment.
type QuotaRequest struct {
	QuotaRequestID string `json:"quota_request_id"`
	QuotaRequestFields
	// State is one of [RequestStates].
	State string `json:"state"`
	// Automatic says that a rule approved it, and nobody.
	Automatic bool `json:"automatic"`
	// AnsweredBy, AnsweredAt and Answer are who approved or declined it, when, and with which word.
	AnsweredBy string     `json:"answered_by"`
	AnsweredAt *time.Time `json:"answered_at"`
	Answer     string     `json:"answer"`
	// TargetUSD is what the cap becomes, and Target the limit per minute, by what was in force when it was asked or approved.
	TargetUSD *money.Nano `json:"target_usd"`
	Target    *int64      `json:"target"`
	// HCL are the lines that the configuration of a managed object needs, empty for one that is not managed.
	HCL string `json:"hcl"`
	// PullRequest is the one that brought the change, when the reason of the apply names it.
	PullRequest string `json:"pull_request"`
	Record
}

// QuotaRequestFields are what is asked for.
type QuotaRequestFields struct {
	// TeamID is who asks. The limit is the team's, unless one of KeyID, UserID and BudgetID says whose it is: one of the
	// team's keys or members, or a pot that covers the team.
	TeamID   string  `json:"team_id"`
	KeyID    *string `json:"key_id"`
	UserID   *string `json:"user_id"`
	BudgetID *string `json:"budget_id"`
	// Limit is one of [RequestedLimits].
	Limit string `json:"limit"`
	// USD is how much more of a budget, and By how many more requests or tokens a minute.
	USD *money.Nano `json:"usd"`
	By  *int64      `json:"by"`
	// Until is when the increase ends by itself.
	Until time.Time `json:"until"`
	// Reason is why, in the words of who asks.
	Reason string `json:"reason"`
}

// QuotaRequestFilter selects requests, newest first. What is empty does not restrict; nil TeamIDs are every team.
type QuotaRequestFilter struct {
	TeamIDs []string
	State   string
	Limit   int
}

const maxRequestReason = 1000

// Validate says whether the request can be stored; the error names the field.
func (r QuotaRequest) Validate() error {
	v := newValidation()
	v.id("team_id", r.TeamID)
	v.optionalID("key_id", r.KeyID)
	v.optionalID("user_id", r.UserID)
	v.optionalID("budget_id", r.BudgetID)
	if others := count(r.KeyID != nil, r.UserID != nil, r.BudgetID != nil); others > 1 {
		v.fail("key_id", "user_id and budget_id say whose limit it is; give one of them, or none for the team's")
	}
	switch {
	case !slices.Contains(RequestedLimits, r.Limit):
		v.fail("limit", "%q is none that can be asked for; those are %s", r.Limit, strings.Join(RequestedLimits, ", "))
	case r.Limit == LimitBudget && (r.USD == nil || r.By != nil):
		v.fail("usd", "is required for max_budget, and by is not for it")
	case r.Limit != LimitBudget && (r.By == nil || r.USD != nil):
		v.fail("by", "is required for %s, and usd is not for it", r.Limit)
	case r.Limit != LimitBudget && r.BudgetID != nil:
		v.fail("limit", "of a pot is max_budget: it has no limit per minute")
	}
	if r.USD != nil && *r.USD <= 0 {
		v.fail("usd", "must be above 0: it is added to the cap")
	}
	if r.By != nil && *r.By <= 0 {
		v.fail("by", "must be above 0: it is added to the limit")
	}
	v.rate("by", r.By)
	if r.Until.IsZero() {
		v.fail("until", "is required: when the increase ends by itself")
	}
	if strings.TrimSpace(r.Reason) == "" || len(r.Reason) > maxRequestReason {
		v.fail("reason", "is required, in at most %d characters: who answers has nothing else to go by", maxRequestReason)
	}
	return v.err()
}

func count(conditions ...bool) (n int) {
	for _, holds := range conditions {
		if holds {
			n++
		}
	}
	return n
}

// Open says whether the request still waits for something.
func (r QuotaRequest) Open() bool { return r.State == RequestPending || r.State == RequestWaiting }

// More is how much is asked for, for people.
func (r QuotaRequest) More() string {
	switch {
	case r.USD != nil:
		return "$" + r.USD.String()
	case r.By != nil:
		return strconv.FormatInt(*r.By, 10)
	default:
		return "nothing"
	}
}

// Of names whose limit it is, such as `team "marketing"`.
func (r QuotaRequest) Of() (noun, id string) {
	switch {
	case r.KeyID != nil:
		return "key", *r.KeyID
	case r.UserID != nil:
		return "member", *r.UserID
	case r.BudgetID != nil:
		return "budget", *r.BudgetID
	default:
		return "team", r.TeamID
	}
}
