package review

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// CallReader tells what was called, usually by asking a gateway.
type CallReader interface {
	// ListUsage answers with one sum for each combination that the query groups by.
	ListUsage(ctx context.Context, query api.UsageQuery) ([]api.UsageSum, error)
}

// PeakReader tells what was used of limits per minute, usually by asking a gateway.
type PeakReader interface {
	QuotaPeaks(ctx context.Context, from time.Time) ([]api.LimitPeak, error)
}

// lastWeek is how far back is looked for who uses what.
const lastWeek = 7 * 24 * time.Hour

// lately is how often keys were used in the last week, by team and key.
type lately struct {
	asked  bool
	byTeam map[string]map[string]int64
	byKey  map[string]int64
	failed error
}

// goes says that people lose what they may use.
func (o object) goes() bool {
	return (o.kind == teamKind || o.kind == keyKind) && (o.action == deleted || o.action == replaced)
}

// readCalls asks who uses what goes away; nothing is asked where nothing does.
func readCalls(ctx context.Context, gateway CallReader, objects []object, now time.Time) lately {
	if gateway == nil || !slices.ContainsFunc(objects, object.goes) {
		return lately{}
	}
	read := lately{asked: true, byTeam: map[string]map[string]int64{}, byKey: map[string]int64{}}
	sums, err := gateway.ListUsage(ctx, api.UsageQuery{GroupBy: []string{api.GroupTeam, api.GroupKey}, Period: api.PeriodTotal, From: now.Add(-lastWeek)})
	read.failed = err
	for _, sum := range sums {
		key := deref(sum.KeyID)
		team := deref(sum.TeamID)
		if read.byTeam[team] == nil {
			read.byTeam[team] = map[string]int64{}
		}
		read.byTeam[team][key] += sum.TotalRequests
		read.byKey[key] += sum.TotalRequests
	}
	return read
}

func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// notes say of what goes away who still uses it.
func (c lately) notes(objects []object, all people) []string {
	switch {
	case !c.asked:
		return nil
	case c.failed != nil:
		return []string{"Who still uses what goes away could not be read from the gateway: " + code(c.failed.Error())}
	}
	var notes []string
	unused := 0
	for _, o := range objects {
		id := o.before.at(o.kind.id).text()
		if !o.goes() || id == "" {
			continue
		}
		note := c.note(o, id, all)
		if note == "" {
			unused++
			continue
		}
		notes = append(notes, note)
	}
	if unused > 0 {
		notes = append(notes, fmt.Sprintf("%s of what goes away had no call in the last 7 days.", thousands(strconv.Itoa(unused))))
	}
	return notes
}

// note says how often something was used, and by which keys; nothing for what was not.
func (c lately) note(o object, id string, all people) string {
	if o.kind == keyKind {
		n := c.byKey[id]
		if n == 0 {
			return ""
		}
		name := code(id)
		if alias := o.before.shown("key_alias"); alias != "" {
			name = alias
		}
		return fmt.Sprintf("key %s is still used: %s in the last 7 days.", name, counting(int(n), "call"))
	}
	var n int64
	byKey := c.byTeam[id]
	keys := slices.SortedFunc(maps.Keys(byKey), func(a, b string) int { return cmp.Or(cmp.Compare(byKey[b], byKey[a]), cmp.Compare(a, b)) })
	names := make([]string, 0, len(keys))
	for _, key := range keys {
		n += byKey[key]
		if key != "" {
			names = append(names, fmt.Sprintf("key %s (%s)", code(key), thousands(strconv.FormatInt(byKey[key], 10))))
		}
	}
	if n == 0 {
		return ""
	}
	text := fmt.Sprintf("team %s is still used: %s in the last 7 days", all[id].whom(code(id)), counting(int(n), "call"))
	if len(names) == 0 {
		return text + "."
	}
	return text + ", by " + named("", names)
}

// peaks are the busiest minutes of the last week, by team.
type peaks struct {
	requests, tokens map[string]int64
	failed           error
}

func readPeaks(ctx context.Context, gateway PeakReader, teams []api.TeamEffect, now time.Time) peaks {
	read := peaks{requests: map[string]int64{}, tokens: map[string]int64{}}
	if gateway == nil || len(teams) == 0 {
		return read
	}
	found, err := gateway.QuotaPeaks(ctx, now.Add(-lastWeek))
	read.failed = err
	for _, peak := range found {
		if peak.KeyID != "" || peak.Model != "" {
			continue
		}
		switch peak.Limit {
		case "team.requests":
			read.requests[peak.TeamID] = peak.Peak
		case "team.tokens":
			read.tokens[peak.TeamID] = peak.Peak
		}
	}
	return read
}

// of is a team's busiest minute. The last day is known of every team, the week of those that have had a limit.
func (p peaks) of(team api.TeamEffect) string {
	return fmt.Sprintf("%s requests, %s tokens", thousands(fmt.Sprint(max(p.requests[team.TeamID], team.PeakLastDay.Requests))),
		thousands(fmt.Sprint(max(p.tokens[team.TeamID], team.PeakLastDay.Tokens))))
}

func (p peaks) notes() []string {
	if p.failed == nil {
		return nil
	}
	return []string{"The busiest minutes are those of the last day; the week's could not be read from the gateway: " + code(p.failed.Error())}
}
