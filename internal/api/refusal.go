package api

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

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
