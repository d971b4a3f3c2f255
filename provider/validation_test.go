package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// Each mistake fails the plan with the attribute it stands in; the gateway does not hear of it.
func TestAccValidation_failsThePlan(t *testing.T) {
	g := startGateway(t)
	const webhook = `webhook = { url = "https://example.com" }`
	var refusals []refusal
	for _, test := range []struct{ kind, attributes, at, want string }{
		{"team", `team_id = ""`, `team_id = ""`, "team_id must not be empty; leave it out"},
		{"team", `budget_id = ""`, `budget_id = ""`, "budget_id is empty; leave it out"},
		{"team", `team_id = "a b"`, `team_id = "a b"`, "team_id must start with a letter or digit"},
		{"team", `rpm_limit = -1`, `rpm_limit = -1`, "rpm_limit cannot be negative. Received: -1"},
		{"team", `model_tpm_limit = { a = -1 }`, `model_tpm_limit = { a = -1 }`, "model_tpm_limit.a cannot be negative"},
		{"team", `rpm_limit = 1.5`, `rpm_limit = 1.5`, "rpm_limit is 1.5. It takes whole numbers only"},
		{"team", `tpm_limit = 1e20`, `tpm_limit = 1e20`, "tpm_limit is 1e+20. No limit of the gateway is so large"},
		{"team", `reset_day = 1.5`, `reset_day = 1.5`, "reset_day is 1.5. It takes whole numbers only"},
		{"team", `model_rpm_limit = { a = 0.5 }`, `model_rpm_limit = { a = 0.5 }`, "It takes whole numbers only"},
		{"model", "name = \"m\"\nweight = 0.5", `weight = 0.5`, "weight is 0.5. It takes whole numbers only"},
		{"team", `models = ["a", "a"]`, `models = ["a", "a"]`, `models names "a" twice`},
		{"team", `models = ["a", null]`, `models = ["a", null]`, "null"},
		{"team", `max_budget = -0.5`, `max_budget = -0.5`, "max_budget cannot be negative. Received: -0.5"},
		{"team", `max_budget = 1e10`, `max_budget = 1e10`, "must be an amount in US dollars from 0 to 9007199.254740992"},
		{"team", "max_budget = 10\nsoft_budget = 10", `soft_budget = 10`, "soft_budget (10) must be strictly lower than max_budget (10)"},
		{"team", "soft_budget = 1\nsoft_threshold_pct = 0.8", `soft_threshold_pct = 0.8`, "cannot be set together with soft_budget"},
		{"team", `soft_threshold_pct = 80`, `soft_threshold_pct = 80`, "it is a share and must be above 0 and at most 1"},
		{"team", "max_budget = 1\nbudget_id = \"b\"", `max_budget = 1`, "cannot be set together with budget_id"},
		{"team", `budget_duration = "1 month"`, `budget_duration = "1 month"`, `"1 month" is not a duration: write a number and a unit`},
		{"team", `reset_day = 31`, `reset_day = 31`, "it must be a day that every month has, 1 to 28"},
		{"team", `team_member_permissions = ["/team/delete"]`, `team_member_permissions = ["/team/delete"]`, "which members cannot be permitted; they can: /key/info"},
		{"team", `team_member_budget = -1`, `team_member_budget = -1`, "cannot be negative"},
		{"team", `team_member_budget_duration = "soon"`, `team_member_budget_duration = "soon"`, "is not a duration"},
		{"team", `metadata = "a"`, `metadata = "a"`, "must be an object or a map"},
		{"key", `duration = "month"`, `duration = "month"`, "is not a duration"},
		{"key", `expires = "tomorrow"`, `expires = "tomorrow"`, "which is no time; write one with its time"},
		{"key", "duration = \"1d\"\nexpires = \"2099-01-01T00:00:00Z\"", `duration = "1d"`, "expires"},
		{"key", `key_alias = ""`, `key_alias = ""`, "key_alias must not be empty; leave it out"},
		{"key", "key_wo = \"sk-canary\"\nkey_wo_version = 1", `key_wo = "sk-canary"`, "key_wo must start with sk- and go on with 16 to 200 letters"},
		{"key", `key_wo = "sk-canary"`, `key_wo = "sk-canary"`, "key_wo_version"},
		{"key", "key_wo = \"sk-short-0123456789\"\nkey_wo_version = 1", `key_wo = "sk-short-0123456789"`, "go on with 22 to 200 letters"},
		{"key", `key_wo_version = 1`, `key_wo_version = 1`, "key_wo"},
		{"key", "key_wo = \"sk-canary\"\nkey_wo_version = 0", `key_wo_version = 0`, "at least 1"},
		{"key", `rotation_grace = "91d"`, `rotation_grace = "91d"`, "at most 90d"},
		{"key", `rotation_grace = "soon"`, `rotation_grace = "soon"`, "is not a duration"},
		{"key", "rotation_trigger = \"a\"\nkey_wo = \"sk-canary\"\nkey_wo_version = 1", `rotation_trigger = "a"`, "key_wo"},
		{"key", `team_id = "a b"`, `team_id = "a b"`, "team_id must start with"},
		{"team_member", "team_id = \"t\"", `resource`, "user_id"},
		{"team_member", "team_id = \"t\"\nuser_email = \"u\"", `user_email = "u"`, "user_email is not an e-mail address"},
		{"team_member", "team_id = \"t\"\nuser_id = \"u\"\nrole = \"boss\"", `role = "boss"`, `"boss" is no role in a team; it must be user or admin`},
		{"team_member", "team_id = \"t\"\nuser_id = \"u\"\nmax_budget_in_team = -1", `max_budget_in_team = -1`, "cannot be negative"},
		{"team_member", "team_id = \"t\"\nuser_id = \"u\"\nbudget_duration = \"soon\"", `budget_duration = "soon"`, "is not a duration"},
		{"model", `name = ""`, `name = ""`, "name is required"},
		{"model", "name = \"m\"\nupstream = \"gemini\"", `upstream = "gemini"`, `"gemini" is no upstream`},
		{"model", "name = \"m\"\nupstream = \"azure\"", `resource`, "base_url is required for azure"},
		{"model", "name = \"m\"\napi_version = \"1\"", `api_version = "1"`, "for upstream azure only"},
		{"model", "name = \"m\"\napi_key_wo = \"canary\"", `api_key_wo = "canary"`, "api_key_wo_version"},
		{"model", "name = \"m\"\napi_key_wo = \"a\\nb\"\napi_key_wo_version = 1", `api_key_wo = "a\nb"`, "holds a line break"},
		{"model", "name = \"m\"\nweight = -1", `weight = -1`, "must be between 0 and 1000000"},
		{"model", "name = \"m\"\nprice = { input_per_million_usd = 1 }", `price = {`, "needs input_per_million_usd and output_per_million_usd"},
		{"model", "name = \"m\"\nprice = { request_usd = -1 }", `price = {`, "cannot be negative"},
		{"budget", `alert_thresholds = [0.5]`, `alert_thresholds = [0.5]`, "alert_thresholds need max_budget"},
		{"budget", "max_budget = 1\nalert_thresholds = [0.8, 0.5]", `alert_thresholds = [0.8, 0.5]`, "must be ascending; 0.5 follows 0.8"},
		{"team", `alert_thresholds = [0.5]`, `alert_thresholds = [0.5]`, "alert_thresholds need max_budget or budget_id"},
		{"budget", `timezone = "Mars/Olympus"`, `timezone = "Mars/Olympus"`, "is not an IANA time zone"},
		{"budget", `on_soft_limit = { reduce_rpm_pct = 50 }`, `on_soft_limit = { reduce_rpm_pct = 50 }`, "it is a share"},
		{"budget", "everything = true\nmodels = [\"a\"]", `everything = true`, "cannot be set together with team_ids, key_ids or models"},
		{"alert_route", "name = \"\"\n" + webhook, `name = ""`, "name is required"},
		{"alert_route", "name = \"r\"\nevents = [\"budget.gone\"]\n" + webhook, `events = ["budget.gone"]`, `"budget.gone" is no event; known are budget.soft_limit`},
		{"alert_route", "name = \"r\"\nmin_severity = \"loud\"\n" + webhook, `min_severity = "loud"`, "known are info, warning, critical"},
		{"alert_route", "name = \"r\"\nthresholds = [0.8, 0.8]\n" + webhook, `thresholds = [0.8, 0.8]`, "must be ascending"},
		{"alert_route", "name = \"r\"\nwebhook = { url = \"ftp://example.com\" }", `webhook = {`, "webhook.url is not an http or https address"},
		{"alert_route", "name = \"r\"\nwebhook = { url = \"https://example.com\", secret_wo = \"canary\", secret_wo_version = 1 }", `webhook = {`, "webhook.secret_wo must be"},
		{"alert_route", "name = \"r\"\nwebhook = { url = \"https://example.com\", secret_wo_version = 1 }", `resource`, "A new version means that secret_wo is sent"},
		{"model", "name = \"m\"\napi_key_wo_version = 1", `api_key_wo_version = 1`, "A new version means that api_key_wo is sent"},
	} {
		config := fmt.Sprintf("resource \"bursar_%s\" \"x\" {\n%s\n}\n", test.kind, test.attributes)
		refusals = append(refusals, refusal{config, saysAt(test.at, test.want)})
	}
	refuses(t, g.config(), refusals...)
}

// What is only known after apply is judged by the gateway then, not refused now.
func TestAccValidation_letsUnknownValuesPass(t *testing.T) {
	g := startGateway(t)
	run(t, resource.TestStep{
		Config: g.config(`
resource "terraform_data" "later" {
  input = { n = 1, s = "x", list = ["a"], object = { url = "https://example.com", secret_wo = null, secret_wo_version = null } }
}

locals {
  later = terraform_data.later.output
}

resource "bursar_team" "x" {
  team_id         = local.later.s
  models          = local.later.list
  rpm_limit       = local.later.n
  max_budget      = local.later.n
  soft_budget     = local.later.n
  budget_duration = local.later.s
  metadata        = { a = local.later.s }
  model_rpm_limit = { a = local.later.n }

  alert_thresholds = [0.5, 0.8]
}

resource "bursar_key" "x" {
  team_id  = local.later.s
  metadata = local.later
  duration = local.later.s
}

resource "bursar_budget" "x" {
  max_budget       = local.later.n
  alert_thresholds = [0.5, local.later.n]
  timezone         = local.later.s
  team_ids         = local.later.list
}

resource "bursar_alert_route" "x" {
  name    = local.later.s
  events  = local.later.list
  webhook = local.later.object
}
`),
		PlanOnly: true, ExpectNonEmptyPlan: true,
	})
}

// Who has made several mistakes hears of all of them at once.
func TestAccValidation_tellsAllMistakes(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, t.TempDir(), g.settings()...)
	c.write("main.tf", versions+`
resource "bursar_team" "t" {
  rpm_limit       = -1
  soft_budget     = -2
  budget_duration = "soon"
  models          = ["a", "a"]
}
resource "bursar_team_member" "m" {
  team_id    = "t"
  user_email = "nobody"
  tpm_limit  = -1
}
resource "bursar_budget" "whole" {
  rpm_limit = 1.5
  tpm_limit = 2.5
}
`)
	said := words(c.run(1, "plan", "-no-color", "-input=false"))
	for _, want := range []string{
		"rpm_limit cannot be negative. Received: -1", "soft_budget cannot be negative. Received: -2", `"soon" is not a duration`, `models names "a" twice`,
		"user_email is not an e-mail address", "tpm_limit cannot be negative", "rpm_limit is 1.5", "tpm_limit is 2.5",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("nothing says %s:\n%s", want, said)
		}
	}
}
