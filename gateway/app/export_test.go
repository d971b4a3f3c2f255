package app

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

// StrictDescription is [Description] with objects that have no fields besides those described.
func StrictDescription() ([]byte, error) {
	return openapi.StrictDocument(apiInfo("test"), operations())
}

// EventSchema is what the schema of an event is called.
func EventSchema(event string) string { return openapi.Event{Name: event}.Schema() }

// Operations are those that the description has.
var Operations = operations

// Patterns are the routes that the gateway serves, with "/" for the admin API.
func (a *App) Patterns() []string { return a.muxes()[0].Patterns() }

// StayFor is stayFor.
var StayFor = stayFor

// ReadStanding brings the metrics of budgets and limits up to date now.
func (a *App) ReadStanding(ctx context.Context) error {
	standing, err := a.parts.stands.read(ctx)
	a.parts.metrics.Stands(standing)
	return err
}

// StartByHand begins to serve and leaves it to [App.WatchOnce] and [App.AlertOnce] to find and tell what people should hear.
func (a *App) StartByHand() { a.start(a.parts.background()) }

// Backlog is what waits for the record.
func (a *App) Backlog(ctx context.Context) (quota.Backlog, error) { return a.parts.engine.Backlog(ctx) }

// AlertOnce delivers what is due now.
func (a *App) AlertOnce(ctx context.Context) { a.parts.alerts.Once(ctx) }

// WatchOnce looks for what no single call brings about now.
func (a *App) WatchOnce(ctx context.Context) error { return a.parts.watching.Look(ctx) }
