package admin

import (
	"reflect"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// checkGrant refuses a caller who is not over all teams to give a member more than the team has.
func (s *Server) checkGrant(c *call, team api.Team, before, after api.MemberFields) error {
	if c.caller.Role.Everywhere() {
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
func checkOwnKey(c *call, before, after api.Key) error {
	user := ""
	if before.UserID != nil {
		user = *before.UserID
	}
	if c.caller.Role.Everywhere() || !c.caller.Owns(before.KeyID, user) {
		return nil
	}
	same := after.KeyFields
	same.KeyAlias, same.Metadata = before.KeyAlias, before.Metadata
	if !reflect.DeepEqual(same, before.KeyFields) {
		return api.Errorf(api.Forbidden, "of their own keys callers may change key_alias and metadata; the rest is for an admin")
	}
	return nil
}
