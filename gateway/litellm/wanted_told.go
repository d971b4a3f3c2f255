package litellm

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// others is what has no counterpart here.
func (t *translation) others() {
	for _, user := range t.estate.EndUsers {
		if user.Blocked {
			t.found.add(Blocking, "end user "+user.UserID+" is blocked", "end users are not known here: refuse them where they call from, or give them a key of their own, which can be blocked")
		}
		if deref(user.BudgetID) != "" || user.Budget != nil {
			t.found.add(Blocking, "end user "+user.UserID+" has a budget", "end users have no limits here: a user with keys of their own has")
		}
	}
	for _, tag := range t.estate.Tags {
		if deref(tag.BudgetID) != "" || tag.Budget != nil {
			t.found.add(Blocking, "tag "+cmp.Or(tag.Name, tag.APIName)+" has a budget", "budgets go by team, key, user and model, not by tag: a pot over the keys that send it caps them")
		}
	}
	for _, member := range t.estate.OrganizationMembers {
		if deref(member.BudgetID) != "" {
			t.found.add(Blocking, "member "+member.UserID+" of organization "+member.OrganizationID+" has a budget", "organizations are pots over their teams: give the user a budget, or the members of the teams")
		}
	}
	t.otherSecrets()
	for _, path := range slices.Sorted(maps.Keys(t.estate.Unsaid)) {
		t.found.add(Blocking, fmt.Sprintf("%s: %s", path, t.estate.Unsaid[path]), "LiteLLM does not answer this, so nothing of it is brought: its database tells all, --from postgres://…")
	}
	if t.estate.Calls > 0 {
		t.found.add(Different, fmt.Sprintf("%d calls of %s", t.estate.Calls, t.estate.CallSpend.usd().Dollars()), "the history of single calls stays in LiteLLM: what days have cost is brought, keep its database for more")
	}
}

// otherSecrets are ways to use a key besides its secret.
func (t *translation) otherSecrets() {
	names := map[string]string{}
	for _, key := range t.estate.Keys {
		names[key.Token] = cmp.Or(deref(key.KeyAlias), key.Token[:min(len(key.Token), 8)]+"…")
	}
	for _, old := range t.estate.OldSecrets {
		t.found.add(Blocking, fmt.Sprintf("key %s: its secret from before the rotation, until %s", names[old.ActiveToken], timeOrNever(old.RevokeAt.Time)),
			"still opens LiteLLM and opens nothing here: see that who calls has the new secret before you switch")
	}
	for _, mapping := range t.estate.JWTMappings {
		t.found.add(Blocking, fmt.Sprintf("tokens with %s %s as key %s", mapping.Claim, mapping.Value, names[mapping.Token]),
			"tokens of an identity provider are not mapped to keys here: say in the gateway's configuration whose they are, or give them the key")
	}
}
