package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const memberTeam = `
resource "bursar_team" "t" {
  team_id = "t"
}
`

const fullMember = memberTeam + `
resource "bursar_team_member" "ada" {
  team_id            = bursar_team.t.team_id
  user_id            = "ada/l"
  role               = "admin"
  max_budget_in_team = 12.5
  budget_duration    = "1mo"
  rpm_limit          = 10
  tpm_limit          = 2000
}
`

const plainMember = memberTeam + `
resource "bursar_team_member" "ada" {
  team_id = bursar_team.t.team_id
  user_id = "ada/l"
}
`

const memberByEmail = memberTeam + `
resource "bursar_team_member" "ada" {
  team_id    = bursar_team.t.team_id
  user_email = "Ada@example.com"
}
`

const ada = "bursar_team_member.ada"

func (g *gateway) changeMember(change func(*api.MemberFields)) func() {
	return func() {
		g.t.Helper()
		member := must[api.Membership](g.t)(g.GetMember(g.t.Context(), "t", "ada/l"))
		change(&member.MemberFields)
		must[api.Membership](g.t)(g.UpdateMember(g.t.Context(), "t", "ada/l", member.MemberFields, 0))
	}
}

func (g *gateway) removeMember() {
	g.t.Helper()
	if err := g.DeleteMember(g.t.Context(), "t", "ada/l"); err != nil {
		g.t.Fatal(err)
	}
}

func TestAccTeamMember_createUpdateImport(t *testing.T) {
	g := startGateway(t)
	run(t,
		resource.TestStep{Config: g.config(fullMember)},
		resource.TestStep{Config: g.config(fullMember), ConfigPlanChecks: nothing()},
		resource.TestStep{
			Config: g.config(fullMember), ResourceName: ada, ImportState: true, ImportStateId: "t/ada/l",
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "user_id",
		},
		resource.TestStep{
			Config: g.config(fullMember), ResourceName: ada, ImportState: true, ImportStateId: "t/nobody",
			ExpectError: says(`TEAM_ID/USER_ID, such as marketing/ada, and nobody on the gateway is meant by "t/nobody"`),
		},
		resource.TestStep{
			Config:           g.config(replace(fullMember, "12.5", "13")),
			ConfigPlanChecks: onlyChanges(ada, changes{"max_budget_in_team": "12.5 -> 13"}),
		},
		resource.TestStep{
			Config: g.config(plainMember),
			ConfigPlanChecks: onlyChanges(ada, changes{
				"role": `"admin" -> "user"`, "max_budget_in_team": "13 -> ", "budget_duration": `"1mo" -> `, "rpm_limit": "10 -> ", "tpm_limit": "2000 -> ",
			}),
		},
		resource.TestStep{
			PreConfig: func() {
				member := must[api.Membership](t)(g.GetMember(t.Context(), "t", "ada/l"))
				if member.MemberFields != (api.MemberFields{Role: api.MemberUser}) {
					t.Errorf("what was taken out of the configuration is still there: %+v", member.MemberFields)
				}
			},
			Config: g.config(plainMember), ConfigPlanChecks: nothing(),
		},
		resource.TestStep{Config: g.config(replace(plainMember, "ada/l", "grace")), ConfigPlanChecks: willReplace(ada)},
		resource.TestStep{Config: g.config(memberTeam)},
		resource.TestStep{
			PreConfig: func() {
				if _, err := g.GetMember(t.Context(), "t", "grace"); api.CodeOf(err) != api.NotFound {
					t.Errorf("the member is not gone: %v", err)
				}
			},
			Config: g.config(memberTeam), ConfigPlanChecks: nothing(),
		},
	)
}

func TestAccTeamMember_byEmail(t *testing.T) {
	g := startGateway(t)
	run(t,
		resource.TestStep{Config: g.config(memberByEmail)},
		resource.TestStep{Config: g.config(memberByEmail), ConfigPlanChecks: nothing()},
		resource.TestStep{Config: g.config(replace(memberByEmail, "Ada@", "ada@")), ConfigPlanChecks: nothing()},
		resource.TestStep{
			Config:           g.config(replace(memberByEmail, "user_email", "role = \"admin\"\n  user_email")),
			ConfigPlanChecks: onlyChanges(ada, changes{"role": `"user" -> "admin"`}),
		},
		resource.TestStep{Config: g.config(replace(memberByEmail, "Ada@", "grace@")), ConfigPlanChecks: willReplace(ada)},
	)
}

func TestAccTeamMember_existingOneAnswersWithTheImport(t *testing.T) {
	g := startGateway(t)
	must[api.Team](t)(g.CreateTeam(t.Context(), "t", api.TeamFields{}))
	must[api.Membership](t)(g.AddMember(t.Context(), "t", "ada", "ada@example.com", api.MemberFields{Role: api.MemberUser}))
	byID := "resource \"bursar_team_member\" \"ada\" {\n  team_id = \"t\"\n  user_id = \"ada\"\n}\n"
	byEmail := replace(byID, `user_id = "ada"`, `user_email = "ADA@example.com"`)
	imported := g.config("import {\n  to = "+ada+"\n  id = \"t/ada\"\n}\n", byEmail)
	run(t,
		resource.TestStep{Config: g.config(byID), ExpectError: says("terraform import bursar_team_member.NAME t/ada")},
		resource.TestStep{Config: g.config(byEmail), ExpectError: says("terraform import bursar_team_member.NAME t/ada")},
		resource.TestStep{Config: imported, ConfigPlanChecks: nothingButImports(1)},
		resource.TestStep{Config: imported, ConfigPlanChecks: nothing()},
	)
}

// A race is loud, and somebody who is out of the team already needs no removing.
func TestAccTeamMember_changedOrGoneSincePlan(t *testing.T) {
	g := startGateway(t)
	before := func(path string, change func()) func() {
		return func() {
			g.between(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if r.URL.Path == path {
					g.heal()
					change()
				}
				next.ServeHTTP(w, r)
			})
		}
	}
	run(t,
		resource.TestStep{Config: g.config(plainMember)},
		resource.TestStep{
			PreConfig:   before("/team/member_update", g.changeMember(func(f *api.MemberFields) { f.RPMLimit = new(int64(7)) })),
			Config:      g.config(fullMember),
			ExpectError: says(`The member "ada/l" of team "t" was changed by "mallory"`),
		},
		resource.TestStep{Config: g.config(fullMember)},
		resource.TestStep{PreConfig: before("/team/member_delete", g.removeMember), Config: g.config(memberTeam)},
	)
}

// With both, the id says who it is: nobody is taken out of the team because of another address.
func TestAccTeamMember_byIDAndEmail(t *testing.T) {
	g := startGateway(t)
	both := replace(memberByEmail, "user_email", "user_id    = \"ada/l\"\n  user_email")
	address := func(email string) func() { return func() { g.readdress("ada/l", email) } }
	run(t,
		resource.TestStep{Config: g.config(both)},
		resource.TestStep{Config: g.config(both), ConfigPlanChecks: nothing()},
		resource.TestStep{Config: g.config(replace(both, "Ada@", "ada@")), ConfigPlanChecks: nothing()},
		resource.TestStep{PreConfig: address(`"countess@example.com"`), Config: g.config(both), ConfigPlanChecks: nothing()},
		resource.TestStep{PreConfig: address("null"), Config: g.config(both), ExpectError: says("has no address on the gateway")},
		resource.TestStep{PreConfig: address(`"ada@example.com"`), Config: g.config(both), ConfigPlanChecks: nothing()},
		resource.TestStep{Config: g.config(replace(both, "ada/l", "grace")), ExpectError: says("belongs to another user")},
	)
}

// readdress gives a user another address, in JSON.
func (g *gateway) readdress(userID, email string) {
	g.t.Helper()
	body := fmt.Sprintf(`{"user_id": %q, "user_email": %s}`, userID, email)
	request, err := http.NewRequestWithContext(g.t.Context(), http.MethodPost, g.URL+"/user/update", strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+adminKey)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		g.t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
		g.t.Fatalf("the address was not changed: %s, %v", response.Status, err)
	}
}
