package provider_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// newAdminKey returns the secret of an admin key with a role of its own.
func (g *gateway) newAdminKey(role string, teams ...string) string {
	g.t.Helper()
	body := must[[]byte](g.t)(json.Marshal(api.AdminKeyFields{Role: role, TeamIDs: teams}))
	request := must[*http.Request](g.t)(http.NewRequestWithContext(g.t.Context(), http.MethodPost, g.URL+"/admin_key/new", bytes.NewReader(body)))
	request.Header.Set("Authorization", "Bearer "+adminKey)
	response := must[*http.Response](g.t)(http.DefaultClient.Do(request))
	defer func() { _ = response.Body.Close() }()
	var created api.AdminKeyCreated
	if err := json.NewDecoder(response.Body).Decode(&created); err != nil || created.Secret == "" {
		g.t.Fatalf("no admin key was made: %s, %v", response.Status, err)
	}
	return created.Secret
}

// Whoever may not see or do something is told what, and nothing is taken for gone.
func TestAccAdminRole_whatItMayNotSeeIsNotGone(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, "", g.settings()...)
	c.withoutLog()
	config := versions + oneOfEach
	changed := replace(config, `user_id = "ada"`, "user_id = \"ada\"\n  rpm_limit = 5")
	c.write("main.tf", config)
	c.apply()
	must[api.Team](t)(g.CreateTeam(t.Context(), "other", api.TeamFields{}))
	member := must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{KeyFields: api.KeyFields{TeamID: new("t"), UserID: new("bob")}}))
	viewer, owner, stranger := g.newAdminKey("viewer"), g.newAdminKey("team_admin", "t"), g.newAdminKey("team_admin", "other")
	master := c.env
	as := func(key string) { c.env = append(slices.Clone(master), "BURSAR_ADMIN_KEY="+key) }
	const roles = "A key of the role admin may do everything, viewer may read everything, which is enough to plan"
	for _, test := range []struct {
		name, key, config string
		command           []string
		says              []string
	}{
		{"viewer", viewer, changed, []string{"apply"}, []string{"role viewer may not use POST /team/member_update", roles}},
		{"viewer", viewer, config, []string{"destroy"}, []string{
			`Delete model "m": role viewer may not use POST /model/delete`, "Delete key ", "Delete budget ", "Delete alert route ", "Remove member ",
		}},
		{"owner", owner, config, []string{"plan"}, []string{
			`Read budget "b": role team_admin may not use POST /budget/info`, `Read alert route "r": `, `Read model "m": `, roles,
		}},
		{"stranger", stranger, config, []string{"plan"}, []string{`Read team "t": role team_admin may use GET /team/info for its own teams only`}},
		{"stranger", stranger, changed, []string{"apply", "-refresh=false"}, []string{"role team_admin may use POST /team/member_update for its own teams only"}},
		{"stranger", stranger, config, []string{"destroy", "-refresh=false"}, []string{
			"role team_admin may not use POST /model/delete", "role team_admin may use POST /key/delete for its own teams only",
		}},
		{"a key for models", member.Secret, config, []string{"plan"}, []string{
			"Team member does not have permissions for endpoint: /key/info", "for your own keys in your team. The provider's admin_key", `Read model "m": role key may not use GET /model/info`, roles,
		}},
	} {
		c.write("main.tf", test.config)
		as(test.key)
		args := append(test.command, "-no-color", "-input=false")
		if test.command[0] != "plan" {
			args = append(args, "-auto-approve")
		}
		said := words(c.run(1, args...))
		for _, want := range test.says {
			if !strings.Contains(said, want) {
				t.Errorf("%s, %v: %q is not said:\n%s", test.name, test.command, want, said)
			}
		}
		if strings.Contains(said, "will be created") {
			t.Errorf("%s, %v: something is taken for gone:\n%s", test.name, test.command, said)
		}
	}
	c.write("main.tf", config)
	as(viewer)
	c.plansNothing()
	c.env = master
	c.plansNothing()
}

// An admin of some teams is answered a part of the lists.
func TestAccAdminRole_aPartOfAListMakesNothingLookGone(t *testing.T) {
	g := startGateway(t)
	keys := g.settleEstate(12)
	own := []string{teamName(3), teamName(4), teamName(5)}
	restricted, err := client.New(client.Options{Endpoint: g.URL, AdminKey: g.newAdminKey("team_admin", own...), RetryMax: -1})
	if err != nil {
		t.Fatal(err)
	}
	requests := g.counted()
	for range 2 { // the second time the lists are there
		for team, key := range keys {
			want := api.Forbidden
			if slices.Contains(own, team) {
				want = ""
			}
			if _, err := restricted.Estate().Team(t.Context(), team); api.CodeOf(err) != want {
				t.Errorf("team %s of %v: %v", team, own, err)
			}
			if _, err := restricted.Estate().Key(t.Context(), key); api.CodeOf(err) != want {
				t.Errorf("key of %s of %v: %v", team, own, err)
			}
		}
	}
	if n := requests.Load(); n >= 48 {
		t.Errorf("nothing was listed: %d requests", n)
	}
	// The gateway tells an admin of some teams nothing of what is elsewhere, so that what is nowhere is answered alike.
	if _, err := restricted.Estate().Key(t.Context(), "key_that_never_was"); api.CodeOf(err) != api.Forbidden {
		t.Errorf("a key that is not there: %v", err)
	}
}
