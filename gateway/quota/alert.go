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

// Crossing is a threshold that a budget's spending has reached, or a hard budget that refused a request.
type Crossing struct {
	Budget Budget
	Period Period
	// Share is negative when a request was refused that is too dear, see [Denial.TooDear].
	Share float64
	Spend money.Nano
	At    time.Time
	// Refused is the least cost of the request that was refused, 0 when spending reached the threshold.
	Refused money.Nano
}

// Event is what people are told. Its id depends on nothing but budget, period, threshold and generation,
// so that an event made twice is one event.
func (c Crossing) Event() api.AlertEvent {
	event := c.Budget.About
	event.ID = c.id()
	event.Type, event.Severity = api.EventBudgetSoftLimit, "warning"
	switch {
	case c.Share >= 1:
		event.Type, event.Severity = api.EventBudgetHardLimit, "critical"
	case c.Share < 0: // most calls still fit
		event.Type = api.EventBudgetHardLimit
	}
	event.CreatedAt = c.At
	event.Message = c.message()
	event.Scope = string(c.Budget.Scope)
	event.Threshold = math.Abs(c.Share)
	event.Spend = c.Spend
	event.MaxBudget = max(c.Budget.Limit, 0)
	event.HardCap = c.Budget.Hard
	if !c.Period.Start.IsZero() {
		event.PeriodStart = &c.Period.Start
	}
	if !c.Period.End.IsZero() {
		event.PeriodEnd = &c.Period.End
	}
	return event
}

func (c Crossing) id() string {
	name := fmt.Sprintf("%s\n%d\n%g\n%d", c.Budget.Scope, Micros(c.Period.Start), c.Share, c.Budget.Generation)
	sum := sha256.Sum256([]byte(name))
	return "event_" + hex.EncodeToString(sum[:16])
}

func (c Crossing) message() string {
	text := c.owner() + " has spent " + inCents(c.Spend)
	if c.Budget.Limit > 0 {
		percent := float64(c.Spend) / float64(c.Budget.Limit) * 100
		text += fmt.Sprintf(" of %s (%d %%)", inCents(c.Budget.Limit), int64(percent))
	}
	text += " of its budget"
	if !c.Period.End.IsZero() {
		text += " for the period until " + c.Period.End.Format("2006-01-02")
	}
	switch {
	case c.Share < 0:
		text += fmt.Sprintf("; a single request that may cost %s alone was refused", inCents(c.Refused))
	case c.Refused > 0:
		text += fmt.Sprintf("; a request that may cost %s was refused", inCents(c.Refused))
	}
	return text
}

func (c Crossing) owner() string {
	about := c.Budget.About
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
		return string(c.Budget.Scope)
	}
}

// inCents prints an amount for people: cents are enough from one dollar on.
func inCents(amount money.Nano) string {
	if amount >= money.USD {
		amount -= amount % (money.USD / 100)
	}
	return amount.Dollars()
}

// RefusalShare is the threshold that a refusal by the budget stands for.
func (b Budget) RefusalShare() float64 {
	for _, threshold := range b.Thresholds {
		if threshold.Share >= 1 {
			return threshold.Share
		}
	}
	return 1
}
