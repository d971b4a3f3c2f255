package app

import (
	"context"
	"fmt"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/link"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/console"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// alertLinks are those of alert messages; none where people cannot reach the console.
func alertLinks(settings config.Config, sealer store.Sealer, now func() time.Time) link.Links {
	options := link.Options{Key: sealer.Derive("alert links"), Now: now}
	if settings.PublicURL != "" && settings.Console {
		options.Team = settings.PublicURL + console.Root + "team"
		options.Ask = settings.PublicURL + console.AskPath
		options.Silence = settings.PublicURL + console.SilencePath
	}
	return link.Links{Options: options}
}

// silences are what links in alert messages are good for.
type silences struct {
	links  link.Links
	record *store.Store
}

// Linked implements [console.Silences].
func (s silences) Linked(token string) (api.AlertSilence, error) {
	linked, err := s.links.Read(token)
	return api.AlertSilence{TeamID: linked.TeamID, Event: linked.Event, Until: linked.Ends()}, err
}

// Silence implements [console.Silences].
func (s silences) Silence(ctx context.Context, change api.Change, token string) (api.AlertSilence, error) {
	linked, err := s.links.Read(token)
	if err != nil {
		return api.AlertSilence{}, err
	}
	wanted := api.AlertSilence{TeamID: linked.TeamID, Event: linked.Event, Until: linked.Ends()}
	running, err := s.record.AlertSilences(ctx, s.links.Now())
	if err != nil {
		return wanted, err
	}
	for _, silence := range running {
		if silence.TeamID == wanted.TeamID && silence.Event == wanted.Event && !silence.Until.Before(wanted.Until) {
			return silence, nil
		}
	}
	change.Actor = "link of " + linked.EventID
	used, err := s.record.AuditPage(ctx, api.AuditFilter{Actor: change.Actor, Action: "alert_silence.create", Limit: 1})
	if err != nil {
		return wanted, err
	}
	if len(used) > 0 {
		return wanted, api.Errorf(api.NotFound, "this link was used before, and the silence was ended since; ask an administrator for another one")
	}
	change.Reason = fmt.Sprintf("by the link in the message about %s", linked.EventID)
	wanted.Reason = change.Reason
	return s.record.SilenceAlerts(ctx, change, wanted)
}
