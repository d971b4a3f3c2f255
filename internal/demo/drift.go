package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// drift changes a limit with the admin API, as somebody in a hurry would, and lets a plan show it.
func (d *demo) drift(ctx context.Context) error {
	change := map[string]any{"team_id": "marketing", "rpm_limit": 300}
	if err := d.admin(ctx, http.MethodPost, "/team/update", change, nil); err != nil {
		return err
	}
	d.out.say("POST /team/update {\"team_id\": \"marketing\", \"rpm_limit\": 300}, and then a plan:")
	output, err := d.terraform.plan(ctx, planHasChanges)
	if err != nil {
		return err
	}
	d.out.show(linesWith(output, "will be updated", "resource \"bursar_", "->", "Plan:"))
	if !strings.Contains(spaced(output), "~ rpm_limit = 300 -> 30") {
		return fmt.Errorf("the plan does not show that rpm_limit went from 30 to 300:\n%s", output)
	}
	if !strings.Contains(output, "Plan: 0 to add, 1 to change, 0 to destroy.") {
		return fmt.Errorf("the plan changes more than marketing:\n%s", output)
	}
	return nil
}

// repair applies the configuration as it is.
func (d *demo) repair(ctx context.Context) error {
	output, err := d.terraform.apply(ctx)
	if err != nil {
		return err
	}
	d.out.show(linesWith(output, "Apply complete!"))
	team, err := d.team(ctx, "marketing")
	if err != nil {
		return err
	}
	if team.RPMLimit == nil || *team.RPMLimit != 30 {
		return fmt.Errorf("marketing's rpm_limit is not 30 again")
	}
	d.out.say("Marketing may send %d requests a minute again.", *team.RPMLimit)
	return d.planEmpty(ctx)
}

// spaced is the text with every run of blanks as one, since Terraform aligns columns.
func spaced(text string) string {
	return strings.Join(strings.Fields(text), " ")
}
