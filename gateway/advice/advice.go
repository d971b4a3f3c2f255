// Package advice compares what teams may use with what they use, for whoever looks at every limit once in a quarter.
//
// It promises numbers that anybody can work out again, proposals with the reason beside them, and silence where too little
// is known. It must never know where the numbers come from, nor change anything.
package advice

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Input is what there is to look at.
type Input struct {
	Teams  []api.Team
	Keys   []api.Key
	Models []api.Model
	// Peaks are what was used of limits since PeaksFrom.
	Peaks     []api.LimitPeak
	PeaksFrom time.Time
	// Months are what teams used, one sum for each team and calendar month; only whole months count.
	Months []api.UsageSum
	// KeyUse is what keys used since UnusedSince.
	KeyUse      []api.UsageSum
	UnusedSince time.Time
	Now         time.Time
}

// Report is the advice.
type Report struct {
	PeaksFrom   time.Time `json:"peaks_from"`
	UnusedSince time.Time `json:"unused_since"`
	// Limits are the teams' limits with what was used of them, by team.
	Limits []Limit `json:"limits"`
	// UnusedKeys had no call.
	UnusedKeys []UnusedKey `json:"unused_keys"`
	// Oversold are models whose deployments take less than the teams that may ask for them have.
	Oversold []Oversold `json:"oversold"`
}

// Limit is one limit of one team.
type Limit struct {
	TeamID string `json:"team_id"`
	// Attribute is what it is called, such as rpm_limit, and Cap what it is, for a budget in USD a month.
	Attribute string  `json:"attribute"`
	Cap       float64 `json:"cap"`
	// P99 is what 99 of 100 busy minutes stayed at or below, for a budget what the dearest month cost; Peak is the most.
	P99  float64 `json:"p99"`
	Peak float64 `json:"peak"`
	// Over is how many minutes with any use that is from, for a budget how many whole months.
	Over int64 `json:"over"`
	// Proposed is another limit; nil leaves it as it is. Why says in a few words what is found.
	Proposed *float64 `json:"proposed"`
	Why      string   `json:"why"`
}

// UnusedKey is a key that had no call.
type UnusedKey struct {
	KeyID    string    `json:"key_id"`
	KeyAlias string    `json:"key_alias,omitempty"`
	TeamID   string    `json:"team_id,omitempty"`
	Made     time.Time `json:"made"`
}

// Oversold is a model of which teams may use more than there is.
type Oversold struct {
	Model string `json:"model"`
	// Attribute is rpm or tpm. Teams is what the teams' limits add up to, Deployments what these take. Unlimited is how many
	// of the teams have no such limit at all.
	Attribute   string `json:"attribute"`
	Teams       int64  `json:"teams"`
	Deployments int64  `json:"deployments"`
	Unlimited   int    `json:"unlimited"`
}

// How far back is looked, unless somebody asks otherwise. A gateway has the minutes that it keeps.
const (
	PeaksOver = 92 * 24 * time.Hour
	UnusedFor = 30 * 24 * time.Hour
	months    = 3
)

// MonthsFrom is the first day of the whole months that are looked at.
func MonthsFrom(now time.Time) time.Time {
	return time.Date(now.UTC().Year(), now.UTC().Month()-months, 1, 0, 0, 0, 0, time.UTC)
}

const (
	// fewMinutes is how many busy minutes tell too little, and fewMonths how many whole months.
	fewMinutes = 30
	fewMonths  = 1
	// idle is the share of a limit below which there is much more than is needed, tight the one above which there is little left.
	idle, tight = 1.0 / 3, 0.9
	// room is how much a proposal leaves above what was needed.
	room = 1.5
	// monthRoom is the same for money, of which the dearest month is known and not only 99 of 100 minutes.
	monthRoom = 1.25
)

// Advise looks at everything.
func Advise(in Input) Report {
	report := Report{PeaksFrom: in.PeaksFrom, UnusedSince: in.UnusedSince, Limits: []Limit{}, UnusedKeys: in.unusedKeys(), Oversold: in.oversold()}
	for _, team := range in.Teams {
		report.Limits = append(report.Limits, in.rates(team)...)
		if limit, ok := in.budget(team); ok {
			report.Limits = append(report.Limits, limit)
		}
	}
	slices.SortStableFunc(report.Limits, func(a, b Limit) int { return cmp.Compare(a.TeamID, b.TeamID) })
	return report
}

// rates are a team's limits per minute, and how many calls it may have under way.
func (in Input) rates(team api.Team) (limits []Limit) {
	for _, of := range []struct {
		attribute, kind string
		limit           *int64
	}{
		{"rpm_limit", "team.requests", team.RPMLimit},
		{"tpm_limit", "team.tokens", team.TPMLimit},
		{"max_parallel_requests", "team.max_parallel_requests", team.MaxParallelRequests},
	} {
		if of.limit == nil || *of.limit == 0 {
			continue // none, or all is refused on purpose
		}
		found := Limit{TeamID: team.TeamID, Attribute: of.attribute, Cap: float64(*of.limit)}
		for _, peak := range in.Peaks {
			if peak.TeamID == team.TeamID && peak.Limit == of.kind && peak.KeyID == "" && peak.Model == "" {
				found.P99, found.Peak, found.Over = float64(peak.P99), float64(peak.Peak), peak.Minutes
			}
		}
		found.judge(fewMinutes, room)
		limits = append(limits, found)
	}
	return limits
}

// budget is a team's cap over a calendar month. Other periods are not summed up so.
func (in Input) budget(team api.Team) (Limit, bool) {
	if team.MaxBudget == nil || *team.MaxBudget == 0 || team.BudgetDuration == nil {
		return Limit{}, false
	}
	span, err := api.ParseSpan(*team.BudgetDuration)
	if err != nil || span != (api.Span{Count: 1, Unit: api.Month}) && span != (api.Span{Count: 30, Unit: api.Day}) {
		return Limit{}, false
	}
	found := Limit{TeamID: team.TeamID, Attribute: "max_budget", Cap: dollars(*team.MaxBudget)}
	this := in.Now.UTC().Format("2006-01")
	for _, sum := range in.Months {
		whole := sum.PeriodStart != "" && sum.PeriodStart[:7] != this
		if sum.TeamID == nil || *sum.TeamID != team.TeamID || !whole {
			continue
		}
		found.Over++
		found.Peak = max(found.Peak, dollars(sum.TotalCost))
	}
	found.P99 = found.Peak
	found.judge(fewMonths, monthRoom)
	return found, true
}

func dollars(amount money.Nano) float64 { return float64(amount) / float64(money.USD) }

// judge proposes what leaves room above what was needed, where the limit is far from that.
func (l *Limit) judge(few int64, room float64) {
	switch share := l.P99 / l.Cap; {
	case l.Over == 0:
		l.Why = "nothing was used of it"
	case l.Over < few:
		l.Why = "too little is known"
	case share < idle:
		l.propose(room)
		l.Why = "is far above what is used"
	case share >= tight:
		l.propose(room)
		l.Why = "is nearly used up"
	default:
		l.Why = "fits"
	}
}

func (l *Limit) propose(room float64) {
	proposed := rounded(max(l.P99*room, l.Peak))
	if proposed != l.Cap {
		l.Proposed = &proposed
	}
}

// rounded is the next number of two digits that matter: 1,234 is 1,300.
func rounded(number float64) float64 {
	if number <= 10 {
		return max(1, math.Ceil(number))
	}
	unit := math.Pow(10, math.Floor(math.Log10(number))-1)
	return math.Ceil(number/unit-1e-9) * unit
}

func (in Input) unusedKeys() []UnusedKey {
	used := map[string]bool{}
	for _, sum := range in.KeyUse {
		if sum.KeyID != nil && sum.TotalRequests > 0 {
			used[*sum.KeyID] = true
		}
	}
	unused := []UnusedKey{}
	for _, key := range in.Keys {
		gone := key.Blocked || key.Expires != nil && !key.Expires.After(in.Now)
		if used[key.KeyID] || gone || key.CreatedAt.After(in.UnusedSince) {
			continue
		}
		found := UnusedKey{KeyID: key.KeyID, Made: key.CreatedAt}
		if key.KeyAlias != nil {
			found.KeyAlias = *key.KeyAlias
		}
		if key.TeamID != nil {
			found.TeamID = *key.TeamID
		}
		unused = append(unused, found)
	}
	slices.SortFunc(unused, func(a, b UnusedKey) int {
		return cmp.Or(cmp.Compare(a.TeamID, b.TeamID), cmp.Compare(a.KeyID, b.KeyID))
	})
	return unused
}

// oversold compares what teams have with what the deployments of a model take. One without a limit takes any number.
func (in Input) oversold() []Oversold {
	deployments := map[string][]api.Model{}
	for _, model := range in.Models {
		if model.Enabled {
			deployments[model.Name] = append(deployments[model.Name], model)
		}
	}
	found := []Oversold{}
	for name, serving := range deployments {
		for attribute, of := range map[string]struct {
			own  func(api.Model) *int64
			team func(api.Team) *int64
		}{
			"rpm": {func(m api.Model) *int64 { return m.RPM }, func(t api.Team) *int64 { return t.RPMLimit }},
			"tpm": {func(m api.Model) *int64 { return m.TPM }, func(t api.Team) *int64 { return t.TPMLimit }},
		} {
			one := Oversold{Model: name, Attribute: attribute}
			if slices.ContainsFunc(serving, func(m api.Model) bool { return of.own(m) == nil }) {
				continue
			}
			for _, model := range serving {
				one.Deployments += *of.own(model)
			}
			for _, team := range in.Teams {
				switch limit := of.team(team); {
				case team.Blocked || !mayAsk(team, serving):
				case limit == nil:
					one.Unlimited++
				default:
					one.Teams += *limit
				}
			}
			if one.Teams > one.Deployments || one.Unlimited > 0 {
				found = append(found, one)
			}
		}
	}
	slices.SortFunc(found, func(a, b Oversold) int {
		return cmp.Or(cmp.Compare(a.Model, b.Model), cmp.Compare(a.Attribute, b.Attribute))
	})
	return found
}

func mayAsk(team api.Team, serving []api.Model) bool {
	return len(team.Models) == 0 || slices.ContainsFunc(team.Models, func(name string) bool {
		return name == "all-proxy-models" || slices.ContainsFunc(serving, func(m api.Model) bool { return m.MeantBy(name) })
	})
}

// Proposals is how many limits would be others.
func (r Report) Proposals() (n int) {
	for _, limit := range r.Limits {
		if limit.Proposed != nil {
			n++
		}
	}
	return n
}

// HCL is the line that a configuration would have.
func (l Limit) HCL() string {
	if l.Proposed == nil {
		return ""
	}
	return fmt.Sprintf("%s = %s # was %s: %s", l.Attribute, plain(*l.Proposed), plain(l.Cap), l.Why)
}
