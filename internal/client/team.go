package client

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// teamBody carries every field, cleared ones as null: an update leaves nothing to the past.
type teamBody struct {
	TeamID string `json:"team_id,omitempty"`
	api.TeamFields
	// Answers leave these out when they are not set; here they are null then.
	TeamMemberBudget         *money.Nano     `json:"team_member_budget"`
	TeamMemberBudgetDuration *string         `json:"team_member_budget_duration"`
	TeamMemberRPMLimit       *int64          `json:"team_member_rpm_limit"`
	TeamMemberTPMLimit       *int64          `json:"team_member_tpm_limit"`
	TeamMemberPermissions    *api.StringList `json:"team_member_permissions"`
}

func newTeamBody(id string, fields api.TeamFields) teamBody {
	return teamBody{
		id, fields, fields.TeamMemberBudget, fields.TeamMemberBudgetDuration,
		fields.TeamMemberRPMLimit, fields.TeamMemberTPMLimit, fields.TeamMemberPermissions,
	}
}

// CreateTeam makes a team; with an empty id the gateway chooses one.
// It returns [api.AlreadyExists] when there is a team with that id.
func (c *Client) CreateTeam(ctx context.Context, id string, fields api.TeamFields) (api.Team, error) {
	var team api.Team
	err := c.create(ctx, "/team/new", newTeamBody(id, fields), &team)
	err = whole(err, team.TeamID != "", "POST /team/new")
	return team, wrap(err, "%s", creating("team", id))
}

// GetTeam returns a team with its keys, or [api.NotFound].
func (c *Client) GetTeam(ctx context.Context, id string) (api.TeamInfo, error) {
	var info api.TeamInfo
	err := c.get(ctx, "/team/info", map[string]string{"team_id": id}, &info)
	err = whole(err, info.TeamID != "", "GET /team/info")
	return info, wrap(err, "read team %q", id)
}

// ListTeams returns every team, over as many pages as it takes.
func (c *Client) ListTeams(ctx context.Context) ([]api.Team, error) {
	teams, err := everyPage(ctx, c.pageOfTeams)
	return teams, wrap(err, "list teams")
}

// UpdateTeam replaces all fields of a team; nil ones are cleared. A revision other than 0
// that is no longer the team's is refused with [api.Stale], a missing team with [api.NotFound].
func (c *Client) UpdateTeam(ctx context.Context, id string, fields api.TeamFields, revision int64) (api.Team, error) {
	var team api.Team
	err := c.update(ctx, "/team/update", newTeamBody(id, fields), revision, &team)
	err = whole(err, team.TeamID != "", "POST /team/update")
	return team, wrap(err, "update team %q", id)
}

// DeleteTeam deletes a team and its keys; [api.NotFound] when it is gone already.
func (c *Client) DeleteTeam(ctx context.Context, id string) error {
	return c.deleteTeam(ctx, id, false)
}

// DeleteTeamWithoutKeys deletes a team unless it has keys: then it is refused with [api.Conflict].
func (c *Client) DeleteTeamWithoutKeys(ctx context.Context, id string) error {
	return c.deleteTeam(ctx, id, true)
}

func (c *Client) deleteTeam(ctx context.Context, id string, onlyWithoutKeys bool) error {
	body := struct {
		TeamIDs         []string `json:"team_ids"`
		OnlyWithoutKeys bool     `json:"only_without_keys,omitempty"`
	}{[]string{id}, onlyWithoutKeys}
	return wrap(c.post(ctx, "/team/delete", body, nil), "delete team %q", id)
}

// BlockTeam refuses all requests of a team from now on.
func (c *Client) BlockTeam(ctx context.Context, id string) (api.Team, error) {
	return c.setBlocked(ctx, "/team/block", id)
}

// UnblockTeam lets a team's requests through again.
func (c *Client) UnblockTeam(ctx context.Context, id string) (api.Team, error) {
	return c.setBlocked(ctx, "/team/unblock", id)
}

func (c *Client) setBlocked(ctx context.Context, path, id string) (api.Team, error) {
	var team api.Team
	err := c.post(ctx, path, map[string]string{"team_id": id}, &team)
	err = whole(err, team.TeamID != "", "POST "+path)
	return team, wrap(err, "%s %q", path[1:], id)
}
