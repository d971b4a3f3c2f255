package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// AlertEvents returns the events that the filter selects, newest first, with what was decided about each, and how many there
// are without the filter's limit and offset.
func (s *Store) AlertEvents(ctx context.Context, filter api.AlertEventFilter) (events []api.AlertEventRecord, total int, err error) {
	values := args{}
	values.given("id", filter.EventID)
	values.given("type", filter.Type)
	values.given("severity", filter.Severity)
	values.given("team_id", filter.TeamID)
	if _, err = s.one(ctx, "alert_event_count", values, &total); err != nil {
		return nil, 0, err
	}
	boundArgs(values, filter.Limit, filter.Offset)
	events = []api.AlertEventRecord{}
	err = s.each(ctx, "alert_event_list", values, func(scan func(...any) error) error {
		var record api.AlertEventRecord
		var document, decisions string
		var ackedMS sql.NullInt64
		if err := scan(&document, &decisions, &ackedMS, &record.AcknowledgedBy); err != nil {
			return err
		}
		if ackedMS.Valid {
			at := timeOf(ackedMS.Int64)
			record.AcknowledgedAt = &at
		}
		if err := decode(decisions, &record.Decisions); err != nil {
			return err
		}
		err := decode(document, &record.AlertEvent)
		events = append(events, record)
		return err
	})
	return events, total, err
}

// AcknowledgeAlert notes that somebody looks into an event, with an audit row. The first one stays. Error: [api.NotFound].
func (s *Store) AcknowledgeAlert(ctx context.Context, change api.Change, eventID string) (record api.AlertEventRecord, err error) {
	change = signed(change)
	err = s.change(ctx, func(ctx context.Context, t *tx) error {
		fresh, err := s.exec(ctx, "alert_event_ack", args{"id": eventID, "now_ms": s.nowMS(), "acked_by": change.Actor})
		if err != nil {
			return err
		}
		found, _, err := s.AlertEvents(ctx, api.AlertEventFilter{EventID: eventID})
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return api.Errorf(api.NotFound, "Alert event not found, passed event_id=%s", eventID)
		}
		record = found[0]
		if fresh == 0 {
			return nil
		}
		return t.audit(ctx, change, "alert_event.acknowledge", eventID, nil, struct {
			TeamID string `json:"team_id,omitempty"`
			Type   string `json:"type"`
		}{record.TeamID, record.Type})
	})
	return record, err
}

// StandingAlerts are the events of budgets that still hold, with each of the routes that got them.
func (s *Store) StandingAlerts(ctx context.Context, routeIDs []string) (standing []api.StandingAlert, err error) {
	err = inChunks(routeIDs, func(chunk []string) error {
		return s.each(ctx, "alert_standing", args{"ids": chunk}, func(scan func(...any) error) error {
			var alert api.StandingAlert
			var document string
			var ackedMS sql.NullInt64
			if err := scan(&document, &alert.AlertRouteID, &ackedMS); err != nil {
				return err
			}
			alert.Acknowledged = ackedMS.Valid
			err := decode(document, &alert.Event)
			standing = append(standing, alert)
			return err
		})
	})
	return standing, err
}

// SilenceAlerts keeps events from going out for a while, with an audit row.
func (s *Store) SilenceAlerts(ctx context.Context, change api.Change, silence api.AlertSilence) (api.AlertSilence, error) {
	change = signed(change)
	now := s.nowMS()
	silence.SilenceID, silence.CreatedBy, silence.CreatedAt = "silence_"+ulid.Make().String(), change.Actor, timeOf(now)
	err := s.change(ctx, func(ctx context.Context, t *tx) error {
		_, err := s.exec(ctx, "alert_silence_insert", args{
			"id": silence.SilenceID, "team_id": silence.TeamID, "event": silence.Event, "until_ms": silence.Until.UnixMilli(),
			"reason": silence.Reason, "created_by": silence.CreatedBy, "now_ms": now,
		})
		if err != nil {
			return err
		}
		return t.audit(ctx, change, "alert_silence.create", silence.SilenceID, nil, silence)
	})
	return silence, err
}

// EndSilence ends a silence, with an audit row, and returns it. Error: [api.NotFound].
func (s *Store) EndSilence(ctx context.Context, change api.Change, id string) (ended api.AlertSilence, err error) {
	change = signed(change)
	err = s.change(ctx, func(ctx context.Context, t *tx) error {
		silences, err := s.AlertSilences(ctx, timeOf(s.nowMS()))
		if err != nil {
			return err
		}
		at := slices.IndexFunc(silences, func(silence api.AlertSilence) bool { return silence.SilenceID == id })
		if at < 0 {
			return api.Errorf(api.NotFound, "Silence not found, passed silence_id=%s", id)
		}
		ended = silences[at]
		if _, err := s.exec(ctx, "alert_silence_end", args{"id": id}); err != nil {
			return err
		}
		return t.audit(ctx, change, "alert_silence.delete", id, ended, nil)
	})
	return ended, err
}

// AlertSilences are the silences that have not ended, those that end first at the front.
func (s *Store) AlertSilences(ctx context.Context, now time.Time) ([]api.AlertSilence, error) {
	silences := []api.AlertSilence{}
	err := s.each(ctx, "alert_silence_list", args{"now_ms": now.UnixMilli()}, func(scan func(...any) error) error {
		var silence api.AlertSilence
		var untilMS, createdMS int64
		err := scan(&silence.SilenceID, &silence.TeamID, &silence.Event, &untilMS, &silence.Reason, &silence.CreatedBy, &createdMS)
		silence.Until, silence.CreatedAt = timeOf(untilMS), timeOf(createdMS)
		silences = append(silences, silence)
		return err
	})
	return silences, err
}

// AlertTeam is what routes need of a team, nothing when there is none: the plain values of its metadata, and the addresses of
// its admins and of metadata.contacts.
func (s *Store) AlertTeam(ctx context.Context, teamID string) (api.AlertTeam, error) {
	known := api.AlertTeam{Labels: map[string]string{}}
	team, err := s.Team(ctx, teamID)
	if api.CodeOf(err) == api.NotFound {
		return known, nil
	}
	if err != nil {
		return known, err
	}
	known.Labels = team.Labels()
	members, err := s.MembersOfTeams(ctx, []string{teamID})
	if err != nil {
		return known, err
	}
	for _, member := range members[teamID] {
		if member.Role == api.MemberAdmin && member.UserEmail != nil {
			known.Owners = append(known.Owners, *member.UserEmail)
		}
	}
	known.Owners = distinct(append(known.Owners, contacts(team.Metadata["contacts"])...))
	return known, nil
}

// contacts are addresses: a list of texts, or one text with commas.
func contacts(value json.RawMessage) []string {
	var list []string
	if json.Unmarshal(value, &list) != nil {
		var text string
		if json.Unmarshal(value, &text) != nil {
			return nil
		}
		list = strings.Split(text, ",")
	}
	var addresses []string
	for _, address := range list {
		if address = strings.TrimSpace(address); api.MailAddress(address) {
			addresses = append(addresses, address)
		}
	}
	return addresses
}
