package foretell

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

// A route or pot may name teams and keys that are not there: the gateway lets it wait for them. A mistyped id is then
// never heard of again, and nobody is told of what it was to be told of.

// reference is a list of ids of one noun.
type reference struct {
	attribute string
	noun      string
	// planned and before are the list as it will be and as it is; an id that stays is not asked for.
	planned, before types.List
	// read returns [api.NotFound] for what is not there.
	read func(ctx context.Context, id string) error
	// lost is what becomes of an id that nothing has.
	lost string
}

// willMake notes a team that the plan makes or changes, and that is on the gateway as planned only later. Who refers to
// it is planned later, too.
func (j *Judge) willMake(teamID types.String) {
	if j == nil || teamID.IsUnknown() {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.made[teamID.ValueString()] = true
}

func (j *Judge) makes(teamID string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.made[teamID]
}

// MissingTeams warns of teams that a list is to name and that neither the gateway nor the plan has.
func (j *Judge) MissingTeams(ctx context.Context, diags *diag.Diagnostics, attribute, lost string, planned, before types.List) {
	if j == nil {
		return
	}
	j.warnOfMissing(ctx, diags, reference{attribute, "team", planned, before, func(ctx context.Context, id string) error {
		if j.makes(id) {
			return nil
		}
		_, err := j.client.Estate().Team(ctx, id)
		return err
	}, lost})
}

// MissingKeys is the same for keys, whose ids no plan can know before they are made.
func (j *Judge) MissingKeys(ctx context.Context, diags *diag.Diagnostics, attribute, lost string, planned, before types.List) {
	if j == nil {
		return
	}
	j.warnOfMissing(ctx, diags, reference{attribute, "key", planned, before, func(ctx context.Context, id string) error {
		_, err := j.client.Estate().Key(ctx, id)
		return err
	}, lost})
}

// MissingRoute warns of an alert route that another is to escalate to and that the gateway does not have: unless the apply makes it
// first, the gateway refuses the other.
func (j *Judge) MissingRoute(ctx context.Context, diags *diag.Diagnostics, attribute string, planned, before types.String) {
	if j == nil || planned.IsNull() || planned.IsUnknown() || planned.Equal(before) || j.gaveUp() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	if _, err := j.client.Estate().AlertRoute(ctx, planned.ValueString()); api.CodeOf(err) != api.NotFound {
		return
	}
	diags.AddAttributeWarning(path.Root(attribute), fmt.Sprintf("alert route %s is not on the gateway", planned.ValueString()),
		"The gateway refuses to escalate to a route that does not exist. Is the alert_route_id spelled right? If this configuration makes the route, "+
			"refer to it as bursar_alert_route.NAME.alert_route_id, and it is made first.")
}

func (j *Judge) warnOfMissing(ctx context.Context, diags *diag.Diagnostics, named reference) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	known := attribute.StringsOf(named.before)
	for i, element := range named.planned.Elements() {
		id, ok := element.(types.String)
		if !ok || id.IsUnknown() || slices.Contains(known, id.ValueString()) || j.gaveUp() {
			continue
		}
		err := named.read(ctx, id.ValueString())
		if api.CodeOf(err) == api.NotFound {
			diags.AddAttributeWarning(path.Root(named.attribute).AtListIndex(i), fmt.Sprintf("%s %s is not on the gateway", named.noun, id.ValueString()),
				fmt.Sprintf("%s Is the id spelled right? If this configuration makes the %s, refer to it as bursar_%s.NAME.%s_id, and it is made first.",
					named.lost, named.noun, named.noun, named.noun))
		} else if errors.Is(err, client.ErrNoAnswer) {
			j.tell(diags, err)
			j.giveUp()
		}
	}
}
