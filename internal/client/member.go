package client

import (
	"context"
	"errors"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// AddMember puts the user with that id, or else with that email, into a team; who is not known becomes a user.
// It returns [api.MemberExists] for one who is in the team already, [api.NotFound] for a missing team.
func (c *Client) AddMember(ctx context.Context, teamID, userID, userEmail string, fields api.MemberFields) (api.Membership, error) {
	type person struct {
		Role      string `json:"role"`
		UserID    string `json:"user_id,omitempty"`
		UserEmail string `json:"user_email,omitempty"`
	}
	body := struct {
		TeamID string `json:"team_id"`
		Member person `json:"member"`
		// The gateway takes the role from the person.
		Role *string `json:"role,omitempty"`
		api.MemberFields
	}{TeamID: teamID, Member: person{fields.Role, userID, userEmail}, MemberFields: fields}
	var answer struct {
		Added []api.TeamMembership `json:"updated_team_memberships"`
	}
	if err := c.create(ctx, "/team/member_add", body, &answer); err != nil {
		return api.Membership{}, wrap(err, "add a member to team %q", teamID)
	}
	if len(answer.Added) != 1 {
		return api.Membership{}, wrap(errors.New("the gateway does not say whom it has added"), "add a member to team %q", teamID)
	}
	return answer.Added[0].Membership, nil
}

// GetMember returns a user's place in a team, or [api.NotFound] when the team is gone or the user is not in it.
func (c *Client) GetMember(ctx context.Context, teamID, userID string) (api.Membership, error) {
	team, err := c.GetTeam(ctx, teamID)
	if err != nil {
		return api.Membership{}, err
	}
	for _, member := range team.TeamMemberships {
		if member.UserID == userID {
			return member.Membership, nil
		}
	}
	return api.Membership{}, api.Errorf(api.NotFound, "user %q is not in team %q", userID, teamID)
}

// ListMembers returns every member of every team, over as many pages as it takes.
func (c *Client) ListMembers(ctx context.Context) ([]api.Membership, error) {
	members, err := everyPage(ctx, c.pageOfMembers)
	return members, wrap(err, "list team members")
}

// UpdateMember replaces all fields of a membership; nil ones are cleared. Errors are as for [Client.UpdateTeam].
func (c *Client) UpdateMember(ctx context.Context, teamID, userID string, fields api.MemberFields, revision int64) (api.Membership, error) {
	body := struct {
		TeamID string `json:"team_id"`
		UserID string `json:"user_id"`
		api.MemberFields
	}{teamID, userID, fields}
	var member api.Membership
	err := c.update(ctx, "/team/member_update", body, revision, &member)
	err = whole(c.memberGone(ctx, err, teamID, userID), member.UserID != "", "POST /team/member_update")
	return member, wrap(err, "update member %q of team %q", userID, teamID)
}

// DeleteMember takes a user out of a team and deletes the keys that the user has there;
// [api.NotFound] when the team is gone or the user is not in it.
func (c *Client) DeleteMember(ctx context.Context, teamID, userID string) error {
	body := map[string]string{"team_id": teamID, "user_id": userID}
	err := c.memberGone(ctx, c.post(ctx, "/team/member_delete", body, nil), teamID, userID)
	return wrap(err, "remove member %q from team %q", userID, teamID)
}

// memberGone finds out whether a change was refused because the user is not in the team, and is then an [api.NotFound]:
// LiteLLM's contract has the gateway answer 400.
func (c *Client) memberGone(ctx context.Context, err error, teamID, userID string) error {
	if api.CodeOf(err) != api.Invalid {
		return err
	}
	if _, readErr := c.GetMember(ctx, teamID, userID); api.CodeOf(readErr) == api.NotFound {
		return readErr
	}
	return err
}
