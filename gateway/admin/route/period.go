package route

import (
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// moments are the forms of a time that are read, in UTC unless they say otherwise.
var moments = []string{time.DateOnly, time.RFC3339, time.DateTime, "2006-01-02T15:04:05", "2006-01-02T15:04"}

// Period reads start_date and end_date: a day is meant whole, so an end_date of 2026-11-30 ends with that
// day; a time is meant as it stands. Either may be left out, and is then the zero time.
func (c *Call) Period() (from, to time.Time, err error) {
	from, _, err = c.Moment("start_date")
	if err != nil {
		return from, to, err
	}
	to, whole, err := c.Moment("end_date")
	if err != nil {
		return from, to, err
	}
	if whole {
		to = to.AddDate(0, 0, 1)
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return from, to, api.FieldErrorf("end_date", "is before start_date")
	}
	return from, to, nil
}

// Moment reads a time of the query and says whether it is a whole day.
func (c *Call) Moment(name string) (at time.Time, whole bool, err error) {
	text := c.Query.Get(name)
	if text == "" {
		return time.Time{}, false, nil
	}
	for _, form := range moments {
		if at, err := time.Parse(form, text); err == nil && at.Year() >= 1 && at.Year() < 9999 {
			return at.UTC(), form == time.DateOnly, nil
		}
	}
	return time.Time{}, false, api.NeitherDayNorMoment(name, text)
}

// List reads a parameter that may be given several times, or once with commas; nil when it is left out.
func (c *Call) List(names ...string) []string {
	var list []string
	for _, name := range names {
		for _, value := range c.Query[name] {
			for part := range strings.SplitSeq(value, ",") {
				if part = strings.TrimSpace(part); part != "" && !slices.Contains(list, part) {
					list = append(list, part)
				}
			}
		}
	}
	return list
}
