package provider_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
	if g.modelDigest() == "" {
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
