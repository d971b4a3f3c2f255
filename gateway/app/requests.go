package app

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/asking"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/console"
	"github.com/bursarhq/terraform-provider-bursar/gateway/review"
	"github.com/bursarhq/terraform-provider-bursar/gateway/review/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// askForMore is the page that people are sent to who want more of a limit; "" where nobody can reach one.
func askForMore(settings config.Config) string {
	if settings.PublicURL == "" || !settings.Console {
		return ""
	}
	return settings.PublicURL + console.AskPath
}

func rulesOf(written []config.AutoApproval) []asking.Rule {
	rules := make([]asking.Rule, len(written))
	for i, rule := range written {
		rules[i] = asking.Rule(rule)
	}
	return rules
}

// requestPolicy reads the policy that the configuration names; nil for none.
func requestPolicy(settings config.Config) (*policy.Policy, error) {
	if settings.RequestPolicy == "" {
		return nil, nil //nolint:nilnil // no policy is a policy
	}
	data, err := os.ReadFile(settings.RequestPolicy)
	if err != nil {
		return nil, fmt.Errorf("requests.policy: %w", err)
	}
	rules, err := policy.Read(settings.RequestPolicy, data)
	if err != nil {
		return nil, fmt.Errorf("requests.policy: %w", err)
	}
	return rules, nil
}

// askingPolicy judges what people ask for by the code that judges pull requests.
func askingPolicy(rules *policy.Policy, record *store.Store) asking.Policy {
	if rules == nil {
		return nil
	}
	resources := map[string]string{"team": "bursar_team", "key": "bursar_key", "member": "bursar_team_member", "budget": "bursar_budget"}
	return func(ctx context.Context, raise asking.Raise) (reasons []string, err error) {
		others, err := everybody(ctx, record)
		if err != nil {
			return nil, err
		}
		raise.Before, raise.AsAsked, raise.AsLimit = withTerms(raise.Before, others), withTerms(raise.AsAsked, others), withTerms(raise.AsLimit, others)
		told := map[string]bool{}
		for _, after := range []map[string]any{raise.AsAsked, raise.AsLimit} {
			verdicts, err := review.JudgeAmong(rules, resources[raise.Noun], "update", raise.Before, after, others)
			if err != nil {
				return nil, fmt.Errorf("judge a request: %w", err)
			}
			for _, verdict := range verdicts {
				if text := verdict.String(); verdict.Outcome == policy.Approval && !told[text] {
					told[text] = true
					reasons = append(reasons, text)
				}
			}
		}
		return reasons, nil
	}
}

// withTerms are attributes with the period of the budget that they name: their cap is that budget's, too.
func withTerms(attributes map[string]any, others review.Among) map[string]any {
	id := attributes["budget_id"]
	for _, budget := range others.Budgets {
		if id != nil && budget["budget_id"] == id && attributes["budget_duration"] == nil {
			attributes = maps.Clone(attributes)
			attributes["budget_duration"], attributes["hard_cap"] = budget["budget_duration"], budget["hard_cap"]
		}
	}
	return attributes
}

// everybody are all teams and shared budgets.
func everybody(ctx context.Context, record *store.Store) (others review.Among, err error) {
	teams, _, err := record.Teams(ctx, api.TeamFilter{})
	if err != nil {
		return others, err
	}
	budgets, _, err := record.Budgets(ctx, api.BudgetFilter{})
	if err != nil {
		return others, err
	}
	if others.Teams, err = attributesOf(teams); err != nil {
		return others, err
	}
	others.Budgets, err = attributesOf(budgets)
	return others, err
}

func attributesOf[T any](objects []T) ([]map[string]any, error) {
	data, err := json.Marshal(objects)
	if err != nil {
		return nil, fmt.Errorf("read all teams and budgets: %w", err)
	}
	var attributes []map[string]any
	if err := json.Unmarshal(data, &attributes); err != nil {
		return nil, fmt.Errorf("read all teams and budgets: %w", err)
	}
	return attributes, nil
}
