package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// adopted is the team that is made by hand, as a person would write it down afterwards.
const adopted = `import {
  to = bursar_team.support
  id = "support"
}

resource "bursar_team" "support" {
  team_id         = "support"
  team_alias      = "Support"
  models          = ["gpt-4.1-mini"]
  rpm_limit       = 20
  max_budget      = 50
  budget_duration = "1mo"
}
`

// adopt makes a team with the admin API and imports it; nothing about it may change.
func (d *demo) adopt(ctx context.Context) error {
	team := map[string]any{
		"team_id": "support", "team_alias": "Support", "models": []string{model},
		"rpm_limit": 20, "max_budget": 50, "budget_duration": "1mo",
	}
	if err := d.admin(ctx, http.MethodPost, "/team/new", team, nil); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(d.terraform.dir, "support.tf"), []byte(adopted), 0o600); err != nil {
		return fmt.Errorf("write the import: %w", err)
	}
	d.out.say("POST /team/new made the team support; support.tf imports it:")
	d.out.show(adopted)
	output, err := d.terraform.apply(ctx)
	if err != nil {
		return err
	}
	d.out.show(linesWith(output, "Plan:", "Apply complete!"))
	if !strings.Contains(output, "Plan: 1 to import, 0 to add, 0 to change, 0 to destroy.") {
		return fmt.Errorf("the import does more than import:\n%s", output)
	}
	return d.planEmpty(ctx)
}

// destroy removes everything through Terraform, sees that it is gone and stops the gateway.
func (d *demo) destroy(ctx context.Context) error {
	output, err := d.terraform.run(ctx, 0, "destroy", "-auto-approve", "-no-color", "-input=false")
	if err != nil {
		return err
	}
	d.out.show(linesWith(output, "Destroy complete!"))
	var list struct {
		Teams []struct {
			ID string `json:"team_id"`
		} `json:"teams"`
	}
	if err := d.admin(ctx, http.MethodGet, "/team/list", nil, &list); err != nil {
		return err
	}
	if len(list.Teams) > 0 {
		return fmt.Errorf("%d teams are left after destroy, %q the first", len(list.Teams), list.Teams[0].ID)
	}
	if err := d.gateway.stop(); err != nil {
		return err
	}
	if err := d.heardOnce(); err != nil {
		return err
	}
	d.out.say("No team is left, every alert arrived once, and the gateway has shut down in good order.")
	return nil
}
