package litellm

import (
	"fmt"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func (t *translation) allTeams() {
	for _, team := range t.estate.Teams {
		t.team(team)
	}
}

func (t *translation) team(from team) {
	id, ok := t.id("team", from.TeamID)
	if !ok {
		return
	}
	what := "team " + id
	terms, period := t.terms(what, from.limits)
	metadata, byModel := t.metadata(what, from.Metadata)
	team := api.NewTeam(id)
	team.TeamAlias, team.Models, team.Blocked = t.alias(what, "team_alias", from.TeamAlias), modelNames(from.Models), from.Blocked
	team.RateLimits, team.BudgetTerms, team.Metadata, team.ModelRateLimits = rates(from.limits), terms, metadata, byModel
	if defaults, there := t.budgets[from.Metadata.text("team_member_budget_id")]; there {
		team.TeamMemberBudget, team.TeamMemberBudgetDuration = defaults.MaxBudget.Nano, given(defaults.BudgetDuration)
		team.TeamMemberRPMLimit, team.TeamMemberTPMLimit = defaults.RPMLimit.int64, defaults.TPMLimit.int64
		t.allowedModels(what+": members", defaults)
	}
	t.permissions(what, from, &team)
	t.outOfBounds(what, from.bounds)
	if len(from.RouterSettings) > 0 {
		t.found.add(Different, what+": router_settings", "deployments are shared by weight, for everybody alike")
	}
	if from.ModelTable != nil && len(from.ModelTable.Aliases) > 0 {
		t.found.add(Blocking, what+": model_aliases", ofAliases)
	}
	if !t.valid(what, team.Validate()) {
		return
	}
	wanted := wantedTeam{id, team.TeamFields, t.spent(what, from.Spend, period)}
	t.teams[id], t.out.teams = wanted, append(t.out.teams, wanted)
	t.caps(capped{what: what, prefix: "team:" + id, team: id}, from.ModelMaxBudget, from.BudgetLimits)
}

const ofAliases = "an alias belongs to its model here, for everybody: give the model aliases"

// permissions are the admin routes that members may use, as far as members can be permitted them here.
func (t *translation) permissions(what string, from team, team *api.Team) {
	if from.Permissions == nil || len(*from.Permissions) == 0 {
		return
	}
	var kept api.StringList
	for _, path := range *from.Permissions {
		team.TeamMemberPermissions = &api.StringList{path}
		if team.Validate() == nil {
			kept = append(kept, path)
		} else {
			t.found.add(Different, what+": "+path, "is no route that members can be permitted here")
		}
	}
	team.TeamMemberPermissions = nil
	if kept != nil {
		team.TeamMemberPermissions = &kept
	}
}

func (t *translation) allUsers() {
	capped := 0
	for _, from := range t.estate.Users {
		id, ok := t.id("user", from.UserID)
		if !ok {
			continue
		}
		what := "user " + id
		terms, period := t.terms(what, from.limits)
		metadata, _ := t.metadata(what, from.Metadata)
		user := api.NewUser(id)
		user.UserEmail, user.UserAlias, user.UserRole = t.unique(what, "user_email", given(from.UserEmail)), t.alias(what, "user_alias", from.UserAlias), given(from.UserRole)
		user.RateLimits, user.BudgetTerms, user.Metadata = rates(from.limits), terms, metadata
		t.outOfBounds(what, from.bounds)
		if len(from.Models) > 0 {
			t.found.add(Different, what+": models", "models are listed by teams and keys")
		}
		if len(from.ModelMaxBudget) > 0 {
			t.found.add(Blocking, what+": model_max_budget", "a cap of a model is a pot over teams or keys")
		}
		if !t.valid(what, user.Validate()) {
			continue
		}
		if user.MaxBudget != nil {
			capped++
		}
		t.out.users = append(t.out.users, wantedUser{id, user.UserFields, t.spent(what, from.Spend, period)})
	}
	if capped > 0 {
		t.found.add(Different, fmt.Sprintf("max_budget of %d users", capped), "a user's budget holds over all of the user's keys here, those of teams included")
	}
}

func (t *translation) allMembers() {
	places := map[[2]string]membership{}
	for _, place := range t.estate.Memberships {
		places[[2]string{place.TeamID, place.UserID}] = place
	}
	byEmail := map[string]string{}
	for _, user := range t.estate.Users {
		if user.UserEmail != nil {
			byEmail[*user.UserEmail] = user.UserID
		}
	}
	for _, team := range t.estate.Teams {
		seen := map[string]bool{}
		for _, member := range team.members() {
			userID := deref(member.UserID)
			if userID == "" && member.UserEmail != nil {
				userID = byEmail[*member.UserEmail]
			}
			if userID == "" {
				t.found.add(Blocking, "a member of team "+team.TeamID, "is no user that LiteLLM knows, and is left out")
				continue
			}
			if !seen[userID] {
				seen[userID] = true
				t.member(team, userID, member.Role, places[[2]string{team.TeamID, userID}])
			}
		}
	}
}

func (t *translation) member(of team, userID, role string, place membership) {
	teamID, _ := t.id("team", of.TeamID)
	user, ok := t.id("user", userID)
	if _, there := t.teams[teamID]; !there || !ok {
		return
	}
	what := "member " + user + " of team " + teamID
	member := api.NewMembership(teamID, user)
	if role == api.MemberAdmin {
		member.Role = api.MemberAdmin
	}
	var period opening
	if place.BudgetID != nil {
		own, there := t.budgets[*place.BudgetID]
		if there {
			_, period = t.terms(what, own.limits)
			period.ends = nil // LiteLLM's own does not reset
		}
		if there && *place.BudgetID != of.Metadata.text("team_member_budget_id") {
			member.MaxBudgetInTeam, member.BudgetDuration = own.MaxBudget.Nano, given(own.BudgetDuration)
			member.RPMLimit, member.TPMLimit = own.RPMLimit.int64, own.TPMLimit.int64
			t.allowedModels(what, own)
		}
		if !there {
			t.found.add(Blocking, what+": budget_id", "names a budget that is not there: the member has no budget of its name")
		}
	}
	if t.valid(what, member.Validate()) {
		t.out.members = append(t.out.members, wantedMember{teamID, user, member.MemberFields, t.spent(what, place.Spend, period)})
	}
}
