package api

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// EventDigest tells what teams have spent on a day, in a week or in a month. It goes to routes with a digest, each its own.
const EventDigest = "digest"

// AlertDigest is what teams have spent in some days, those whose caps fall first at the front.
type AlertDigest struct {
	// From and To are the first and the last UTC day.
	From string `json:"from"`
	To   string `json:"to"`
	// Spend is what all teams of the digest have spent in these days, Refused how many of their calls were refused.
	Spend   money.Nano `json:"spend"`
	Refused int64      `json:"refused"`
	// Teams are those that spent something, were refused something or have a cap that falls; Others is how many more there are.
	Teams  []DigestTeam `json:"teams"`
	Others int          `json:"others"`
	// Advice are a few lines about limits that could be others and keys that nobody uses, once a month.
	Advice []string `json:"advice,omitempty"`
}

// DigestTeam is how a team stands.
type DigestTeam struct {
	TeamID    string `json:"team_id"`
	TeamAlias string `json:"team_alias,omitempty"`
	// Spend is what the days have cost, Refused how many calls were refused in them.
	Spend   money.Nano `json:"spend"`
	Refused int64      `json:"refused"`
	// PeriodSpend is what the budget's running period has cost, MaxBudget its cap; null is none.
	PeriodSpend money.Nano  `json:"period_spend"`
	MaxBudget   *money.Nano `json:"max_budget"`
	// Forecast is what is foreseen of the period, in words.
	Forecast string `json:"forecast"`
}

// DigestTimes are when a digest is due. The zero value is never.
type DigestTimes struct {
	// Weekly says that it comes once a week, on Day.
	Weekly bool
	Day    time.Weekday
	// DayOfMonth says that it comes once a month, on that day; 0 is not monthly.
	DayOfMonth int

	at   time.Duration
	zone *time.Location
}

var (
	digestTimes = regexp.MustCompile(`^(daily|weekly ([a-z]+)|monthly ([1-9]|1\d|2[0-8])) ([01]\d|2[0-3]):([0-5]\d)(?: (\S+))?$`)
	weekdays    = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}
)

// ParseDigest reads "daily 08:00 Europe/Berlin", "weekly monday 08:00" and "monthly 1 08:00", of which a day until the 28th is in each month; without a zone it is UTC.
func ParseDigest(text string) (DigestTimes, error) {
	parts := digestTimes.FindStringSubmatch(text)
	day := -1
	if parts != nil {
		day = slices.Index(weekdays, parts[2])
	}
	if parts == nil || parts[2] != "" && day < 0 {
		return DigestTimes{}, fmt.Errorf(`%q is no time of a digest; write one such as "daily 08:00 Europe/Berlin", "weekly monday 08:00" or "monthly 1 08:00", on a day from 1 to 28`, text)
	}
	zone, err := time.LoadLocation(parts[6])
	if err != nil || parts[6] == "Local" {
		return DigestTimes{}, fmt.Errorf("%q is not an IANA time zone such as Europe/Berlin", parts[6])
	}
	dayOfMonth, _ := strconv.Atoi(parts[3]) // none is 0
	return DigestTimes{DayOfMonth: dayOfMonth, Weekly: day >= 0, Day: time.Weekday(max(day, 0)), at: clockTime(parts[4], parts[5]), zone: zone}, nil
}

// Last is the latest moment, not after now, at which a digest was due.
func (d DigestTimes) Last(now time.Time) time.Time {
	local := now.In(d.zone)
	for back := range 32 {
		day := local.AddDate(0, 0, -back)
		if d.Weekly && day.Weekday() != d.Day || d.Monthly() && day.Day() != d.DayOfMonth {
			continue
		}
		due := time.Date(day.Year(), day.Month(), day.Day(), int(d.at.Hours()), int(d.at.Minutes())%60, 0, 0, d.zone)
		if !due.After(now) {
			return due.UTC()
		}
	}
	return time.Time{} // 32 days have each day
}

// Monthly says that the digest comes once a month.
func (d DigestTimes) Monthly() bool { return d.DayOfMonth > 0 }

// Days are the first UTC day that a digest of that moment tells of, and the one after the last: the day before it, the seven, or
// the month.
func (d DigestTimes) Days(due time.Time) (from, to time.Time) {
	to = due.UTC().Truncate(24 * time.Hour)
	switch {
	case d.Monthly():
		return due.In(d.zone).AddDate(0, -1, 0).UTC().Truncate(24 * time.Hour), to // from where the digest before ended
	case d.Weekly:
		return to.AddDate(0, 0, -7), to
	}
	return to.AddDate(0, 0, -1), to
}

func (v *validation) digest(r AlertRoute) {
	if r.Digest == nil {
		return
	}
	if _, err := ParseDigest(*r.Digest); err != nil {
		v.fail("digest", "%s", err)
	}
	if r.PagerDuty != nil || r.Alertmanager != nil {
		v.fail("digest", "goes to people and programs that read it: by slack, email, microsoft_teams or webhook; %s opens incidents", r.Target().Kind())
	}
}
