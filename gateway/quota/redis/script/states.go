package script

import (
	"errors"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// What a script says of one window and of one budget, in numbers.
const (
	windowFigures = 5
	budgetFigures = 3
)

// ReadStates puts the figures that a script answers beside the limits that the caller knows: those of the
// windows, then those of the budgets.
func ReadStates(request quota.Request, answer *Reply, now time.Time) ([]quota.WindowState, []quota.BudgetState, error) {
	windows := NewReply(answer.take(int64(len(request.Windows) * windowFigures)))
	budgets := NewReply(answer.take(int64(len(request.Budgets) * budgetFigures)))
	if answer.Err != nil {
		return nil, nil, answer.Err
	}
	budgetStates := make([]quota.BudgetState, len(request.Budgets))
	for i, budget := range request.Budgets {
		period := PeriodOf(budget, budgets.Int())
		settled, reserved := money.Nano(budgets.Int()), money.Nano(budgets.Int())
		budgetStates[i] = budget.State(period, settled, reserved)
	}
	windowStates := make([]quota.WindowState, len(request.Windows))
	for i, limits := range request.Windows {
		rpm := quota.ThrottledRPM(limits, request.Budgets, budgetStates, now)
		windowStates[i] = ReadWindow(windows).State(limits, rpm, now)
	}
	return windowStates, budgetStates, errors.Join(windows.Err, budgets.Err)
}

// ReadWindow reads the figures of one window.
func ReadWindow(answer *Reply) quota.WindowSums {
	return quota.WindowSums{Requests: answer.Int(), Tokens: answer.Int(), Held: answer.Int(), Live: answer.Int(), Charged: answer.Int()}
}

// PeriodOf returns the budget's period of that number; a budget without periods never ends.
func PeriodOf(b quota.Budget, number int64) quota.Period {
	if number < 0 || number >= int64(len(b.Periods)) {
		return quota.Period{}
	}
	return b.Periods[number]
}

// Counted is a period as its counter knows it: to the microsecond.
func Counted(period quota.Period) quota.Period {
	return quota.Period{Start: quota.TimeOf(quota.Micros(period.Start)), End: quota.TimeOf(quota.Micros(period.End))}
}

// ReadDecision reads an answer that was given at now.
func ReadDecision(request quota.Request, status string, answer *Reply, now time.Time) (decision quota.Decision, err error) {
	decision = quota.Decision{Admitted: status != "refused", Duplicate: status == "duplicate", At: now}
	switch status {
	case "admitted":
		decision.OutputTokens = answer.Int()
		decision.Tokens, decision.Cost = request.InputTokens+decision.OutputTokens, request.Cost(decision.OutputTokens)
	case "duplicate":
		decision.At = quota.TimeOf(answer.Int())
		decision.OutputTokens, decision.Tokens, decision.Cost = answer.Int(), answer.Int(), money.Nano(answer.Int())
	}
	decision.Windows, decision.Budgets, err = ReadStates(request, answer, now)
	for err == nil && answer.More() {
		if denial := readDenial(request, answer); decision.Admitted {
			decision.WouldRefuse = append(decision.WouldRefuse, denial)
		} else {
			denial.EnforcedFrom = time.Time{} // it is enforced
			decision.Denials = append(decision.Denials, denial)
		}
	}
	decision.RetryAfter = quota.LongestWait(decision.Denials)
	return decision, errors.Join(err, answer.Err)
}

func readDenial(request quota.Request, answer *Reply) quota.Denial {
	denial := quota.Denial{Kind: answer.Text()}
	limit := answer.Int()
	switch {
	case denial.Kind == quota.KindBudget && limit < int64(len(request.Budgets)):
		denial.Scope, denial.Name = request.Budgets[limit].Scope, request.Budgets[limit].Name
		denial.EnforcedFrom = request.Budgets[limit].EnforcedFrom
	case denial.Kind != quota.KindBudget && limit < int64(len(request.Windows)):
		denial.Scope, denial.Name = request.Windows[limit].Scope, request.Windows[limit].Name
		denial.EnforcedFrom = request.Windows[limit].EnforcedFrom
	default:
		answer.fail("%s %d is no limit of the request", denial.Kind, limit)
	}
	denial.Limit, denial.Used, denial.Settled = answer.Int(), answer.Int(), answer.Int()
	denial.Need, denial.Held, denial.TooLarge = answer.Int(), answer.Int() == 1, answer.Int() == 1
	denial.RetryAfter = time.Duration(answer.Int()) * time.Microsecond
	return denial
}
