package admin

import (
	"reflect"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// What callers of some teams may do within them. The platform's callers, who are over all teams, may do all of it.

// checkGrant refuses a caller who is not over all teams to give a member more than the team has.
func (s *Server) checkGrant(c *route.Call, team api.Team, before, after api.MemberFields) error {
	if c.Caller.Role.Everywhere() {
		return nil
	}
	for _, limit := range []pairedLimit{
		{"rpm_limit", team.RPMLimit, before.RPMLimit, after.RPMLimit},
		{"tpm_limit", team.TPMLimit, before.TPMLimit, after.TPMLimit},
	} {
		if limit.key != nil && limit.team != nil && *limit.key > *limit.team && !equal(limit.before, limit.key) {
			return api.FieldErrorf(limit.field, "is %d, above the %d of the team", *limit.key, *limit.team)
		}
	}
	amount := after.MaxBudgetInTeam
	if amount != nil && team.MaxBudget != nil && *amount > *team.MaxBudget && !equal(before.MaxBudgetInTeam, amount) {
		return api.FieldErrorf("max_budget_in_team", "is %s, above the %s of the team", *amount, *team.MaxBudget)
	}
	return nil
}

func errOwnMembership() error {
	return api.Errorf(api.Forbidden, "nobody but an admin changes their own place in a team")
}

// checkOwnKey refuses a caller who is not over all teams to change what their own key may do.
func checkOwnKey(c *route.Call, before, after api.Key) error {
	if c.Caller.Role.Everywhere() || !c.Caller.Owns(before.KeyID, orNone(before.UserID)) {
		return nil
	}
	same := after.KeyFields
	same.KeyAlias, same.Metadata = before.KeyAlias, before.Metadata
	if !reflect.DeepEqual(same, before.KeyFields) {
		return api.Errorf(api.Forbidden, "of their own keys callers may change key_alias and metadata; the rest is for an admin")
	}
	return nil
}

// checkNamed refuses a caller who is not over all teams a key that names somebody or something beyond the team, and
// returns where the key then comes from. What exists elsewhere and what does not is refused alike.
func (s *Server) checkNamed(c *route.Call, team *api.Team, before, after api.Key) (api.KeyOrigin, error) {
	origin := after.Origin
	sameUser := equal(before.UserID, after.UserID) && equal(before.TeamID, after.TeamID)
	if c.Caller.Role.Everywhere() {
		origin.Apart = origin.Apart && sameUser
		return origin, nil
	}
	if err := checkBudgetNamed(team, before, after); err != nil || sameUser {
		return origin, err
	}
	var err error
	origin.Apart, err = s.checkUserNamed(c, after)
	return origin, err
}

// checkBudgetNamed refuses a budget that the team does not show: its callers may not look at others.
func checkBudgetNamed(team *api.Team, before, after api.Key) error {
	if after.BudgetID == nil || equal(before.BudgetID, after.BudgetID) || team != nil && equal(team.BudgetID, after.BudgetID) {
		return nil
	}
	refused := api.Errorf(api.Forbidden, "budget_id is for the platform's admins to set; a team's admin may give a key the budget_id of the team only")
	refused.Param = "budget_id"
	return refused
}

// checkUserNamed refuses to let a key spend for somebody who is neither the caller nor in the key's team. It says
// whether the key is to leave its user's own budget alone.
func (s *Server) checkUserNamed(c *route.Call, key api.Key) (apart bool, err error) {
	if key.UserID == nil {
		return false, nil
	}
	if key.TeamID != nil {
		member, err := s.record.Member(c.Context(), *key.TeamID, *key.UserID)
		if api.CodeOf(err) != api.NotFound {
			return member.JoinedByTeam, err
		}
	}
	if *key.UserID == c.Caller.UserID {
		return false, nil
	}
	refused := api.Errorf(api.Forbidden, "user_id must be the caller or a member of the key's team; POST /team/member_add makes one")
	refused.Param = "user_id"
	return false, refused
}

// noteBlocked notes who blocked a key, when a request says whether it is to be. What the platform blocked stays so
// until the platform says otherwise.
func noteBlocked(c *route.Call, before bool, key *api.Key) error {
	everywhere := c.Caller.Role.Everywhere()
	switch {
	case everywhere:
		key.Origin.BlockedByTeam = false
	case !before:
		key.Origin.BlockedByTeam = key.Blocked
	case !key.Blocked && !key.Origin.BlockedByTeam:
		return errPlatformBlocked("unblock")
	case !key.Blocked:
		key.Origin.BlockedByTeam = false
	}
	return nil
}

func errPlatformBlocked(verb string) error {
	return api.Errorf(api.Forbidden, "the key was blocked by the platform; only its admins can %s it", verb)
}

// checkMayDelete refuses a caller who is not over all teams to delete keys that the platform blocked: made again
// with the same secret they would be open.
func checkMayDelete(c *route.Call, keys []api.Key) error {
	blocked := func(key api.Key) bool { return key.Blocked && !key.Origin.BlockedByTeam }
	if !c.Caller.Role.Everywhere() && slices.ContainsFunc(keys, blocked) {
		return errPlatformBlocked("delete")
	}
	return nil
}

// makerOf is who a key's secret is given out to; nothing for the platform, which is never let out.
func makerOf(c *route.Call) api.Credential {
	if c.Caller.Role.Everywhere() {
		return api.Credential{}
	}
	return c.Caller.Credential
}

// userSeen is what the caller sees of somebody who was put into a team: callers of some teams nothing beyond them.
func userSeen(c *route.Call, user api.User, named person) api.User {
	if c.Caller.Role.Everywhere() {
		return user
	}
	seen := api.NewUser(user.UserID)
	seen.UserEmail = named.UserEmail
	seen.Teams = slices.DeleteFunc(slices.Clone(user.Teams), func(team string) bool { return !slices.Contains(c.Caller.Teams, team) })
	return seen
}

func orNone(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
