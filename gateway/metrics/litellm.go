package metrics

import (
	"maps"
	"slices"
	"strconv"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// litellmHistograms are ours by the names that LiteLLM's dashboards look for.
var litellmHistograms = map[string]string{
	"bursar_request_duration_seconds":    "litellm_request_total_latency_metric",
	"bursar_upstream_duration_seconds":   "litellm_llm_api_latency_metric",
	"bursar_time_to_first_token_seconds": "litellm_llm_api_time_to_first_token_metric",
	"bursar_overhead_seconds":            "litellm_overhead_latency_metric",
}

// renamed are the histograms under LiteLLM's names.
func renamed(families []*dto.MetricFamily) []*dto.MetricFamily {
	var again []*dto.MetricFamily
	for _, family := range families {
		if name, known := litellmHistograms[family.GetName()]; known {
			again = append(again, &dto.MetricFamily{Name: &name, Help: family.Help, Type: family.Type, Metric: family.GetMetric()})
		}
	}
	return again
}

// writeLiteLLM writes the counters of calls under LiteLLM's names, with those of its labels that are bounded.
func (c *calls) writeLiteLLM(p *page, aliases map[string]string) {
	uses := c.uses.all()
	named := make([]string, len(uses))
	for i, u := range uses {
		named[i] = labels("model", u.model, "requested_model", u.model, "team", u.teamID, "team_alias", aliases[u.teamID])
	}
	for _, family := range []struct {
		name, help string
		value      func(u *use) float64
	}{
		{"litellm_spend_metric_total", "US dollars spent.", func(u *use) float64 { return float64(u.spend.Load()) / 1e9 }},
		{"litellm_total_tokens_metric_total", "Tokens of prompts and answers.", func(u *use) float64 { return float64(u.promptTokens.Load() + u.completed.Load()) }},
		{"litellm_input_tokens_metric_total", "Tokens of prompts.", func(u *use) float64 { return float64(u.promptTokens.Load()) }},
		{"litellm_output_tokens_metric_total", "Tokens of answers.", func(u *use) float64 { return float64(u.completed.Load()) }},
	} {
		p.family(family.name, "counter", family.help)
		for i, u := range uses {
			p.sample(family.name, named[i], family.value(u))
		}
	}
	c.writeLiteLLMAnswers(p, aliases)
}

func (c *calls) writeLiteLLMAnswers(p *page, aliases map[string]string) {
	type key struct {
		user
		status int
	}
	all, failed := map[key]int64{}, map[key]int64{}
	for _, a := range c.answers.all() {
		k := key{user{a.teamID, a.model}, a.status}
		all[k] += a.count.Load()
		if a.status >= 400 {
			failed[k] += a.count.Load()
		}
	}
	for _, family := range []struct {
		name, help, status string
		counts             map[key]int64
	}{
		{"litellm_proxy_total_requests_metric_total", "Calls answered.", "status_code", all},
		{"litellm_proxy_failed_requests_metric_total", "Calls refused or failed.", "exception_status", failed},
	} {
		p.family(family.name, "counter", family.help)
		for k, count := range family.counts {
			p.sample(family.name, labels("requested_model", k.model, family.status, strconv.Itoa(k.status), "team", k.teamID, "team_alias", aliases[k.teamID]), float64(count))
		}
	}
}

// writeLiteLLM writes budgets under LiteLLM's names, and under those that guides about governing it use.
func (s *Standing) writeLiteLLM(p *page) {
	for _, kind := range []struct{ kind, name string }{{KindTeam, "team"}, {KindKey, "api_key"}} {
		for _, family := range []struct {
			name, help string
			value      func(b *Budget) (float64, bool)
		}{
			{"litellm_remaining_" + kind.name + "_budget_metric", "US dollars left of the budget.", func(b *Budget) (float64, bool) {
				if b.Limit == nil {
					return 0, false
				}
				return dollars(*b.Limit - b.Spent), true
			}},
			{"litellm_" + kind.name + "_max_budget_metric", "The budget in US dollars.", func(b *Budget) (float64, bool) { return amount(b.Limit) }},
			{"litellm_" + kind.name + "_budget_remaining_hours_metric", "Hours until the budget is reset.", func(b *Budget) (float64, bool) {
				return b.ResetAt.Sub(s.At).Truncate(time.Second).Hours(), b.Limit != nil && !b.ResetAt.IsZero()
			}},
		} {
			s.writeKind(p, kind.kind, family.name, family.help, family.value, func(b *Budget) string {
				if b.Kind == KindKey {
					return labels("hashed_api_key", b.Token, "api_key_alias", b.Alias)
				}
				return labels("team", b.ID, "team_alias", b.Alias)
			})
		}
	}
	byID := func(b *Budget) string { return labels("team_id", b.ID) }
	s.writeKind(p, KindTeam, "litellm_team_monthly_cost_usd", "US dollars that a team has spent in its running period.",
		func(b *Budget) (float64, bool) { return dollars(b.Spent), true }, byID)
	s.writeKind(p, KindTeam, "litellm_team_monthly_budget_usd", "A team's cap in US dollars.",
		func(b *Budget) (float64, bool) { return amount(b.Limit) }, byID)
}

func (s *Standing) writeKind(p *page, kind, name, help string, value func(*Budget) (float64, bool), named func(*Budget) string) {
	p.family(name, "gauge", help)
	for i := range s.Budgets {
		b := &s.Budgets[i]
		if figure, has := value(b); has && b.Kind == kind {
			p.sample(name, named(b), figure)
		}
	}
}

// aliases are the names of teams by their ids.
func (s *Standing) aliases() map[string]string {
	names := map[string]string{}
	if s == nil {
		return names
	}
	for _, b := range s.Budgets {
		if b.Kind == KindTeam && b.Alias != "" {
			names[b.ID] = b.Alias
		}
	}
	return names
}

func sorted[V any](of map[string]V) []string { return slices.Sorted(maps.Keys(of)) }
