package main

import (
	"slices"
	"time"
)

// windowLength is the interval that rate limits speak of.
const windowLength = time.Minute

// admission is one admitted call.
type admission struct {
	at     int64 // unix milliseconds
	tokens int64
}

// admissions lists a team's admitted calls, oldest first. A call that was given back was admitted all the same.
func admissions(bookings map[string]*booking, team string) (list []admission) {
	for _, b := range bookings {
		if b.team == team {
			list = append(list, admission{at: b.admittedAt, tokens: b.tokens})
		}
	}
	slices.SortFunc(list, func(a, b admission) int { return int(a.at - b.at) })
	return list
}

func sumTokens(list []admission) (tokens int64) {
	for _, a := range list {
		tokens += a.tokens
	}
	return tokens
}

// worst is the most that any 60 seconds held.
type worst struct{ requests, tokens int64 }

// worstMinutes looks at every 60 seconds that end with an admission. Those in which Redis lost what it had
// counted are kept apart: windows are not in the ledger, so that nobody can count them again.
func worstMinutes(list []admission, losses []fault) (whole, broken worst) {
	first := 0
	var sum worst
	for last, a := range list {
		sum.requests, sum.tokens = sum.requests+1, sum.tokens+a.tokens
		for list[first].at <= a.at-windowLength.Milliseconds() {
			sum.requests, sum.tokens = sum.requests-1, sum.tokens-list[first].tokens
			first++
		}
		kind := &whole
		if lostWithin(losses, list[first].at, list[last].at) {
			kind = &broken
		}
		kind.requests, kind.tokens = max(kind.requests, sum.requests), max(kind.tokens, sum.tokens)
	}
	return whole, broken
}

// lostWithin says whether counters were lost while an interval was being counted.
func lostWithin(losses []fault, from, to int64) bool {
	return slices.ContainsFunc(losses, func(f fault) bool {
		return !f.losesFrom.IsZero() && f.losesFrom.UnixMilli() <= to && f.until.UnixMilli() >= from
	})
}
