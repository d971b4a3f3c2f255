package alert

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// digestTitle says of which days it is.
func digestTitle(event api.AlertEvent) string {
	if event.Digest == nil {
		return "digest"
	}
	from, to := dayInWords(event.Digest.From), dayInWords(event.Digest.To)
	if from == to {
		return fmt.Sprintf("%s was spent on %s", Amount(event.Digest.Spend), to)
	}
	return fmt.Sprintf("%s was spent from %s to %s", Amount(event.Digest.Spend), from, to)
}

func dayInWords(text string) string {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return text
	}
	return day.Format("Monday 2 January")
}

// digestFacts are one for each team: what it spent, its cap, what is foreseen, what it was refused.
func digestFacts(digest api.AlertDigest) []Fact {
	var facts []Fact
	for _, team := range digest.Teams {
		parts := []string{Amount(team.Spend)}
		period := Amount(team.PeriodSpend) + " in the period, without a cap"
		if team.MaxBudget != nil {
			period = fmt.Sprintf("%s of %s in the period", Amount(team.PeriodSpend), Amount(*team.MaxBudget))
			if *team.MaxBudget > 0 {
				period += fmt.Sprintf(" (%d %%)", int64(float64(team.PeriodSpend)/float64(*team.MaxBudget)*100))
			}
		}
		parts = append(parts, period)
		if team.Forecast != "" && !strings.HasPrefix(team.Forecast, "no forecast") {
			parts = append(parts, team.Forecast)
		}
		if team.Refused > 0 {
			parts = append(parts, fmt.Sprintf("%d calls refused", team.Refused))
		}
		facts = append(facts, Fact{cmp.Or(team.TeamAlias, team.TeamID), strings.Join(parts, "; ")})
	}
	for _, line := range digest.Advice {
		facts = append(facts, Fact{"Advice", line})
	}
	return facts
}
