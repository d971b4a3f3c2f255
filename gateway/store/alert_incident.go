package store

import (
	"context"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// EventMaker says what people are told of changes.
type EventMaker interface {
	// OfChange returns the events that a change makes.
	OfChange(change api.Audit) []api.AlertEvent
	// Over returns the event that says that a change ended what people were told of a budget, nil when it still holds.
	Over(told api.AlertEvent, change api.Audit) *api.AlertEvent
	// Expiring returns the event that says that a key stops working soon.
	Expiring(key api.Key, now time.Time) api.AlertEvent
	// Ended returns the event that says that a new period has ended it.
	Ended(told api.AlertEvent) api.AlertEvent
}

// incident is what people were told of a budget and that still holds.
type incident struct {
	scope string
	told  api.AlertEvent
}

// rearmed is a scope whose cap a change touched, and which of the transaction's audit rows that is.
type rearmed struct {
	scope string
	row   int
}

// touch notes that the change that is audited next touched the cap of a scope.
func (t *tx) touch(scope string) { t.rearmed = append(t.rearmed, rearmed{scope, len(t.audits)}) }

// opens says whether an event tells of a budget that has to recover.
func opens(event api.AlertEvent) bool {
	return event.Scope != "" && event.RepeatOf == "" && (event.Type == api.EventBudgetSoftLimit || event.Type == api.EventBudgetHardLimit && event.Severity == "critical")
}

// openIncident keeps the highest threshold that people were told of in a period.
func (s *Store) openIncident(ctx context.Context, event api.AlertEvent, document string) error {
	values := args{
		"scope": event.Scope, "budget_id": event.BudgetID, "event_id": event.ID, "threshold": event.Threshold,
		"since_ms": int64(0), "period_end_ms": nil, "document": document,
	}
	if event.PeriodStart != nil {
		values["since_ms"] = event.PeriodStart.UnixMilli()
	}
	if event.PeriodEnd != nil {
		values["period_end_ms"] = event.PeriodEnd.UnixMilli()
	}
	_, err := s.exec(ctx, "alert_incident_put", values)
	return err
}

// tellOfChanges adds the events of what the transaction changed, so that there is no change without its event.
func (s *Store) tellOfChanges(ctx context.Context, t *tx) error {
	if s.events == nil {
		return nil
	}
	for i := range t.audits {
		for _, event := range s.events.OfChange(t.audits[i].public()) {
			if err := s.InsertAlertEvent(ctx, event); err != nil {
				return err
			}
		}
	}
	for _, touched := range t.rearmed {
		if touched.row >= len(t.audits) {
			continue
		}
		if err := s.closeIncidents(ctx, touched.scope, t.audits[touched.row].public()); err != nil {
			return err
		}
	}
	return nil
}

// closeIncidents tells of the budgets that a change of a scope's cap ended the trouble of.
func (s *Store) closeIncidents(ctx context.Context, scope string, change api.Audit) error {
	open, err := s.incidents(ctx, scope)
	if err != nil {
		return err
	}
	for _, incident := range open {
		over := s.events.Over(incident.told, change)
		if over == nil {
			continue
		}
		if _, err := s.exec(ctx, "alert_incident_delete", args{"scope": incident.scope}); err != nil {
			return err
		}
		if err := s.InsertAlertEvent(ctx, *over); err != nil {
			return err
		}
	}
	return nil
}

// incidents are those of the counters that take their cap from a scope.
func (s *Store) incidents(ctx context.Context, scope string) (open []incident, err error) {
	collect := func(scan func(...any) error) error {
		found, err := scanIncident(scan)
		open = append(open, found)
		return err
	}
	if err := s.each(ctx, "alert_incident_of_scope", args{"scope": scope}, collect); err != nil {
		return nil, err
	}
	if budgetID, terms := strings.CutPrefix(scope, api.PotScope("")); terms && len(open) == 0 {
		err = s.each(ctx, "alert_incident_of_terms", args{"budget_id": budgetID}, collect)
	}
	if teamID, members := strings.CutPrefix(scope, api.MembersScope("")); members {
		first := api.MemberScope(teamID, "")
		err = s.each(ctx, "alert_incident_of_members", args{"from": first, "to": strings.TrimSuffix(first, "#") + "$"}, collect)
	}
	return open, err
}

func scanIncident(scan func(...any) error) (found incident, err error) {
	var document string
	if err := scan(&found.scope, &document); err != nil {
		return found, err
	}
	return found, decode(document, &found.told)
}

// EndIncidents tells of up to n budgets whose period has ended that they hold again, each once, and returns how many
// there were.
func (s *Store) EndIncidents(ctx context.Context, now time.Time, n int) (ended int, err error) {
	if s.events == nil {
		return 0, nil
	}
	err = s.transact(ctx, func(ctx context.Context, _ *tx) error {
		var over []incident
		err := s.eachWritten(ctx, "alert_incident_end", args{"now_ms": now.UnixMilli(), "limit": n}, func(scan func(...any) error) error {
			found, err := scanIncident(scan)
			over = append(over, found)
			return err
		})
		if err != nil {
			return err
		}
		for _, incident := range over {
			if err := s.InsertAlertEvent(ctx, s.events.Ended(incident.told)); err != nil {
				return err
			}
		}
		ended = len(over)
		return nil
	})
	return ended, err
}

// TellExpiringKeys tells of up to n keys that stop working between now and until that they do, once for each end, and returns how
// many there were. A key that was never to live for twice that long is not told of: its end is no surprise.
func (s *Store) TellExpiringKeys(ctx context.Context, now, until time.Time, n int) (told int, err error) {
	if s.events == nil {
		return 0, nil
	}
	keys := []api.Key{}
	err = s.each(ctx, "key_expiring", args{
		"now_ms": now.UnixMilli(), "until_ms": until.UnixMilli(), "lived_ms": 2 * until.Sub(now).Milliseconds(), "limit": n,
	}, func(scan func(...any) error) error {
		var row keyRow
		if err := scan(row.targets(&row.name)...); err != nil {
			return err
		}
		key, err := row.key()
		keys = append(keys, key)
		return err
	})
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	err = s.transact(ctx, func(ctx context.Context, _ *tx) error {
		for _, key := range keys {
			fresh, err := s.exec(ctx, "key_expiry_told", args{"id": key.KeyID, "expires_at_ms": key.Expires.UnixMilli()})
			if err != nil {
				return err
			}
			if fresh == 0 {
				continue // another gateway was first
			}
			if err := s.InsertAlertEvent(ctx, s.events.Expiring(key, now)); err != nil {
				return err
			}
		}
		return nil
	})
	return len(keys), err
}
