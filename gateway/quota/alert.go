package quota

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// crossing is a threshold that a budget's spending has reached, or a hard budget that refused a request.
type crossing struct {
	budget Budget
	period Period
	// share is negative when a request was refused that is too dear, see [Denial.TooDear].
	share float64
	spend money.Nano
	at    time.Time
	// refused is the least cost of the request that was refused, 0 when spending reached the threshold.
	refused money.Nano
}

// event is what people are told. Its id depends on nothing but budget, period, threshold and generation,
// so that an event made twice is one event.
func (c crossing) event() api.AlertEvent {
	event := c.budget.About
	event.ID = c.id()
	event.Type, event.Severity = api.EventBudgetSoftLimit, "warning"
	switch {
	case c.share >= 1:
		event.Type, event.Severity = api.EventBudgetHardLimit, "critical"
	case c.share < 0: // most calls still fit
		event.Type = api.EventBudgetHardLimit
	}
	event.CreatedAt = c.at
	event.Message = c.message()
	event.Scope = string(c.budget.Scope)
	event.Threshold = math.Abs(c.share)
	event.Spend = c.spend
	event.MaxBudget = max(c.budget.Limit, 0)
	event.HardCap = c.budget.Hard
	if !c.period.Start.IsZero() {
		event.PeriodStart = &c.period.Start
	}
	if !c.period.End.IsZero() {
		event.PeriodEnd = &c.period.End
	}
	return event
}

func (c crossing) id() string {
	name := fmt.Sprintf("%s\n%d\n%g\n%d", c.budget.Scope, micros(c.period.Start), c.share, c.budget.Generation)
	sum := sha256.Sum256([]byte(name))
	return "event_" + hex.EncodeToString(sum[:16])
}

func (c crossing) message() string {
	text := c.owner() + " has spent " + inCents(c.spend)
	if c.budget.Limit > 0 {
		percent := float64(c.spend) / float64(c.budget.Limit) * 100
		text += fmt.Sprintf(" of %s (%d %%)", inCents(c.budget.Limit), int64(percent))
	}
	text += " of its budget"
	if !c.period.End.IsZero() {
		text += " for the period until " + c.period.End.Format("2006-01-02")
	}
	switch {
	case c.share < 0:
		text += fmt.Sprintf("; a single request that may cost %s alone was refused", inCents(c.refused))
	case c.refused > 0:
		text += fmt.Sprintf("; a request that may cost %s was refused", inCents(c.refused))
	}
	return text
}

func (c crossing) owner() string {
	about := c.budget.About
	switch {
	case about.UserID != "" && about.TeamID != "":
		return "member " + about.UserID + " of " + about.TeamID
	case about.UserID != "":
		return "user " + about.UserID
	case about.BudgetID != "" && about.TeamID == "" && about.KeyID == "":
		return "budget " + about.BudgetID
	case about.KeyID != "":
		return "key " + about.KeyID
	case about.TeamAlias != "":
		return about.TeamAlias
	case about.TeamID != "":
		return about.TeamID
	default:
		return string(c.budget.Scope)
	}
}

// inCents prints an amount for people: cents are enough from one dollar on.
func inCents(amount money.Nano) string {
	if amount >= money.USD {
		amount -= amount % (money.USD / 100)
	}
	return amount.Dollars()
}

// refusalShare is the threshold that a refusal by the budget stands for.
func (b Budget) refusalShare() float64 {
	for _, threshold := range b.Thresholds {
		if threshold.Share >= 1 {
			return threshold.Share
		}
	}
	return 1
}
