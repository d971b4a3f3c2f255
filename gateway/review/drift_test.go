package review_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// changes answers by the object's id.
type changes struct {
	known  map[string]api.Audit
	atOnce []review.AtOnce
	fails  error
}

func (c changes) LastChange(_ context.Context, id string) (api.Audit, bool, error) {
	audit, known := c.known[id]
	return audit, known, c.fails
}

func (c changes) AtOnce(context.Context) ([]review.AtOnce, error) { return c.atOnce, c.fails }

const driftPlan = `{"format_version":"1.2","terraform_version":"1.14.0","planned_values":{"root_module":{}},"resource_changes":[],"resource_drift":[
 {"address":"bursar_team.marketing","mode":"managed","type":"bursar_team","name":"marketing","change":{"actions":["update"],
  "before":{"team_id":"marketing","max_budget":100,"models":["a"],"metadata":{"cost_center":"1"},"blocked":false,"rpm_limit":60},
  "after":{"team_id":"marketing","max_budget":250.5,"models":["a","${b}|"],"metadata":{"cost_center":"2"},"blocked":false,"rpm_limit":null},
  "after_unknown":{},"before_sensitive":{},"after_sensitive":{}}},
 {"address":"bursar_team.gone[\"x|y\"]","mode":"managed","type":"bursar_team","name":"gone","change":{"actions":["delete"],
  "before":{"team_id":"gone"},"after":null,"after_unknown":{},"before_sensitive":{},"after_sensitive":false}},
 {"address":"bursar_alert_route.oncall","mode":"managed","type":"bursar_alert_route","name":"oncall","change":{"actions":["update"],
  "before":{"alert_route_id":"r1","enabled":true,"webhook":{"url":"https://canary.example"}},
  "after":{"alert_route_id":"r1","enabled":false,"webhook":{"url":"https://canary2.example"}},
  "after_unknown":{},"before_sensitive":{"webhook":{"url":true}},"after_sensitive":{"webhook":{"url":true}}}},
 {"address":"random_pet.other","mode":"managed","type":"random_pet","name":"other","change":{"actions":["update"],"before":{"id":"a"},"after":{"id":"b"}}}
]}`

// Each change is there with old, new, who, when and why, and the lines that adopt it; what is secret is not.
func TestDrift_saysWhoChangedWhatAndHowToAdoptIt(t *testing.T) {
	t.Parallel()
	log := changes{known: map[string]api.Audit{
		"marketing": {Actor: "al`ice", Action: "team.update", Reason: "launch | <b>", At: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)},
		"gone":      {Actor: "bob", Action: "team.delete", At: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)},
	}}
	var b bytes.Buffer
	found, err := review.Drift(t.Context(), &b, strings.NewReader(driftPlan), log)
	if err != nil || found.Objects != 3 || found.Asking != nil {
		t.Fatalf("%+v, %v", found, err)
	}
	got := b.String()
	for _, want := range []string{
		"3 resources are not as Terraform left them.",
		"| `max_budget` | $100.00 | $250.50 |",
		"| `rpm_limit` | 60 requests/min | unlimited |",
		"max_budget = 250.5\n", "metadata = {\n  cost_center = \"2\"\n}\n", `models = ["a", "$${b}|"]` + "\n", "rpm_limit = null\n",
		"Last changed by <code>al&#96;ice</code> on Thu 26 Nov 2026 12:00 UTC (`team.update`): <code>launch &#124; &#60;b&#62;</code>.",
		"| `metadata` | `cost_center = \"1\"` | `cost_center = \"2\"` |",
		"It is gone from the gateway. The next apply makes it anew; to adopt that, take <code>\"x&#124;y\"</code> out of the block's `for_each`.", "by `bob` on Fri 27 Nov 2026 12:00 UTC (`team.delete`), without a reason.",
		"enabled = false\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the report lacks %s", want)
		}
	}
	for _, never := range []string{"canary", "random_pet", "webhook ="} {
		if strings.Contains(got, never) {
			t.Errorf("the report has %s", never)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

func TestDrift_saysWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	found, err := review.Drift(t.Context(), &b, strings.NewReader(driftPlan), changes{fails: errors.New("connection refused")})
	if err != nil || found.Asking == nil || !strings.Contains(b.String(), "could not be asked of the gateway: `connection refused`") {
		t.Errorf("%+v, %v:\n%s", found, err, b.String())
	}
	b.Reset()
	none := `{"format_version":"1.2","terraform_version":"1.14.0","planned_values":{"root_module":{}},"resource_changes":[]}`
	if found, err = review.Drift(t.Context(), &b, strings.NewReader(none), nil); err != nil || found.Objects != 0 || !strings.Contains(b.String(), "Nothing:") {
		t.Errorf("%+v, %v:\n%s", found, err, b.String())
	}
	if _, err = review.Drift(t.Context(), &b, strings.NewReader("PK"), nil); !errors.Is(err, review.ErrPlan) {
		t.Error(err)
	}
}

// What was blocked at once is in no plan, as the state has what the configuration says. A gateway tells of it.
func TestDrift_tellsOfWhatWasBlockedAtOnce(t *testing.T) {
	t.Parallel()
	const plan = `{"format_version":"1.2","terraform_version":"1.14.0","planned_values":{"root_module":{}},"resource_changes":[],
	"prior_state":{"format_version":"1.0","terraform_version":"1.14.0","values":{"root_module":{"child_modules":[{"address":"module.m","resources":[
	 {"address":"module.m.bursar_team.a[\"x\"]","mode":"managed","type":"bursar_team","name":"a","schema_version":0,"values":{"team_id":"a","blocked":false}},
	 {"address":"module.m.bursar_key.k","mode":"managed","type":"bursar_key","name":"k","schema_version":0,"values":{"key_id":"key_1","blocked":true}}]}]}}}}`
	how := func(configured bool) api.BlockedAtOnce {
		return api.BlockedAtOnce{Configured: configured, By: "ann", At: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC), Reason: "leaked | key"}
	}
	log := changes{atOnce: []review.AtOnce{
		{Resource: "bursar_team", ID: "a", How: how(false)}, {Resource: "bursar_key", ID: "key_1", How: how(true)}, {Resource: "bursar_team", ID: "elsewhere", How: how(false)},
	}}
	var b bytes.Buffer
	found, err := review.Drift(t.Context(), &b, strings.NewReader(plan), log)
	if err != nil || found.Objects != 2 || found.Asking != nil {
		t.Fatalf("%+v, %v", found, err)
	}
	for _, want := range []string{
		"2 resources are not as Terraform left them.", "### `module.m.bursar_team.a[\"x\"]`\n",
		"It was blocked at once by `ann` on Fri 27 Nov 2026 12:00 UTC: <code>leaked &#124; key</code>. The configuration says `blocked = false`, and an apply leaves it as it is.",
		"```hcl\nblocked = true\n```", "It was let through at once by `ann`", "```hcl\nblocked = false\n```",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the report lacks %s:\n%s", want, b.String())
		}
	}
	log.fails = errors.New("connection refused")
	if found, err := review.Drift(t.Context(), &b, strings.NewReader(plan), log); err != nil || found.Asking == nil {
		t.Errorf("%+v, %v, want that the gateway did not answer", found, err)
	}
}
