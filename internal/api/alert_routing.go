package api

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// AlertRouting says when a route hears of what it asks for.
type AlertRouting struct {
	// Labels restrict the route to teams whose metadata has all of these values.
	Labels map[string]string `json:"labels"`
	// Fallback makes the route hear only of what no other route takes.
	Fallback bool `json:"fallback"`
	// GroupWait is how long a message waits for others about the same team, such as "30s", to go out as one. A refusal by a cap
	// does not wait.
	GroupWait *string `json:"group_wait"`
	// RepeatInterval is how often a budget that is still over what was told is told again, such as "24h".
	RepeatInterval *string `json:"repeat_interval"`
	// QuietHours are hours in which what is not critical waits for their end, such as "22:00-07:00 Europe/Berlin".
	QuietHours *string `json:"quiet_hours"`
	// EscalateTo is the alert_route_id of the route that hears of a refusal which nobody acknowledged.
	EscalateTo *string `json:"escalate_to"`
	// EscalateAfter is how long that waits, such as "15m".
	EscalateAfter *string `json:"escalate_after"`
	// Digest is when the route gets what each of its teams has spent, has as its cap, will cost and was refused: "daily 08:00
	// Europe/Berlin" of the day before, "weekly monday 08:00" of the seven days before, "monthly 1 08:00" of the month before, with advice on limits. A route that wants nothing else
	// has the event digest alone.
	Digest *string `json:"digest"`
}

const (
	longestGroupWait = 10 * time.Minute
	shortestRepeat   = 5 * time.Minute
	longestRepeat    = 31 * 24 * time.Hour
)

func (v *validation) alertRouting(r AlertRoute) {
	for name, value := range r.Labels {
		if strings.TrimSpace(name) == "" || len(name) > 128 || len(value) > 1024 {
			v.fail("labels", "%q is no name and value of a team's metadata", name)
		}
	}
	v.span("group_wait", r.GroupWait, time.Second, longestGroupWait)
	v.span("repeat_interval", r.RepeatInterval, shortestRepeat, longestRepeat)
	v.span("escalate_after", r.EscalateAfter, time.Minute, longestRepeat)
	if (r.EscalateTo == nil) != (r.EscalateAfter == nil) {
		v.fail("escalate_after", "and escalate_to go together")
	}
	if r.EscalateTo != nil && *r.EscalateTo == r.AlertRouteID {
		v.fail("escalate_to", "is the route itself; name another one")
	}
	v.digest(r)
	if r.QuietHours != nil {
		if _, err := ParseQuietHours(*r.QuietHours); err != nil {
			v.fail("quiet_hours", "%s", err)
		}
	}
}

func (v *validation) span(field string, text *string, least, most time.Duration) {
	if text == nil {
		return
	}
	if span, err := time.ParseDuration(*text); err != nil || span < least || span > most {
		v.fail(field, "%q is no time between %s and %s; write one such as 30s, 15m or 24h", *text, least, most)
	}
}

// SpanOf is a duration that was validated; zero for none.
func SpanOf(text *string) time.Duration {
	if text == nil {
		return 0
	}
	span, err := time.ParseDuration(*text)
	if err != nil {
		return 0
	}
	return span
}

// QuietHours are hours of each day in a time zone. The zero value is none.
type QuietHours struct {
	from, to time.Duration
	zone     *time.Location
}

var quietHours = regexp.MustCompile(`^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)(?: (\S+))?$`)

// ParseQuietHours reads "22:00-07:00 Europe/Berlin"; without a zone it is UTC.
func ParseQuietHours(text string) (QuietHours, error) {
	parts := quietHours.FindStringSubmatch(text)
	if parts == nil || parts[1]+parts[2] == parts[3]+parts[4] {
		return QuietHours{}, fmt.Errorf("%q are no hours; write them as 22:00-07:00 Europe/Berlin", text)
	}
	zone, err := time.LoadLocation(parts[5])
	if err != nil || parts[5] == "Local" {
		return QuietHours{}, fmt.Errorf("%q is not an IANA time zone such as Europe/Berlin", parts[5])
	}
	return QuietHours{from: clockTime(parts[1], parts[2]), to: clockTime(parts[3], parts[4]), zone: zone}, nil
}

func clockTime(hours, minutes string) time.Duration {
	span, _ := time.ParseDuration(hours + "h" + minutes + "m") // digits only
	return span
}

// End is when the quiet hours that a moment lies in end; the moment itself when it lies in none.
func (q QuietHours) End(now time.Time) time.Time {
	if q.zone == nil {
		return now
	}
	local := now.In(q.zone)
	at := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute
	within := q.from <= at && at < q.to
	if q.from > q.to {
		within = at >= q.from || at < q.to
	}
	if !within {
		return now
	}
	day := local.Day()
	if q.from > q.to && at >= q.from {
		day++
	}
	return time.Date(local.Year(), local.Month(), day, int(q.to.Hours()), int(q.to.Minutes())%60, 0, 0, q.zone).UTC()
}

// AlertDecision is why a route hears of an event or does not.
type AlertDecision struct {
	AlertRouteID string `json:"alert_route_id"`
	Name         string `json:"name"`
	// Takes says whether it does.
	Takes bool `json:"takes"`
	// Reason says why.
	Reason string `json:"reason"`
	// At is when the message may go out at the earliest; nil is at once.
	At *time.Time `json:"at,omitempty"`
}

// AlertTeam is what routes need of a team.
type AlertTeam struct {
	// Labels are the texts, numbers and truths of its metadata.
	Labels map[string]string
	// Owners are the addresses of its admins, and those of metadata.contacts.
	Owners []string
}

// AlertSilence keeps events from going out for a while.
type AlertSilence struct {
	SilenceID string `json:"silence_id"`
	// TeamID is the team that is silenced; empty is every team.
	TeamID string `json:"team_id"`
	// Event is the event that is silenced; empty is every event.
	Event     string    `json:"event"`
	Until     time.Time `json:"until"`
	Reason    string    `json:"reason"`
	CreatedBy string    `json:"created_by"`
	CreatedAt time.Time `json:"created_at"`
}

// Covers says whether an event is silenced.
func (s AlertSilence) Covers(event AlertEvent) bool {
	return (s.TeamID == "" || s.TeamID == event.TeamID) && (s.Event == "" || s.Event == event.Type)
}

// AlertEventRecord is an event with what was decided about it.
type AlertEventRecord struct {
	AlertEvent
	// Decisions say which routes took the event and which did not, and why; of those that did not, the first fifty.
	Decisions []AlertDecision `json:"decisions"`
	// AcknowledgedAt is when somebody said that they look into it, AcknowledgedBy who.
	AcknowledgedAt *time.Time `json:"acknowledged_at"`
	AcknowledgedBy string     `json:"acknowledged_by"`
}

// AlertEventFilter selects events, newest first. An empty field does not restrict.
type AlertEventFilter struct {
	EventID  string
	Type     string
	Severity string
	TeamID   string
	// Limit is the most rows to answer, zero is all of them; Offset is how many to pass over first.
	Limit  int
	Offset int
}

// StandingAlert is an event of a budget that still holds, and a route that heard of it.
type StandingAlert struct {
	Event        AlertEvent
	AlertRouteID string
	Acknowledged bool
}

// Labels are the plain values of the team's metadata, as routes compare them: texts, numbers and truths.
func (t Team) Labels() map[string]string {
	labels := map[string]string{}
	for name, value := range t.Metadata {
		var text string
		if json.Unmarshal(value, &text) == nil {
			labels[name] = text
		} else if len(value) > 0 && value[0] != '{' && value[0] != '[' && string(value) != "null" {
			labels[name] = string(value)
		}
	}
	return labels
}

// hasLabels says whether labels have all of the wanted values.
func hasLabels(labels, wanted map[string]string) bool {
	for name, value := range wanted {
		if own, found := labels[name]; !found || own != value {
			return false
		}
	}
	return true
}

// Tells says whether the route tells of a team at all, by its team_ids and labels.
func (r AlertRoute) Tells(team Team) bool {
	return r.Covers(team.TeamID) && hasLabels(team.Labels(), r.Labels)
}
