package policy

import (
	"fmt"
	"math"
	"strings"
)

// conditions are the names that a rule's "when" may have, each with what it makes of its argument.
var conditions = map[string]conditionKind{
	"increase_above_pct": number(func(pct float64) condition {
		return ofChange(func(c Change) string {
			if c.GrowthPct > pct && !math.IsInf(c.GrowthPct, 1) {
				return fmt.Sprintf("grows by %.4g %%, more than %.4g %%", c.GrowthPct, pct)
			}
			return ""
		})
	}),
	"increase_above_usd": number(func(most float64) condition {
		return ofChange(func(c Change) string {
			more := c.MonthAfterUSD - c.MonthBeforeUSD
			if caps(c) && (more > most || math.IsInf(c.MonthAfterUSD, 1) && !math.IsInf(c.MonthBeforeUSD, 1)) {
				return fmt.Sprintf("may spend %s a month instead of %s", usd(c.MonthAfterUSD), usd(c.MonthBeforeUSD))
			}
			return ""
		})
	}),
	"total_above_usd": number(func(most float64) condition {
		return condition{totals: func(t Totals) []string {
			if t.MonthAfterUSD > most {
				return []string{fmt.Sprintf("all teams together may spend %s a month, more than %s", usd(t.MonthAfterUSD), usd(most))}
			}
			return nil
		}}
	}),
	"loosened": flag(condition{change: func(c Change) []string { return c.Loosened }}),
	"team_without_budget": flag(ofChange(func(c Change) string {
		if c.Type == "bursar_team" && c.After != nil && math.IsInf(c.MonthAfterUSD, 1) {
			return "has no cap that refuses"
		}
		return ""
	})),
	"team_without_owner": flag(ofChange(func(c Change) string {
		if c.Type == "bursar_team" && c.After != nil && len(c.Owners) == 0 {
			return "names no owners in its metadata"
		}
		return ""
	})),
	"key_without_expiry": flag(ofChange(func(c Change) string {
		if c.Type == "bursar_key" && c.After != nil && c.After["duration"] == nil && c.After["expires"] == nil {
			return "never expires"
		}
		return ""
	})),
	"teams_above_pot": flag(condition{totals: func(t Totals) []string { return t.TeamsAbovePots }}),
	"model_price_above_usd": number(func(most float64) condition {
		return ofChange(func(c Change) string {
			if c.Type != "bursar_model" || c.After == nil {
				return ""
			}
			price, _ := c.After["price"].(map[string]any)
			for _, kind := range []string{"input", "output"} {
				if amount, ok := price[kind+"_per_million_usd"].(float64); ok && amount > most {
					return fmt.Sprintf("costs %s for a million %s tokens, more than %s", usd(amount), kind, usd(most))
				}
			}
			return ""
		})
	}),
	"price_lowered": flag(ofChange(func(c Change) string {
		if c.Type == "bursar_model" && c.After != nil && lowered(c.Before["price"], c.After["price"]) {
			return "counts less for the same tokens"
		}
		return ""
	})),
	"alert_route_removed": flag(condition{change: func(c Change) []string {
		if c.Type == "bursar_alert_route" {
			return c.Loosened
		}
		return nil
	}}),
	"period_shortened": flag(ofChange(func(c Change) string {
		for _, why := range c.Loosened {
			if strings.Contains(why, "budget_duration") {
				return why
			}
		}
		before, _ := c.Before["budget_duration"].(string)
		after, _ := c.After["budget_duration"].(string)
		if before != after && c.Before["max_budget"] == c.After["max_budget"] && c.MonthAfterUSD > c.MonthBeforeUSD {
			return "has a shorter period: " + before + " -> " + after
		}
		return ""
	})),
	"cel": {kindText, expression},
}

// conditionKind is what a condition takes behind its name, and what it makes of that.
type conditionKind struct {
	kind argumentKind
	make func(argument) (condition, error)
}

// argumentKind is a kind of value.
type argumentKind int

const (
	kindNumber argumentKind = iota // not negative
	kindFlag                       // true
	kindText                       // an expression
)

func caps(c Change) bool { return c.Type == "bursar_team" || c.Type == "bursar_budget" }

func ofChange(why func(Change) string) condition {
	return condition{change: func(c Change) []string {
		if text := why(c); text != "" {
			return []string{text}
		}
		return nil
	}}
}

func number(make func(float64) condition) conditionKind {
	return conditionKind{kindNumber, func(a argument) (condition, error) {
		amount, err := a.number()
		return make(amount), err
	}}
}

// flag is a condition that is either asked for or not there.
func flag(c condition) conditionKind {
	return conditionKind{kindFlag, func(a argument) (condition, error) { return c, a.isTrue() }}
}

// lowered says whether any figure of a price is less than before, at any depth.
func lowered(before, after any) bool {
	switch before := before.(type) {
	case float64:
		now, ok := after.(float64)
		return ok && now < before
	case map[string]any:
		now, _ := after.(map[string]any)
		for name, each := range before {
			if lowered(each, now[name]) {
				return true
			}
		}
	case []any:
		now, _ := after.([]any)
		for i, each := range before {
			if i < len(now) && lowered(each, now[i]) {
				return true
			}
		}
	}
	return false
}
