package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// start starts the gateway with embedded stores; the other servers run already.
func (d *demo) start(ctx context.Context) error {
	var err error
	d.gateway, err = startGateway(ctx, filepath.Join(d.bin, "bursar"), d.dir, map[string]string{
		"BURSAR_ADMIN_KEY":  d.adminKey,
		"DEMO_UPSTREAM_URL": d.upstream.URL(),
		"DEMO_UPSTREAM_KEY": d.upstreamKey,
	})
	if err != nil {
		return err
	}
	d.terraform.env["BURSAR_ENDPOINT"] = d.gateway.url
	d.out.say("bin/bursar serve --config %s", config)
	d.out.say("The gateway is at %s, with SQLite and in-process counters in a temporary folder.", d.gateway.url)
	d.out.say("The model server is at %s, the receiver at %s.", d.upstream.URL(), d.receiver.URL())
	d.out.say("It also writes to a fake Slack and to a mail server on this machine.")
	return d.tellPeople(ctx)
}

// tellPeople makes the routes to Slack and to a mailbox.
func (d *demo) tellPeople(ctx context.Context) error {
	for _, targets := range []api.AlertTargets{
		{Slack: &api.SlackTarget{URL: new(d.slack.HookURL())}},
		{Email: &api.EmailTarget{
			To: api.StringList{"research-leads@example.com"}, From: "bursar@example.com",
			SMTPHost: d.mail.Host(), SMTPPort: d.mail.Port(), SMTPTLS: api.SMTPPlain,
		}},
	} {
		route := api.NewAlertRoute("").AlertRouteFields
		route.Name, route.TeamIDs, route.AlertTargets = "research by "+targets.Target().Kind(), api.StringList{"research"}, targets
		if err := d.admin(ctx, http.MethodPost, "/alert_route/new", route, nil); err != nil {
			return err
		}
	}
	return nil
}

// apply applies the example and takes the teams' keys from its outputs.
func (d *demo) apply(ctx context.Context) error {
	output, err := d.terraform.apply(ctx)
	if err != nil {
		return err
	}
	d.out.show(linesWith(output, "Creation complete", "Apply complete!"))
	for _, team := range []string{"marketing", "research", "product"} {
		if _, err := d.team(ctx, team); err != nil {
			return err
		}
	}
	return d.readKeys(ctx)
}

func (d *demo) team(ctx context.Context, id string) (api.Team, error) {
	var info api.TeamInfo
	err := d.admin(ctx, http.MethodGet, "/team/info?team_id="+id, nil, &info)
	return info.Team, err
}

// readKeys reads the output "keys": the secrets of the keys by team id.
func (d *demo) readKeys(ctx context.Context) error {
	output, err := d.terraform.run(ctx, 0, "output", "-json", "keys")
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(output), &d.keys); err != nil {
		return fmt.Errorf("read the keys that Terraform made: %w", err)
	}
	return nil
}

// planEmpty insists that Terraform finds nothing to do.
func (d *demo) planEmpty(ctx context.Context) error {
	output, err := d.terraform.plan(ctx, planIsEmpty)
	if err != nil {
		return err
	}
	d.out.show(linesWith(output, "No changes."))
	return nil
}
