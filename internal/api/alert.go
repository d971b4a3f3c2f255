package api

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Events that an alert route can ask for.
const (
	// EventBudgetSoftLimit: spending reached a threshold below the cap.
	EventBudgetSoftLimit = "budget.soft_limit"
	// EventBudgetHardLimit: spending reached the cap, or a request was refused by it.
	EventBudgetHardLimit = "budget.hard_limit"
	// EventBudgetResolved: a cap that people were told of no longer holds: it was raised, spending was reset, or a new
	// period has begun.
	EventBudgetResolved = "budget.resolved"
	// EventRateLimitSustained: one of a team's rate limits refused calls in each of the last minutes.
	EventRateLimitSustained = "rate_limit.sustained"
	// EventQuotaDrift: a budget's counter and the ledger have disagreed for more than a minute.
	EventQuotaDrift = "quota.drift"
	// EventStoreDegraded: a gateway cannot reach the counters and decides by budgets.on_store_down and rate_limits.on_store_down.
	EventStoreDegraded = "store.degraded"
	// EventUsageImpossible: a provider reported a usage that cannot be, and the most that is possible was booked.
	EventUsageImpossible = "usage.impossible"
	// EventAlertFailing: a message was given up on its way to an alert route; told through the others, once a day for each.
	EventAlertFailing = "alert.failing"
	// EventKeyCreated: a key was made.
	EventKeyCreated = "key.created"
	// EventKeyRotated: a key was given another secret.
	EventKeyRotated = "key.rotated"
	// EventKeyExpiring: a key stops working within a week.
	EventKeyExpiring = "key.expiring"
	// EventTeamBlocked: a team was blocked.
	EventTeamBlocked = "team.blocked"
	// EventTeamThrottled: a team's rate limit was cut because its soft limit is reached.
	EventTeamThrottled = "team.throttled"
	// EventQuotaChanged: a limit or budget of a team, key, user, member or shared budget was changed.
	EventQuotaChanged = "quota.changed"
	// EventModelUnpriced: a model was asked for that has no known price.
	EventModelUnpriced = "model.unpriced"
	// EventUpstreamFailing: a deployment of a model failed so often that it is left alone.
	EventUpstreamFailing = "upstream.failing"
	// EventUsageAboveBound: a provider reported a longer prompt than the bound that was reserved.
	EventUsageAboveBound = "usage.above_bound"
	// EventQuotaRequested: a team asks for more of a limit.
	EventQuotaRequested = "quota.requested"
	// EventTest: somebody called /alert_route/test.
	EventTest = "test"
)

// Events lists the names an alert route may ask for.
var Events = []string{
	EventBudgetSoftLimit, EventBudgetHardLimit, EventBudgetResolved, EventRateLimitSustained, EventQuotaDrift, EventStoreDegraded,
	EventUsageImpossible, EventUsageAboveBound, EventAlertFailing, EventKeyCreated, EventKeyRotated, EventKeyExpiring, EventTeamBlocked,
	EventTeamThrottled, EventQuotaChanged, EventQuotaRequested, EventModelUnpriced, EventUpstreamFailing,
	EventBudgetForecast, EventSpendAnomaly, EventDigest,
}

// News are the events that tell what somebody did on purpose. They go to the routes that name them.
var News = []string{EventKeyCreated, EventKeyRotated, EventQuotaChanged}

// Severities in ascending order.
var Severities = []string{"info", "warning", "critical"}

// AlertRoute says which events go where.
type AlertRoute struct {
	AlertRouteID string `json:"alert_route_id"`
	AlertRouteFields
	Record
	DeclaredIn string `json:"declared_in,omitempty"`
}

// AlertRouteFields are the parts of an alert route that its owner may set.
type AlertRouteFields struct {
	// Name is unique.
	Name string `json:"name"`
	// Events are the event names wanted. Empty is all of them but key.created, key.rotated and quota.changed,
	// which tell what somebody did on purpose.
	Events StringList `json:"events"`
	// TeamIDs restrict the route to events of these teams; empty is every team.
	TeamIDs StringList `json:"team_ids"`
	// MinSeverity leaves out what is less severe; nil is "info".
	MinSeverity *string `json:"min_severity"`
	// Thresholds are shares of the cap at which to tell, ascending. They are added to
	// the thresholds of the budgets that the route covers, and the route hears of these only.
	// Empty hears of every threshold the budgets have themselves.
	Thresholds []float64 `json:"thresholds"`
	// Enabled false keeps the route but sends nothing.
	Enabled bool `json:"enabled" default:"true"`
	AlertRouting
	AlertTargets
}

// AlertEvent is one thing that people are told about.
type AlertEvent struct {
	// ID is the same for every delivery and every attempt of the event.
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	Severity  string    `json:"severity"`
	CreatedAt time.Time `json:"created_at"`
	Message   string    `json:"message"`
	TeamID    string    `json:"team_id,omitempty"`
	TeamAlias string    `json:"team_alias,omitempty"`
	KeyID     string    `json:"key_id,omitempty"`
	UserID    string    `json:"user_id,omitempty"`
	BudgetID  string    `json:"budget_id,omitempty"`
	// AlertRouteID is the route that an event is about; it does not hear of it itself.
	AlertRouteID string `json:"alert_route_id,omitempty"`
	// Scope is the counter the event is about: "team:marketing", "key:key_…", "budget:pot",
	// "user:ann", "member:marketing#ann".
	Scope string `json:"scope,omitempty"`
	// Threshold is the share of MaxBudget that was crossed.
	Threshold   float64    `json:"threshold,omitempty"`
	Spend       money.Nano `json:"spend"`
	MaxBudget   money.Nano `json:"max_budget"`
	PeriodStart *time.Time `json:"period_start,omitempty"`
	PeriodEnd   *time.Time `json:"period_end,omitempty"`
	// HardCap says whether requests are refused at the cap.
	HardCap bool `json:"hard_cap"`
	// Watched says that the budget is only watched: requests beyond the cap would be refused, and are not.
	Watched bool `json:"watched,omitempty"`
	// Model is what a model is called, Upstream the host that serves it.
	Model    string `json:"model,omitempty"`
	Upstream string `json:"upstream,omitempty"`
	// Actor made a change, for Reason.
	Actor  string `json:"actor,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Changes are the fields that were changed.
	Changes []AlertChange `json:"changes,omitempty"`
	// Until is when what the event tells of ends: a throttle, or a key's life.
	Until *time.Time `json:"until,omitempty"`
	// Forecast is what a budget.forecast foresees.
	Forecast *Forecast `json:"forecast,omitempty"`
	// Anomaly is what a spend.anomaly is about.
	Anomaly *SpendAnomaly `json:"anomaly,omitempty"`
	// Refusals are those of a rate_limit.sustained.
	Refusals *SustainedRefusals `json:"refusals,omitempty"`
	// Digest is what a digest tells.
	Digest *AlertDigest `json:"digest,omitempty"`
	// ToAlertRouteID is the only route that hears of the event: what is told again, and what nobody acknowledged.
	ToAlertRouteID string `json:"to_alert_route_id,omitempty"`
	// RepeatOf is the event that this one tells again.
	RepeatOf string `json:"repeat_of,omitempty"`
	// Was is what a budget.resolved says is over.
	Was *AlertWas `json:"was,omitempty"`
}

// AlertChange is a field with its value before and after a change; null is none.
type AlertChange struct {
	Field string          `json:"field"`
	From  json.RawMessage `json:"from"`
	To    json.RawMessage `json:"to"`
}

// AlertWas is an event that no longer holds.
type AlertWas struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Severity string `json:"severity"`
}

// NewAlertRoute returns a route with the defaults of a create.
func NewAlertRoute(id string) AlertRoute {
	return AlertRoute{AlertRouteID: id, AlertRouteFields: AlertRouteFields{Enabled: true}}
}

// Covers says whether the route wants events of the team.
func (r AlertRoute) Covers(teamID string) bool {
	return len(r.TeamIDs) == 0 || slices.Contains(r.TeamIDs, teamID)
}

// Validate says whether the route can be stored; the error names the field.
func (r AlertRoute) Validate() error {
	v := newValidation()
	v.id("alert_route_id", r.AlertRouteID)
	if strings.TrimSpace(r.Name) == "" {
		v.fail("name", "is required: a unique name for the route")
	}
	v.alias("name", &r.Name)
	v.names("events", r.Events)
	for _, event := range r.Events {
		if !slices.Contains(Events, event) {
			v.fail("events", "%q is no event; known are %s", event, strings.Join(Events, ", "))
		}
	}
	v.names("team_ids", r.TeamIDs)
	if r.MinSeverity != nil && !slices.Contains(Severities, *r.MinSeverity) {
		v.fail("min_severity", "%q is no severity; known are %s", *r.MinSeverity, strings.Join(Severities, ", "))
	}
	v.thresholds("thresholds", r.Thresholds)
	v.alertRouting(r)
	v.alertTargets(r.AlertTargets)
	return v.err()
}
