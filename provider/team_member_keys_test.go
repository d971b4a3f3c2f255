package provider_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// memberWithKey is a member, with attributes, and a key of theirs.
func memberWithKey(attributes, keysUser string) string {
	return memberTeam + fmt.Sprintf(`
resource "bursar_team_member" "ada" {
  team_id = bursar_team.t.team_id
  user_id = "ada"
  %s
}

resource "bursar_key" "app" {
  team_id = bursar_team.t.team_id
  user_id = %s
}
`, attributes, keysUser)
}

// A member takes the keys along that they have in the team: programs would stop that nobody has said may.
func TestAccTeamMember_deletionIsDeliberate(t *testing.T) {
	g := startGateway(t)
	const theirs, nobodys = "bursar_team_member.ada.user_id", "null"
	var id string
	sameKey := func() {
		if now := g.onlyKey().KeyID; now != id {
			t.Errorf("the key was %s and is %s", id, now)
		}
	}
	letGo := memberTeam + "resource \"bursar_key\" \"app\" {\n  team_id = bursar_team.t.team_id\n}\n"
	run(t,
		resource.TestStep{Config: g.config(memberWithKey("", theirs))},
		resource.TestStep{ // the plan changes the key, but Terraform takes the member away before
			PreConfig: func() { id = g.onlyKey().KeyID }, Config: g.config(letGo),
			ExpectError: saysAt("Team member still has keys", "terraform apply -target=bursar_key.NAME"),
		},
		resource.TestStep{PreConfig: sameKey, Config: g.config(memberWithKey("", nobodys))},
		resource.TestStep{PreConfig: sameKey, Config: g.config(letGo)},
		resource.TestStep{PreConfig: sameKey, Config: g.config(memberWithKey("", theirs))},
		resource.TestStep{
			Config:           g.config(memberWithKey("force_destroy = true", theirs)),
			ConfigPlanChecks: onlyChanges("bursar_team_member.ada", changes{"force_destroy": "false -> true"}),
		},
		resource.TestStep{
			PreConfig: func() {
				if member := must[api.Membership](t)(g.GetMember(t.Context(), "t", "ada")); member.Revision != 1 {
					t.Errorf("what only Terraform needs to know was written: revision %d", member.Revision)
				}
			},
			Config: g.config(memberTeam),
		},
	)
}

func TestAccTeamMember_forceDestroyTakesKeysAlong(t *testing.T) {
	g := startGateway(t)
	forced := memberTeam + "resource \"bursar_team_member\" \"ada\" {\n  team_id = bursar_team.t.team_id\n  user_id = \"ada\"\n  force_destroy = true\n}\n"
	run(t,
		resource.TestStep{Config: g.config(forced)},
		resource.TestStep{
			PreConfig: func() {
				must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{KeyFields: api.KeyFields{TeamID: new("t"), UserID: new("ada")}}))
			},
			Config: g.config(memberTeam),
		},
	)
	if keys := must[[]api.Key](t)(g.ListKeys(t.Context())); len(keys) != 0 {
		t.Errorf("%d keys are left", len(keys))
	}
}
