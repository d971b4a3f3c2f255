package alert

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Changes makes the events of what people change, and of budgets that hold again.
type Changes struct{}

// quotaFields are the fields that people are told of, in their order.
var quotaFields = append(slices.Clone(api.LimitFields), "alert_thresholds")

// scopeFields select what a pot counts, and are no limits of other objects.
var scopeFields = map[string]bool{"team_ids": true, "key_ids": true, "models": true, "everything": true}

// audited is what events need of an object as the audit log keeps it.
type audited struct {
	TeamID             string      `json:"team_id"`
	TeamAlias          string      `json:"team_alias"`
	KeyID              string      `json:"key_id"`
	KeyAlias           string      `json:"key_alias"`
	UserID             string      `json:"user_id"`
	BudgetID           string      `json:"budget_id"`
	Blocked            bool        `json:"blocked"`
	Expires            *time.Time  `json:"expires"`
	Spend              money.Nano  `json:"spend"`
	MaxBudget          *money.Nano `json:"max_budget"`
	TempBudgetIncrease *money.Nano `json:"temp_budget_increase"`
	TempBudgetExpiry   *time.Time  `json:"temp_budget_expiry"`
	TeamMemberBudget   *money.Nano `json:"team_member_budget"`
	MaxBudgetInTeam    *money.Nano `json:"max_budget_in_team"`
}

func read(document json.RawMessage) (object audited) {
	_ = json.Unmarshal(document, &object) // what is missing or of another form is not told
	return object
}

// OfChange returns the events that a change makes: at most one.
func (Changes) OfChange(change api.Audit) []api.AlertEvent {
	before, after := read(change.Before), read(change.After)
	noun, verb, _ := strings.Cut(change.Action, ".")
	event := changed(change, after)
	switch {
	case noun == "key" && verb == "create":
		event.Type, event.Message = api.EventKeyCreated, keyName(after)+" was made"
		event.Until = after.Expires
	case noun == "key" && verb == "rotate":
		event.Type, event.Message = api.EventKeyRotated, keyName(after)+" was given another secret"
	case verb != "update" || none(change.Before) || none(change.After):
		return nil
	case noun == "team" && after.Blocked && !before.Blocked:
		event.Type, event.Severity = api.EventTeamBlocked, "warning"
		event.Message = Owner(event) + " was blocked; its requests are refused"
	default:
		event.Changes = changedQuotas(noun, change.Before, change.After)
		if len(event.Changes) == 0 {
			return nil
		}
		event.Type, event.Message = api.EventQuotaChanged, "limits of "+subjectOf(noun, event)+" were changed: "+inWords(event.Changes)
	}
	event.Message += by(change)
	return []api.AlertEvent{event}
}

// changed is an event about an object, of a change.
func changed(change api.Audit, object audited) api.AlertEvent {
	return api.AlertEvent{
		ID: eventID("change", fmt.Sprint(change.Seq), change.Hash), Severity: "info", CreatedAt: change.At,
		TeamID: object.TeamID, TeamAlias: object.TeamAlias, KeyID: object.KeyID, UserID: object.UserID, BudgetID: object.BudgetID,
		Actor: change.Actor, Reason: change.Reason,
	}
}

// eventID is the same for the same parts.
func eventID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return "event_" + hex.EncodeToString(sum[:16])
}

func keyName(key audited) string {
	name := "key " + key.KeyID
	if key.KeyAlias != "" {
		name = fmt.Sprintf("key %s (%s)", key.KeyAlias, key.KeyID)
	}
	switch {
	case key.TeamID != "":
		return name + " of " + key.TeamID
	case key.UserID != "":
		return name + " of " + key.UserID
	default:
		return name
	}
}

func subjectOf(noun string, event api.AlertEvent) string {
	if owner := Owner(event); owner != "" {
		return owner
	}
	return noun
}

// by says who made a change, and why.
func by(change api.Audit) string {
	text := ""
	if change.Actor != "" {
		text = " by " + change.Actor
	}
	if change.Reason != "" {
		text += fmt.Sprintf(" (%s)", change.Reason)
	}
	return text
}

// changedQuotas are the limits that differ.
func changedQuotas(noun string, before, after json.RawMessage) []api.AlertChange {
	var was, is map[string]json.RawMessage
	if json.Unmarshal(before, &was) != nil || json.Unmarshal(after, &is) != nil {
		return nil
	}
	if noun != "team" && noun != "key" && noun != "user" && noun != "member" && noun != "budget" {
		return nil
	}
	var changes []api.AlertChange
	for _, field := range quotaFields {
		if scopeFields[field] && noun != "budget" {
			continue
		}
		from, to := given(was[field]), given(is[field])
		if !bytes.Equal(from, to) {
			changes = append(changes, api.AlertChange{Field: field, From: from, To: to})
		}
	}
	return changes
}

// none says whether there is no object: before it was made and after it was deleted.
func none(document json.RawMessage) bool { return len(document) == 0 || string(document) == "null" }

// given is null for what is left out.
func given(value json.RawMessage) json.RawMessage {
	if len(value) == 0 {
		return json.RawMessage("null")
	}
	return value
}

func inWords(changes []api.AlertChange) string {
	var texts []string
	for _, change := range changes {
		texts = append(texts, fmt.Sprintf("%s from %s to %s", change.Field, valueInWords(change.Field, change.From), valueInWords(change.Field, change.To)))
	}
	return strings.Join(texts, ", ")
}

// dollarFields are amounts.
var dollarFields = map[string]bool{
	"max_budget": true, "soft_budget": true, "temp_budget_increase": true, "team_member_budget": true, "max_budget_in_team": true,
}

func valueInWords(field string, value json.RawMessage) string {
	if string(value) == "null" {
		return "none"
	}
	var amount money.Nano
	if dollarFields[field] && json.Unmarshal(value, &amount) == nil {
		return Amount(amount)
	}
	return strings.Trim(string(value), `"`)
}

// Over returns the event that says that a change ended what people were told of a budget, nil when it still holds: spending was
// reset below the threshold, the cap was raised so far, it was taken off, or what it belongs to was deleted.
func (Changes) Over(told api.AlertEvent, change api.Audit) *api.AlertEvent {
	owner := Owner(told)
	event := resolved(told, eventID(api.EventBudgetResolved, told.ID, change.Hash), change.At)
	event.Actor, event.Reason = change.Actor, change.Reason
	if strings.HasSuffix(change.Action, ".reset_spend") {
		event.Spend = read(change.After).Spend
		event.Message = fmt.Sprintf("spending of %s was reset to %s", owner, event.Spend.Dollars()) + by(change)
	} else if none(change.After) {
		event.Message = owner + " was deleted" + by(change)
	} else {
		limit, limited, known := capAfter(told, change)
		if !known {
			return nil
		}
		event.MaxBudget = limit
		event.Message = fmt.Sprintf("the cap of %s was raised from %s to %s%s; %s were spent when people were told",
			owner, Amount(told.MaxBudget), Amount(limit), by(change), Amount(told.Spend))
		if !limited {
			event.Message = fmt.Sprintf("the cap of %s was taken off%s; it was %s", owner, by(change), Amount(told.MaxBudget))
		}
	}
	if reached(told, event) {
		return nil
	}
	return &event
}

// reached says whether what was told still holds of a spend and a cap.
func reached(told, now api.AlertEvent) bool {
	switch {
	case told.MaxBudget == 0: // an amount without a cap
		return now.Spend >= told.Spend
	case now.MaxBudget == 0:
		return false
	default:
		return float64(now.Spend) >= told.Threshold*float64(now.MaxBudget)
	}
}

// capAfter is the cap of a budget after a change of what it has it from, and whether the change says it.
func capAfter(told api.AlertEvent, change api.Audit) (limit money.Nano, limited, known bool) {
	after := read(change.After)
	limits := after.MaxBudget
	noun, _, _ := strings.Cut(change.Action, ".")
	switch {
	case noun == "member":
		limits = after.MaxBudgetInTeam
	case noun == "team" && strings.HasPrefix(told.Scope, "member:"):
		limits = after.TeamMemberBudget
	case noun != "budget" && after.BudgetID != "":
		return 0, false, false // another object says it
	}
	if limits == nil {
		return 0, false, noun != "member" // a member without a cap of its own has the team's
	}
	limit = *limits
	if after.TempBudgetIncrease != nil && after.TempBudgetExpiry != nil && change.At.Before(*after.TempBudgetExpiry) {
		limit += *after.TempBudgetIncrease
	}
	return limit, true, true
}

// Ended returns the event that says that a new period has ended what people were told of a budget.
func (Changes) Ended(told api.AlertEvent) api.AlertEvent {
	event := resolved(told, eventID(api.EventBudgetResolved, told.ID), told.CreatedAt)
	event.Spend = 0
	if told.PeriodEnd != nil {
		event.CreatedAt, event.PeriodStart, event.PeriodEnd = *told.PeriodEnd, told.PeriodEnd, nil
	}
	event.Message = fmt.Sprintf("a new period of the budget of %s has begun; in the one before, people were told at %s", Owner(told), Amount(told.Spend))
	return event
}

// resolved is the event that ends another.
func resolved(told api.AlertEvent, id string, at time.Time) api.AlertEvent {
	event := told
	event.Was = &api.AlertWas{ID: told.ID, Type: told.Type, Severity: told.Severity}
	event.ID, event.Type, event.Severity, event.CreatedAt = id, api.EventBudgetResolved, "info", at
	return event
}

// Expiring returns the event that says that a key stops working soon.
func (Changes) Expiring(key api.Key, now time.Time) api.AlertEvent {
	event := api.AlertEvent{
		ID: eventID(api.EventKeyExpiring, key.KeyID, key.Expires.UTC().Format(time.RFC3339)), Type: api.EventKeyExpiring, Severity: "warning",
		CreatedAt: now.UTC(), KeyID: key.KeyID, Until: key.Expires,
	}
	named := audited{KeyID: key.KeyID}
	if key.TeamID != nil {
		event.TeamID, named.TeamID = *key.TeamID, *key.TeamID
	}
	if key.UserID != nil {
		event.UserID, named.UserID = *key.UserID, *key.UserID
	}
	if key.KeyAlias != nil {
		named.KeyAlias = *key.KeyAlias
	}
	event.Message = fmt.Sprintf("%s stops working on %s", keyName(named), day(key.Expires))
	return event
}
