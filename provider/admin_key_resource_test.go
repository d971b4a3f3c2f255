package provider_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

const adminKeyTeams = `
resource "bursar_team" "a" {
  team_id = "a"
}

resource "bursar_team" "b" {
  team_id = "b"
}
`

const (
	firstAdminSecret = "sk-canary-of-a-pipeline-0001"
	nextAdminSecret  = "sk-canary-of-a-pipeline-0002"
)

const fullAdminKey = `
resource "bursar_admin_key" "ci" {
  admin_key_alias = "deploy"
  role            = "team_admin"
  team_ids        = [bursar_team.a.team_id]
  expires         = "2099-01-31T12:00:00+01:00"
  key_wo          = "sk-canary-of-a-pipeline-0001"
  key_wo_version  = 1
}
`

const plainAdminKey = `
resource "bursar_admin_key" "ci" {
  role           = "viewer"
  key_wo         = "sk-canary-of-a-pipeline-0001"
  key_wo_version = 1
}
`

const theAdminKey = "bursar_admin_key.ci"

func (g *gateway) onlyAdminKey() api.AdminKey {
	g.t.Helper()
	keys := must[[]api.AdminKey](g.t)(g.ListAdminKeys(g.t.Context()))
	if len(keys) != 1 {
		g.t.Fatalf("there are %d admin keys", len(keys))
	}
	return keys[0]
}

func (g *gateway) changeAdminKey(change func(*api.AdminKeyFields)) func() {
	return func() {
		g.t.Helper()
		key := g.onlyAdminKey()
		change(&key.AdminKeyFields)
		must[api.AdminKey](g.t)(g.UpdateAdminKey(g.t.Context(), key.AdminKeyID, key.AdminKeyFields, 0))
	}
}

var adminKeyDrift = []driftCase[api.AdminKeyFields]{
	{adminKeyTeams + fullAdminKey, func(f *api.AdminKeyFields) { // value to value
		f.AdminKeyAlias, f.Role, f.TeamIDs = new("x"), "team_viewer", api.StringList{"b", "a"}
		f.Expires = new(time.Date(2098, 1, 1, 0, 0, 0, 0, time.UTC))
	}, changes{
		"admin_key_alias": `"x" -> "deploy"`, "role": `"team_viewer" -> "team_admin"`, "team_ids.0": `"b" -> "a"`, "team_ids.1": `"a" -> `,
		"expires": `"2098-01-01T00:00:00Z" -> "2099-01-31T12:00:00+01:00"`,
	}},
	{adminKeyTeams + fullAdminKey, func(f *api.AdminKeyFields) { // value to null
		*f = api.AdminKeyFields{Role: "admin"}
	}, changes{
		"admin_key_alias": ` -> "deploy"`, "role": `"admin" -> "team_admin"`, "team_ids.0": ` -> "a"`, "expires": ` -> "2099-01-31T12:00:00+01:00"`,
	}},
	{adminKeyTeams + plainAdminKey, func(f *api.AdminKeyFields) { // null to value
		f.AdminKeyAlias, f.Role, f.TeamIDs = new("x"), "team_admin", api.StringList{"a"}
		f.Expires = new(time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC))
	}, changes{
		"admin_key_alias": `"x" -> `, "role": `"team_admin" -> "viewer"`, "team_ids.0": `"a" -> `, "expires": `"2099-01-01T00:00:00Z" -> `,
	}},
}

func TestAccAdminKey_everyAttributeDrifts(t *testing.T) {
	g := startGateway(t)
	run(t, append(driftSteps(g, theAdminKey, adminKeyDrift, g.changeAdminKey), resource.TestStep{
		PreConfig: func() {
			if err := g.DeleteAdminKey(t.Context(), g.onlyAdminKey().AdminKeyID); err != nil {
				t.Fatal(err)
			}
		},
		Config: g.config(adminKeyTeams + plainAdminKey), ConfigPlanChecks: willCreate(theAdminKey),
	})...)
}

// admits says whether the secret opens the admin API.
func (g *gateway) admits(secret string) bool {
	g.t.Helper()
	request, err := http.NewRequestWithContext(g.t.Context(), http.MethodGet, g.URL+"/team/list", nil)
	if err != nil {
		g.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+secret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		g.t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func (g *gateway) wantsOpen(secrets map[string]bool) func() {
	return func() {
		g.t.Helper()
		for secret, want := range secrets {
			if got := g.admits(secret); got != want {
				g.t.Errorf("the secret that ends in %s opens the gateway: %t", secret[len(secret)-4:], got)
			}
		}
	}
}

func TestAccAdminKey_createRotateImport(t *testing.T) {
	g := startGateway(t)
	rotated := replace(replace(fullAdminKey, firstAdminSecret, nextAdminSecret), "key_wo_version  = 1", "key_wo_version  = 2")
	atOnce := replace(replace(fullAdminKey, firstAdminSecret, "sk-canary-of-a-pipeline-0003"), "key_wo_version  = 1", "key_wo_version  = 3\n  rotation_grace = \"0s\"")
	var id string
	run(t,
		resource.TestStep{Config: g.config(adminKeyTeams, fullAdminKey), ConfigStateChecks: noCanary()},
		resource.TestStep{Config: g.config(adminKeyTeams, fullAdminKey), ConfigPlanChecks: nothing()},
		resource.TestStep{
			PreConfig:        func() { id = g.onlyAdminKey().AdminKeyID },
			Config:           g.config(adminKeyTeams, replace(fullAdminKey, `"deploy"`, `"ship"`)),
			ConfigPlanChecks: onlyChanges(theAdminKey, changes{"admin_key_alias": `"deploy" -> "ship"`}),
		},
		resource.TestStep{
			PreConfig: g.wantsOpen(map[string]bool{firstAdminSecret: true, nextAdminSecret: false}),
			Config:    g.config(adminKeyTeams, rotated), ConfigStateChecks: append(noCanary(),
				statecheck.ExpectKnownValue(theAdminKey, tfjsonpath.New("key_name"), knownvalue.StringExact("sk-...0002")),
				statecheck.ExpectKnownValue(theAdminKey, tfjsonpath.New("role"), knownvalue.StringExact("team_admin")),
			),
		},
		resource.TestStep{
			PreConfig: func() {
				g.wantsOpen(map[string]bool{firstAdminSecret: true, nextAdminSecret: true})() // the grace of a day
				if now := g.onlyAdminKey(); now.AdminKeyID != id || *now.AdminKeyAlias != "deploy" {
					t.Errorf("the rotated key is %+v, want the id %s", now, id)
				}
			},
			Config: g.config(adminKeyTeams, rotated), ConfigPlanChecks: nothing(),
		},
		resource.TestStep{Config: g.config(adminKeyTeams, atOnce)},
		resource.TestStep{
			PreConfig: g.wantsOpen(map[string]bool{firstAdminSecret: false, nextAdminSecret: false, "sk-canary-of-a-pipeline-0003": true}),
			Config:    g.config(adminKeyTeams, atOnce), ConfigPlanChecks: nothing(),
		},
		resource.TestStep{ // by what people call it
			ResourceName: theAdminKey, ImportState: true, ImportStateId: "deploy", ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "admin_key_id",
			ImportStateVerifyIgnore: []string{"key_wo_version", "rotation_grace", "expires"},
		},
		resource.TestStep{Config: g.config(adminKeyTeams, atOnce), Destroy: true},
	)
	if keys := must[[]api.AdminKey](t)(g.ListAdminKeys(t.Context())); len(keys) != 0 {
		t.Errorf("admin keys are left: %v", keys)
	}
}

// An imported admin key plans nothing with the version alone, and gets the configured secret with the next one.
func TestAccAdminKey_importedKeepsItsSecret(t *testing.T) {
	g := startGateway(t)
	made := must[api.AdminKeyCreated](t)(g.CreateAdminKey(t.Context(), client.AdminKeyCreate{AdminKeyFields: api.AdminKeyFields{Role: "viewer"}, Key: firstAdminSecret}))
	adopt := fmt.Sprintf("import {\n  to = bursar_admin_key.ci\n  id = %q\n}\n", made.AdminKeyID)
	const adopted = "resource \"bursar_admin_key\" \"ci\" {\n  role           = \"viewer\"\n  key_wo_version = 1\n}\n"
	next := replace(replace(plainAdminKey, firstAdminSecret, nextAdminSecret), "key_wo_version = 1", "key_wo_version = 2")
	run(t,
		resource.TestStep{Config: g.config(adopt, adopted), ConfigPlanChecks: nothing()},
		resource.TestStep{PreConfig: g.wantsOpen(map[string]bool{firstAdminSecret: true}), Config: g.config(adopted), ConfigPlanChecks: nothing()},
		resource.TestStep{Config: g.config(next)},
		resource.TestStep{
			PreConfig: g.wantsOpen(map[string]bool{firstAdminSecret: true, nextAdminSecret: true}), Config: g.config(next), ConfigPlanChecks: nothing(),
		},
	)
}

func TestAccAdminKey_foreignRotationDrifts(t *testing.T) {
	g := startGateway(t)
	run(t,
		resource.TestStep{Config: g.config(plainAdminKey)},
		resource.TestStep{
			PreConfig: func() {
				must[api.AdminKeyCreated](t)(g.RotateAdminKey(t.Context(), g.onlyAdminKey().AdminKeyID, "sk-of-somebody-else-012345", "", 0))
			},
			Config: g.config(plainAdminKey), ConfigPlanChecks: willUpdate(theAdminKey),
		},
		resource.TestStep{
			PreConfig: g.wantsOpen(map[string]bool{firstAdminSecret: true}), Config: g.config(plainAdminKey), ConfigPlanChecks: nothing(),
		},
	)
}

func TestAccAdminKey_durationIsFromCreation(t *testing.T) {
	g := startGateway(t)
	forAMonth := replace(plainAdminKey, "role ", "duration       = \"30d\"\n  role ")
	run(t,
		resource.TestStep{Config: g.config(forAMonth)},
		resource.TestStep{
			PreConfig: func() {
				if key := g.onlyAdminKey(); key.Expires.Sub(key.CreatedAt).Round(time.Hour) != 30*24*time.Hour {
					t.Errorf("it lives from %s to %s", key.CreatedAt, key.Expires)
				}
			},
			Config: g.config(forAMonth), ConfigPlanChecks: nothing(),
		},
		resource.TestStep{
			PreConfig: g.changeAdminKey(func(f *api.AdminKeyFields) { f.Expires = nil }),
			Config:    g.config(forAMonth), ConfigPlanChecks: willUpdate(theAdminKey),
		},
		resource.TestStep{Config: g.config(plainAdminKey)},
		resource.TestStep{
			PreConfig: func() {
				if key := g.onlyAdminKey(); key.Expires != nil {
					t.Errorf("it ends at %s", key.Expires)
				}
			},
			Config: g.config(plainAdminKey), ConfigPlanChecks: nothing(),
		},
	)
}

func TestAccAdminKey_refusesAtThePlan(t *testing.T) {
	g := startGateway(t)
	var refusals []refusal
	for _, test := range map[string]struct{ config, says string }{
		"no secret":                {replace(plainAdminKey, "  key_wo         = \"sk-canary-of-a-pipeline-0001\"\n  key_wo_version = 1\n", ""), "A new admin key needs a secret of yours"},
		"a version alone":          {replace(plainAdminKey, "  key_wo         = \"sk-canary-of-a-pipeline-0001\"\n", ""), "A new version means that key_wo is sent, which is not set"},
		"a secret without version": {replace(plainAdminKey, "  key_wo_version = 1\n", ""), `"key_wo_version" must be specified when "key_wo" is specified`},
		"a short secret":           {replace(plainAdminKey, firstAdminSecret, "sk-canary"), "16 to 200"},
		"no role":                  {replace(plainAdminKey, `"viewer"`, `"root"`), `must be one of: ["admin" "approver" "viewer" "team_admin" "team_viewer"]`},
		"teams of a viewer":        {replace(fullAdminKey, `"team_admin"`, `"viewer"`) + adminKeyTeams, "is only for the roles team_admin and team_viewer"},
		"a team_admin of none":     {replace(plainAdminKey, `"viewer"`, `"team_admin"`), "is required for the role team_admin"},
		"a name of others":         {replace(fullAdminKey, `"deploy"`, `"admin"`) + adminKeyTeams, "how the audit log names others"},
		"both ends":                {replace(fullAdminKey, "expires ", "duration = \"1d\"\n  expires ") + adminKeyTeams, `"expires" cannot be specified when "duration" is specified`},
		"a long grace":             {replace(plainAdminKey, "role ", "rotation_grace = \"91d\"\n  role "), "at most 90d"},
	} {
		refusals = append(refusals, refusal{test.config, says(test.says)})
	}
	refuses(t, g.config(), refusals...)
}

func TestAccAdminKey_deletionProtection(t *testing.T) {
	g := startGateway(t)
	protected := replace(plainAdminKey, "role ", "deletion_protection = true\n  role ")
	run(t,
		resource.TestStep{Config: g.config(protected)},
		resource.TestStep{Config: g.config(protected), Destroy: true, ExpectError: says("deletion_protection")},
		resource.TestStep{Config: g.config(plainAdminKey)},
	)
}

// Who may not see admin keys is told so, and loses none from the state.
func TestAccAdminKey_needsAnAdmin(t *testing.T) {
	g := startGateway(t)
	viewer := must[api.AdminKeyCreated](t)(g.CreateAdminKey(t.Context(), client.AdminKeyCreate{AdminKeyFields: api.AdminKeyFields{Role: "viewer"}}))
	run(t, resource.TestStep{Config: replace(g.config(plainAdminKey), adminKey, viewer.Secret), ExpectError: says("role viewer may not use")})
}
