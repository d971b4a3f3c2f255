package webhook

import (
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// litellmEvent has the fields of LiteLLM's webhook alerts. What Bursar does not know is null, as it may be there.
type litellmEvent struct {
	Spend                 money.Nano  `json:"spend"`
	MaxBudget             *money.Nano `json:"max_budget"`
	SoftBudget            *money.Nano `json:"soft_budget"`
	Token                 *string     `json:"token"`
	CustomerID            *string     `json:"customer_id"`
	UserID                *string     `json:"user_id"`
	TeamID                *string     `json:"team_id"`
	TeamAlias             *string     `json:"team_alias"`
	UserEmail             *string     `json:"user_email"`
	KeyAlias              *string     `json:"key_alias"`
	ProjectedExceededDate *string     `json:"projected_exceeded_date"`
	ProjectedSpend        *float64    `json:"projected_spend"`
	Event                 string      `json:"event"`
	EventGroup            string      `json:"event_group"`
	EventMessage          string      `json:"event_message"`
}

// litellmNames are what LiteLLM calls our events; the others keep their names.
var litellmNames = map[string]string{
	api.EventBudgetSoftLimit: "threshold_crossed",
	api.EventBudgetHardLimit: "budget_crossed",
}

func litellmBody(event api.AlertEvent) litellmEvent {
	body := litellmEvent{
		Spend: event.Spend, Token: textOrNull(event.KeyID), UserID: textOrNull(event.UserID),
		TeamID: textOrNull(event.TeamID), TeamAlias: textOrNull(event.TeamAlias),
		Event: event.Type, EventGroup: litellmGroup(event), EventMessage: event.Message,
	}
	if name, known := litellmNames[event.Type]; known {
		body.Event = name
	}
	if event.MaxBudget > 0 {
		body.MaxBudget = &event.MaxBudget
	}
	if event.Type == api.EventBudgetSoftLimit && event.MaxBudget == 0 {
		body.SoftBudget = &event.Spend
	}
	return body
}

// litellmGroup is whose budget it is.
func litellmGroup(event api.AlertEvent) string {
	switch {
	case event.KeyID != "":
		return "key"
	case event.TeamID != "":
		return "team"
	case event.UserID != "":
		return "internal_user"
	default:
		return "proxy"
	}
}

func textOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
