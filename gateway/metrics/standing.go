package metrics

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Kinds of what has a budget, as they stand in labels.
const (
	KindTeam = "team"
	KindKey  = "key"
	KindPot  = "pot"
)

// Budget is how the budget of a team, key or pot stands in the running period.
type Budget struct {
	Kind, ID, Alias string
	// TeamID is a key's team.
	TeamID string
	// Token is a key's name at LiteLLM.
	Token string
	// Limit and Soft are nil where none is set.
	Limit, Soft     *money.Nano
	Hard            bool
	Spent, Reserved money.Nano
	// ResetAt is the end of the period; zero is never.
	ResetAt time.Time
	// Forecast is what will have been spent at the end of the period; nil is not known.
	Forecast *money.Nano
}

// Window is how the rate limits of a team stand. Limits are negative when not set.
type Window struct {
	TeamID                    string
	RPM, TPM, Parallel        int64
	Requests, Tokens, Running int64
	// Used: what is used is known; of teams without calls lately it is not asked for.
	Used bool
}

// Standing is how all stood at a moment. It is not to be changed once it is shown.
type Standing struct {
	At      time.Time
	Took    time.Duration
	Budgets []Budget
	Windows []Window
	// LeftOut is how many of a kind have no series, as there are more than are shown.
	LeftOut map[string]int
	// Alerts are deliveries of alerts by state, as far as the record keeps them.
	Alerts map[string]int
	// Up says of the record and the counters whether they could be reached.
	Up map[string]bool
	// Running are the calls under way on this gateway.
	Running int
}

// Stands shows how all stands, in place of what was shown before.
func (m *Metrics) Stands(now *Standing) { m.standing.Store(now) }

func (s *Standing) write(p *page) {
	s.writeBudgets(p)
	s.writeWindows(p)
	s.writeGateway(p)
}

// budgetFamily is one series of every budget that has it.
type budgetFamily struct {
	name, help string
	value      func(b *Budget) (float64, bool)
}

var budgetFamilies = []budgetFamily{
	{"bursar_budget_limit_usd", "The cap of a budget in US dollars, by kind (team, key, pot) and id.", func(b *Budget) (float64, bool) { return amount(b.Limit) }},
	{"bursar_budget_soft_limit_usd", "Where people are told before the cap, in US dollars.", func(b *Budget) (float64, bool) { return amount(b.Soft) }},
	{"bursar_budget_hard", "1 when the cap refuses, 0 when it only warns.", func(b *Budget) (float64, bool) { return truth(b.Hard), b.Limit != nil }},
	{"bursar_budget_spent_usd", "US dollars spent in the running period.", func(b *Budget) (float64, bool) { return dollars(b.Spent), true }},
	{"bursar_budget_reserved_usd", "US dollars that calls under way have reserved.", func(b *Budget) (float64, bool) { return dollars(b.Reserved), true }},
	{"bursar_budget_remaining_usd", "US dollars left of the cap after what is spent and reserved; below 0 when it was passed.", func(b *Budget) (float64, bool) {
		if b.Limit == nil {
			return 0, false
		}
		return dollars(*b.Limit - b.Spent - b.Reserved), true
	}},
	{"bursar_budget_reset_timestamp_seconds", "When the running period ends, in seconds since 1970.", func(b *Budget) (float64, bool) {
		return float64(b.ResetAt.Unix()), !b.ResetAt.IsZero()
	}},
	{"bursar_budget_forecast_usd", "US dollars that the period will have cost at its end, by the weekdays of the last weeks.", func(b *Budget) (float64, bool) { return amount(b.Forecast) }},
}

func amount(of *money.Nano) (float64, bool) {
	if of == nil {
		return 0, false
	}
	return dollars(*of), true
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func (s *Standing) writeBudgets(p *page) {
	named := make([]string, len(s.Budgets))
	for i, b := range s.Budgets {
		named[i] = labels("id", b.ID, "kind", b.Kind, "team_id", b.team())
	}
	for _, family := range budgetFamilies {
		p.family(family.name, "gauge", family.help)
		for i := range s.Budgets {
			if value, has := family.value(&s.Budgets[i]); has {
				p.sample(family.name, named[i], value)
			}
		}
	}
}

func (b *Budget) team() string {
	if b.Kind == KindTeam {
		return b.ID
	}
	return b.TeamID
}

func (s *Standing) writeWindows(p *page) {
	kinds := []struct {
		name        string
		limit, used func(w *Window) int64
	}{
		{"requests", func(w *Window) int64 { return w.RPM }, func(w *Window) int64 { return w.Requests }},
		{"tokens", func(w *Window) int64 { return w.TPM }, func(w *Window) int64 { return w.Tokens }},
		{"parallel", func(w *Window) int64 { return w.Parallel }, func(w *Window) int64 { return w.Running }},
	}
	p.family("bursar_rate_limit", "gauge", "A team's limit of requests and tokens in any 60 seconds, and of calls at a time.")
	for _, kind := range kinds {
		for i := range s.Windows {
			if w := &s.Windows[i]; kind.limit(w) >= 0 {
				p.sample("bursar_rate_limit", labels("kind", kind.name, "team_id", w.TeamID), float64(kind.limit(w)))
			}
		}
	}
	p.family("bursar_rate_used", "gauge", "What a team with calls in the last minutes has used of such a limit.")
	for _, kind := range kinds {
		for i := range s.Windows {
			if w := &s.Windows[i]; w.Used && kind.limit(w) >= 0 {
				p.sample("bursar_rate_used", labels("kind", kind.name, "team_id", w.TeamID), float64(kind.used(w)))
			}
		}
	}
}

func (s *Standing) writeGateway(p *page) {
	p.family("bursar_standing_timestamp_seconds", "gauge", "When budgets and limits were last read for these metrics, in seconds since 1970.")
	p.sample("bursar_standing_timestamp_seconds", "", float64(s.At.UnixMilli())/1000)
	p.family("bursar_standing_duration_seconds", "gauge", "How long reading them took.")
	p.sample("bursar_standing_duration_seconds", "", s.Took.Seconds())
	p.family("bursar_standing_left_out", "gauge", "Teams and keys without series of their own, as there are more than metrics.teams and metrics.keys allow.")
	for _, kind := range []string{KindTeam, KindKey, KindPot} {
		p.sample("bursar_standing_left_out", labels("kind", kind), float64(s.LeftOut[kind]))
	}
	p.family("bursar_alert_deliveries", "gauge", "Deliveries of alerts that the record keeps, by state (pending, sent, dead).")
	for _, state := range sorted(s.Alerts) {
		p.sample("bursar_alert_deliveries", labels("state", state), float64(s.Alerts[state]))
	}
	p.family("bursar_store_up", "gauge", "1 while this gateway reaches the record or the counters, else 0.")
	for _, store := range sorted(s.Up) {
		p.sample("bursar_store_up", labels("store", store), truth(s.Up[store]))
	}
	p.family("bursar_reservations_open", "gauge", "Calls under way on this gateway, each with what it has reserved.")
	p.sample("bursar_reservations_open", "", float64(s.Running))
}
