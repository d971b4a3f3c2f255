package provider_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// The run's key goes to a write-only attribute, which takes ephemeral values.
const ephemeralKey = `
terraform {
  required_providers {
    bursar = {
      source = "bursarhq/bursar"
    }
  }
}

ephemeral "bursar_key" "run" {
  team_id               = "ci"
  user_id               = "ada"
  models                = ["gpt-4.1-mini"]
  rpm_limit             = 7
  tpm_limit             = 8
  max_parallel_requests = 9
  max_budget            = 1.5
  metadata              = { pipeline = "nightly" }
  speak_for_teams       = ["other"]
}

resource "bursar_model" "m" {
  model_id           = "m"
  name               = "m"
  api_key_wo         = ephemeral.bursar_key.run.key
  api_key_wo_version = 1
}
`

// minted keeps every key that the provider makes.
type minted struct {
	mu   sync.Mutex
	keys []api.KeyCreated
}

func (m *minted) watch(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if r.URL.Path != "/key/generate" {
		next.ServeHTTP(w, r)
		return
	}
	answer := httptest.NewRecorder()
	next.ServeHTTP(answer, r)
	var key api.KeyCreated
	if err := json.Unmarshal(answer.Body.Bytes(), &key); err == nil {
		m.mu.Lock()
		m.keys = append(m.keys, key)
		m.mu.Unlock()
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func TestAccKeyEphemeral_livesForTheRunAndLeavesNothing(t *testing.T) {
	g := startGateway(t)
	must[api.Team](t)(g.CreateTeam(t.Context(), "ci", api.TeamFields{Models: api.StringList{"gpt-4.1-mini"}}))
	var keys minted
	var whileApplied []api.Key
	g.between(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Path == "/model/new" {
			whileApplied = must[[]api.Key](t)(g.ListKeys(t.Context()))
		}
		keys.watch(w, r, next)
	})
	c := newCLI(t, "../examples/provider", "BURSAR_ENDPOINT="+g.URL, "BURSAR_ADMIN_KEY="+adminKey)
	c.write("provider.tf", ephemeralKey)
	said := c.run(0, "plan", "-no-color", "-input=false", "-out=change")
	said += c.run(0, "show", "-json", "change")
	said += c.run(0, "apply", "-no-color", "-input=false", "change")
	said += c.run(0, "plan", "-detailed-exitcode", "-no-color", "-input=false")

	if len(keys.keys) != 3 || len(whileApplied) != 1 {
		t.Fatalf("%d keys were made in three runs, %d was there while the model was made", len(keys.keys), len(whileApplied))
	}
	want := api.KeyFields{
		TeamID: new("ci"), UserID: new("ada"), Models: api.StringList{"gpt-4.1-mini"}, SpeakForTeams: api.StringList{"other"},
		RateLimits:  api.RateLimits{RPMLimit: new(int64(7)), TPMLimit: new(int64(8)), MaxParallelRequests: new(int64(9))},
		BudgetTerms: api.BudgetTerms{MaxBudget: new(3 * money.USD / 2), HardCap: true},
		Metadata:    api.Metadata{"pipeline": json.RawMessage(`"nightly"`)}, Expires: whileApplied[0].Expires,
	}
	got := whileApplied[0].KeyFields
	got.ModelRateLimits = api.ModelRateLimits{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the key is otherwise than configured (-want +got):\n%s", diff)
	}
	if lease := whileApplied[0].Expires.Sub(whileApplied[0].CreatedAt).Round(time.Minute); lease != 15*time.Minute {
		t.Errorf("the key lives for %s", lease)
	}
	if left := must[[]api.Key](t)(g.ListKeys(t.Context())); len(left) != 0 {
		t.Errorf("%d keys are left after the runs", len(left))
	}
	if g.modelFingerprint() == "" {
		t.Error("the model has no key")
	}
	c.holdsNoneOf(keys.keys, said)
}

// holdsNoneOf looks for the keys in all that Terraform has said and written.
func (c *cli) holdsNoneOf(keys []api.KeyCreated, said string) {
	c.t.Helper()
	texts := map[string]string{"output": said}
	files, err := filepath.Glob(filepath.Join(c.dir, "*"))
	if err != nil || len(files) < 4 { // configuration, plan, state, log
		c.t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			c.t.Fatal(err)
		}
		texts[filepath.Base(file)] = string(text)
	}
	for where, text := range texts {
		for _, key := range keys {
			if strings.Contains(text, key.Secret) {
				c.t.Errorf("the secret of a key is in %s", where)
			}
			if strings.HasSuffix(where, ".tfstate") && strings.Contains(text, key.KeyID) {
				c.t.Errorf("the id of a key is in %s", where)
			}
		}
	}
}

func (p *protocol) renewKey(private []byte) (*tfprotov6.RenewEphemeralResourceResponse, string) {
	p.t.Helper()
	renewed, err := p.server.RenewEphemeralResource(p.ctx, &tfprotov6.RenewEphemeralResourceRequest{TypeName: "bursar_key", Private: private})
	p.must(err, nil)
	return renewed, said(renewed.Diagnostics)
}

func (p *protocol) closeKey(private []byte) string {
	p.t.Helper()
	closed, err := p.server.CloseEphemeralResource(p.ctx, &tfprotov6.CloseEphemeralResourceRequest{TypeName: "bursar_key", Private: private})
	p.must(err, nil)
	return said(closed.Diagnostics)
}

// A run that takes longer than the lease: Terraform renews before the key ends.
func TestAccKeyEphemeral_isRenewedAndClosed(t *testing.T) {
	g := startGateway(t)
	p := g.protocol()
	opened, err := p.server.OpenEphemeralResource(p.ctx, &tfprotov6.OpenEphemeralResourceRequest{
		TypeName: "bursar_key", Config: p.dynamic(object{"duration": "1h", "rpm_limit": 5}),
	})
	p.must(err, opened.Diagnostics)
	result := p.decode(p.schemas.EphemeralResourceSchemas["bursar_key"].ValueType(), opened.Result)
	key, secret := g.onlyKey(), fmt.Sprint(result["key"])
	if result["key_id"] != key.KeyID || result["key_name"] != key.KeyName || !g.opens(secret) {
		t.Errorf("the result is not the key: %v, %v", result["key_id"], result["key_name"])
	}
	if strings.Contains(string(opened.Private), secret) {
		t.Error("the secret is in what Terraform is to remember")
	}
	near := func(what string, got time.Time, want time.Duration) {
		t.Helper()
		if time.Until(got).Round(10*time.Minute) != want {
			t.Errorf("%s is in %s, want %s", what, time.Until(got), want)
		}
	}
	near("the end", *key.Expires, time.Hour)
	near("the renewal", opened.RenewAt, 30*time.Minute)

	g.changeKey(func(f *api.KeyFields) { f.Expires = new(time.Now().Add(time.Minute)) })()
	renewed, text := p.renewKey(opened.Private)
	if text != "" {
		t.Fatal(text)
	}
	near("the end after the renewal", *g.onlyKey().Expires, time.Hour)
	near("the next renewal", renewed.RenewAt, 30*time.Minute)
	if limit := g.onlyKey().RPMLimit; limit == nil || *limit != 5 {
		t.Error("the renewal has changed more than the end")
	}

	g.between(refuse("/key/delete", http.StatusInternalServerError, "out of order"))
	if text := p.closeKey(renewed.Private); !strings.Contains(text, "stops working by itself when its lease of 1h ends") {
		t.Errorf("a key that is not deleted: %q", text)
	}
	g.heal()
	if text := p.closeKey(renewed.Private); text != "" || g.opens(secret) {
		t.Errorf("the key is still there: %s", text)
	}
	if text := p.closeKey(renewed.Private); text != "" {
		t.Errorf("closing what is gone: %s", text)
	}
	if _, text := p.renewKey(renewed.Private); !strings.Contains(text, "Key not renewed") {
		t.Errorf("renewing what is gone: %q", text)
	}
}

func (p *protocol) openKey(config object) string {
	p.t.Helper()
	opened, err := p.server.OpenEphemeralResource(p.ctx, &tfprotov6.OpenEphemeralResourceRequest{TypeName: "bursar_key", Config: p.dynamic(config)})
	p.must(err, nil)
	return said(opened.Diagnostics)
}

// A key that opens nothing is made all the same, and told of.
func TestAccKeyEphemeral_warnsOfATeamThatIsRefused(t *testing.T) {
	g := startGateway(t)
	nothing, some := money.Nano(0), 5*money.USD
	must[api.Budget](t)(g.CreateBudget(t.Context(), "gold", api.BudgetFields{BudgetTerms: api.BudgetTerms{MaxBudget: &nothing, HardCap: true}}))
	const spent = "has nothing left of its budget, so requests with this key may be refused"
	p := g.protocol()
	for id, test := range map[string]struct {
		fields api.TeamFields
		want   string
	}{
		"open":    {api.TeamFields{BudgetTerms: api.BudgetTerms{MaxBudget: &some, HardCap: true}}, ""},
		"blocked": {api.TeamFields{TeamAlias: new("CI"), Blocked: true}, "WARNING: CI is blocked, so requests with this key are refused"},
		"spent":   {api.TeamFields{BudgetTerms: api.BudgetTerms{MaxBudget: &nothing, HardCap: true}}, "WARNING: spent " + spent},
		"named":   {api.TeamFields{BudgetID: new("gold")}, "WARNING: named " + spent},
		"soft":    {api.TeamFields{BudgetTerms: api.BudgetTerms{MaxBudget: &nothing}}, ""},
	} {
		must[api.Team](t)(g.CreateTeam(t.Context(), id, test.fields))
		if text := p.openKey(object{"team_id": id}); !strings.HasPrefix(text, test.want) || test.want == "" && text != "" {
			t.Errorf("%s: %q", id, text)
		}
	}
	if text := p.openKey(object{}); text != "" {
		t.Errorf("without a team: %q", text)
	}
	// Who cannot look at the team has a key all the same.
	g.between(refuse("/team/info", http.StatusForbidden, "no"))
	if text := p.openKey(object{"team_id": "blocked"}); text != "" {
		t.Errorf("not permitted to look: %q", text)
	}
	g.heal()

	c := newCLI(t, "../examples/provider", g.settings()...)
	c.write("provider.tf", replace(ephemeralKey, `"ci"`, `"blocked"`))
	if said := words(c.run(0, "plan", "-no-color", "-input=false")); !strings.Contains(said, "Warning: CI is blocked, so requests with this key are refused with ephemeral.bursar_key.run,") {
		t.Errorf("the plan says:\n%s", said)
	}
}

func TestAccKeyEphemeral_mistakes(t *testing.T) {
	g := startGateway(t)
	key := func(attributes string) string {
		return "ephemeral \"bursar_key\" \"x\" {\n" + attributes + "\n}\n"
	}
	refuses(t, g.config(),
		refusal{key(`team_id = "gone"`), says("the team must be there before, so it cannot be one that the same run makes")},
		refusal{key(`duration = "30s"`), saysAt(`duration = "30s"`, "must be a duration from 1m to 24h")},
		refusal{key(`duration = "2d"`), saysAt(`duration = "2d"`, "must be a duration from 1m to 24h")},
		refusal{key(`duration = "long"`), saysAt(`duration = "long"`, "is not a duration")},
		refusal{key(`rpm_limit = -1`), saysAt(`rpm_limit = -1`, "rpm_limit cannot be negative")},
		refusal{key(`max_budget = 1e10`), saysAt(`max_budget = 1e10`, "must be an amount in US dollars")},
		refusal{key(`metadata = "a"`), saysAt(`metadata = "a"`, "must be an object or a map")},
	)
}
