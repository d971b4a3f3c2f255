// Package forecast says from what past days cost when a cap falls, and whether a day is out of line.
//
// It promises rules that a person can follow with pencil and paper, which the alerts guide states with examples that are
// the tests of this package, and the same answer to the same question. It must never read a clock or a record.
//
// # A forecast
//
// A day is one of UTC, and history the whole days before today, 28 at most, from the first that cost something on.
//
//  1. There is none for a period without end or shorter than seven days, before three days and a fifth of the period
//     have passed, and with fewer than three days of history.
//  2. From 14 days of history on, they are cut into whole weeks that end yesterday. What a week costs is likely the mean
//     of these weeks, at least what the cheapest of them cost, and at most what the dearest did. A weekday costs the part
//     of a week that it had of these weeks together.
//  3. With less, all days are alike. A day costs likely the mean of them, at least the mean of the cheaper half and at
//     most that of the dearer half; of an odd number the middle one is in both.
//  4. Each day that is left of the period is added to what is spent, today by the part of it that is left. The cap falls
//     where a sum reaches it: early with the days at their dearest, late at their cheapest.
//  5. The proposed cap is the dearest end, rounded up to two digits.
package forecast

import (
	"math"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const (
	// HistoryDays is how far back days count.
	HistoryDays = 28
	// Day is a day of UTC.
	Day = 24 * time.Hour

	week = 7
	// shortest is the shortest period with a forecast, soonest how much of one has passed at least, and fewest how many
	// days are known at least.
	shortest    = 7 * Day
	soonest     = 3 * Day
	soonestPart = 5
	fewest      = 3
)

// History is what each of the whole days before today cost, yesterday last.
type History []money.Nano

// HistoryOf are the days before today, from the first one with a cost on, out of what each day cost, by 2006-01-02.
func HistoryOf(days map[string]money.Nano, now time.Time) History {
	today := now.UTC().Truncate(Day)
	var history History
	for back := HistoryDays; back >= 1; back-- {
		cost := days[today.AddDate(0, 0, -back).Format(time.DateOnly)]
		if len(history) > 0 || cost > 0 {
			history = append(history, cost)
		}
	}
	return history
}

// Budget is what is asked about.
type Budget struct {
	// Start and End bound the running period; a zero End never comes.
	Start, End time.Time
	// Spent is what the period has cost so far.
	Spent money.Nano
	// Cap is nil without one.
	Cap *money.Nano
}

// Silence is why there is no forecast, "" when there is one.
type Silence string

// Reasons for a [Silence].
const (
	// PeriodTooShort: the period is shorter than seven days.
	PeriodTooShort Silence = "period_too_short"
	// PeriodWithoutEnd: the budget never starts anew.
	PeriodWithoutEnd Silence = "period_without_end"
	// TooEarly: fewer than three days or less than a fifth of the period has passed.
	TooEarly Silence = "too_early"
	// TooFewDays: fewer than three days are known.
	TooFewDays Silence = "too_few_days"
)

// Range is an amount with what it is at least and at most.
type Range struct{ Low, Likely, High money.Nano }

// Forecast is what a period will cost and when its cap falls.
type Forecast struct {
	// Silence says why there is nothing else.
	Silence Silence
	// End is what the whole period costs.
	End Range
	// Early, Likely and Late are when the cap falls with the dearest, the likely and the cheapest days; zero is not within
	// the period.
	Early, Likely, Late time.Time
	// Over says that the cap is reached already.
	Over bool
	// ProposedCap is one that the period fits in.
	ProposedCap money.Nano
	// Weeks are what the whole weeks of the history cost, the last one last; empty when there are none.
	Weeks []money.Nano
	// Week is what the next seven days cost, and Weekdays what each of them is likely to, Sunday first.
	Week     Range
	Weekdays [week]money.Nano
}

// CapFalls says that even the cheapest days lead past the cap before the period ends.
func (f Forecast) CapFalls() bool { return f.Silence == "" && !f.Over && !f.Late.IsZero() }

// Of is the forecast of a budget at a time.
func Of(history History, budget Budget, now time.Time) Forecast {
	f := Forecast{Over: budget.Cap != nil && budget.Spent >= *budget.Cap}
	if f.Silence = silence(history, budget, now); f.Silence != "" {
		return f
	}
	pace := paceOf(history, now)
	f.Weeks, f.Week = pace.weeks, pace.week()
	for day := range week {
		f.Weekdays[day] = money.Nano(math.Round(pace.likely * pace.share[day]))
	}
	end := [3]money.Nano{}
	falls := [3]time.Time{}
	for i, weekly := range [3]float64{pace.low, pace.likely, pace.high} {
		end[i], falls[i] = walk(budget, now, weekly, pace.share)
	}
	f.End = Range{Low: end[0], Likely: end[1], High: end[2]}
	f.Late, f.Likely, f.Early = falls[0], falls[1], falls[2]
	f.ProposedCap = roundUp(f.End.High)
	return f
}

// Ahead is what a period costs by its end, and when its cap falls, zero for not within it, at the pace of a week whose days
// cost so much, Sunday first. From is now, or the beginning of a period that is yet to come.
func Ahead(budget Budget, from time.Time, weekdays [week]money.Nano) (end money.Nano, falls time.Time) {
	weekly, of := float64(sumOf(weekdays[:])), [week]float64{}
	for day, cost := range weekdays {
		of[day] = share(float64(cost), weekly)
	}
	return walk(budget, from, weekly, of)
}

func silence(history History, budget Budget, now time.Time) Silence {
	length, passed := budget.End.Sub(budget.Start), now.Sub(budget.Start)
	switch {
	case budget.End.IsZero() || budget.Start.IsZero():
		return PeriodWithoutEnd
	case length < shortest:
		return PeriodTooShort
	case passed < soonest || passed < length/soonestPart:
		return TooEarly
	case len(history) < fewest:
		return TooFewDays
	default:
		return ""
	}
}

// pace is what a week costs, in nano-USD, and which share of it each weekday has.
type pace struct {
	low, likely, high float64
	share             [week]float64
	weeks             []money.Nano
}

func (p pace) week() Range {
	return Range{money.Nano(math.Round(p.low)), money.Nano(math.Round(p.likely)), money.Nano(math.Round(p.high))}
}

func paceOf(history History, now time.Time) pace {
	if len(history) < 2*week {
		return evenPace(history)
	}
	p := pace{}
	history = history[len(history)%week:]
	first := now.UTC().Truncate(Day).AddDate(0, 0, -len(history)).Weekday()
	var all float64
	for i, cost := range history {
		p.share[(int(first)+i)%week] += float64(cost)
		all += float64(cost)
	}
	for whole := range slices.Chunk(history, week) {
		p.weeks = append(p.weeks, sumOf(whole))
	}
	for day := range p.share {
		p.share[day] = share(p.share[day], all)
	}
	p.low, p.high = float64(slices.Min(p.weeks)), float64(slices.Max(p.weeks))
	p.likely = all / float64(len(p.weeks))
	return p
}

// evenPace is the pace of days that say nothing of weekdays.
func evenPace(history History) pace {
	days := slices.Sorted(slices.Values(history))
	half := (len(days) + 1) / 2
	p := pace{low: week * mean(days[:half]), likely: week * mean(days), high: week * mean(days[len(days)-half:])}
	for day := range p.share {
		p.share[day] = 1. / week
	}
	return p
}

func share(of, all float64) float64 {
	if all == 0 {
		return 1. / week
	}
	return of / all
}

func sumOf(days []money.Nano) (sum money.Nano) {
	for _, cost := range days {
		sum += cost
	}
	return sum
}

func mean(days []money.Nano) float64 { return float64(sumOf(days)) / float64(len(days)) }

// walk adds up the days that are left and says what the period costs then, and when its cap falls.
func walk(budget Budget, now time.Time, weekly float64, share [week]float64) (end money.Nano, falls time.Time) {
	spent := float64(budget.Spent)
	for at := now.UTC(); at.Before(budget.End); {
		next := at.Truncate(Day).Add(Day)
		if next.After(budget.End) {
			next = budget.End
		}
		cost := weekly * share[at.Weekday()] * float64(next.Sub(at)) / float64(Day)
		if budget.Cap != nil && falls.IsZero() && spent+cost >= float64(*budget.Cap) {
			falls = reached(at, next, float64(*budget.Cap)-spent, cost)
		}
		spent += cost
		at = next
	}
	return money.Nano(math.Round(spent)), falls
}

// reached is when an amount is spent, between two times that cost so much together.
func reached(from, to time.Time, amount, cost float64) time.Time {
	if amount <= 0 || cost <= 0 {
		return from
	}
	at := from.Add(time.Duration(amount / cost * float64(to.Sub(from)))).Round(time.Second)
	if at.Before(from) {
		return from
	}
	return at
}

// roundUp is an amount with two digits that is no less.
func roundUp(amount money.Nano) money.Nano {
	step := money.Nano(1)
	for amount/step >= 100 {
		step *= 10
	}
	step = max(step, money.USD/100)
	return (amount + step - 1) / step * step
}
