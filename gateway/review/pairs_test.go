package review_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review"
)

// pair is an attribute before and after, with what the review says of it and whether a policy of 20 % asks for approval.
type pair struct {
	resource, path string
	before, after  string
	says           string
	approval       bool
}

// pairs has at least one entry for every attribute that a review judges; TestPairs_coverEveryAttribute of the provider
// holds it against the schemas.
var pairs = []pair{
	{"bursar_team", "max_budget", `100`, `119`, "$100.00 | $119.00 | +19 %", false},
	{"bursar_team", "max_budget", `100`, `121`, "$100.00 | $121.00 | +21 %", true},
	{"bursar_team", "budget_duration", `"1mo"`, `"1d"`, "`1mo` | `1d` | +3,000 % a month", true},
	{"bursar_team", "budget_duration", `"1mo"`, `"30d"`, "`1mo` | `30d` | +3.3 % a month", false},
	{"bursar_team", "budget_duration", `"3mo"`, `"1mo"`, "`3mo` | `1mo` | starts again sooner", true},
	{"bursar_team", "budget_duration", `"1d"`, `"1mo"`, "`1d` | `1mo` | changes", false},
	{"bursar_team", "budget_duration", `null`, `"1y"`, "never resets | `1y` | starts again and again, which it did not", true},
	{"bursar_team", "reset_day", `1`, `15`, "`1` | `15` | changes", false},
	{"bursar_team", "soft_budget", `80`, `8`, "$80.00 | $8.00 | -90 %", false},
	{"bursar_team", "soft_threshold_pct", `0.5`, `0.8`, "50 % | 80 % | +60 %", false},
	{"bursar_team", "alert_thresholds", `[0.5,0.8]`, `[0.8]`, "50 %, 80 % | 80 % | warns less often", true},
	{"bursar_team", "hard_cap", `true`, `false`, "only warns at the cap | no longer refuses at the cap", true},
	{"bursar_team", "hard_cap", `false`, `true`, "refuses at the cap | changes", false},
	{"bursar_team", "rpm_limit", `10`, `null`, "10 requests/min | unlimited | limit removed", true},
	{"bursar_team", "tpm_limit", `10`, `11`, "+10 %", false},
	{"bursar_team", "max_parallel_requests", `1`, `2`, "1 at once | 2 at once | +100 %", true},
	{"bursar_team", "model_rpm_limit", `{"m":1}`, `{"m":9}`, "1 request/min | 9 requests/min | +800 %", true},
	{"bursar_team", "model_tpm_limit", `{"m":1}`, `{}`, "limit removed", true},
	{"bursar_team", "min_output_tokens", `4096`, `1`, "4,096 tokens | 1 token | -100 %", false},
	{"bursar_team", "budget_id", `"b"`, `null`, "`b` | none | leaves its budget", true},
	{"bursar_team", "models", `["a"]`, `[]`, "`a` | every model | allows every model", true},
	{"bursar_team", "models", `["a"]`, `["a","b"]`, "+1", false},
	{"bursar_team", "blocked", `true`, `false`, "blocked | open | is let through again", true},
	{"bursar_team", "team_member_budget", `5`, `5000`, "$5.00 | $5,000.00 | +99,900 %", true},
	{"bursar_team", "team_member_budget_duration", `"30d"`, `"1d"`, "+2,900 % a month", true},
	{"bursar_team", "team_member_rpm_limit", `1`, `100`, "1 request/min | 100 requests/min | +9,900 %", true},
	{"bursar_team", "team_member_tpm_limit", `1`, `null`, "limit removed", true},
	{"bursar_team", "team_member_permissions", `["/key/info"]`, `["/key/info","/key/generate"]`, "gives its members more rights", true},
	{"bursar_team", "team_alias", `"a"`, `"b"`, "has another name", false},
	{"bursar_team", "deletion_protection", `true`, `false`, "may be destroyed", true},
	{"bursar_team", "temp_budget_increase", `null`, `50`, "none | $50.00 | allows more for a time", true},
	{"bursar_team", "temp_budget_increase", `50`, `0`, "$50.00 | $0.00 | -100 %", false},
	{"bursar_team", "temp_budget_expiry", `"2027-01-01T00:00:00Z"`, `"2027-02-01T00:00:00Z"`, "allows more for longer", true},
	{"bursar_team", "temp_budget_expiry", `"2027-02-01T00:00:00Z"`, `"2027-01-01T00:00:00Z"`, "ends at another time", false},
	{"bursar_team", "temp_rpm_increase", `null`, `5`, "none | 5 requests/min | allows more for a time", true},
	{"bursar_team", "temp_tpm_increase", `9`, `10`, "9 tokens/min | 10 tokens/min | +11.1 %", true},
	{"bursar_team", "temp_limit_expiry", `"2027-01-01T00:00:00Z"`, `"2027-01-01T00:00:01Z"`, "allows more for longer", true},
	{"bursar_team", "mode", `"enforce"`, `"audit"`, "is only watched, and refuses nobody", true},
	{"bursar_team", "mode", `"enforce"`, `null`, "is left to what holds around it", true},
	{"bursar_team", "mode", `"audit"`, `"enforce"`, "is enforced", false},
	{"bursar_team", "enforce_from", `"2027-02-01T00:00:00Z"`, `null`, "goes with the mode", false},
	{"bursar_team", "force_destroy", `false`, `true`, "takes its keys along when it is destroyed", true},

	{"bursar_team_member", "max_budget_in_team", `5`, `5000`, "$5.00 | $5,000.00 | +99,900 %", true},
	{"bursar_team_member", "max_budget_in_team", `5`, `null`, "the team's for members | limit removed", true},
	{"bursar_team_member", "budget_duration", `"1mo"`, `null`, "has the team's period for members", true},
	{"bursar_team_member", "rpm_limit", `1`, `2`, "+100 %", true},
	{"bursar_team_member", "tpm_limit", `2`, `1`, "-50 %", false},
	{"bursar_team_member", "role", `"user"`, `"admin"`, "may administer the team", true},
	{"bursar_team_member", "user_id", `"ada"`, `"bob"`, "`ada` | `bob` | somebody else", false},
	{"bursar_team_member", "user_email", `"a@example.com"`, `"b@example.com"`, "has another address", false},
	{"bursar_team_member", "temp_budget_increase", `null`, `50`, "none | $50.00 | allows more for a time", true},
	{"bursar_team_member", "temp_budget_increase", `50`, `0`, "$50.00 | $0.00 | -100 %", false},
	{"bursar_team_member", "temp_budget_expiry", `"2027-01-01T00:00:00Z"`, `"2027-02-01T00:00:00Z"`, "allows more for longer", true},
	{"bursar_team_member", "temp_budget_expiry", `"2027-02-01T00:00:00Z"`, `"2027-01-01T00:00:00Z"`, "ends at another time", false},
	{"bursar_team_member", "temp_rpm_increase", `null`, `5`, "none | 5 requests/min | allows more for a time", true},
	{"bursar_team_member", "temp_tpm_increase", `9`, `10`, "9 tokens/min | 10 tokens/min | +11.1 %", true},
	{"bursar_team_member", "temp_limit_expiry", `"2027-01-01T00:00:00Z"`, `"2027-01-01T00:00:01Z"`, "allows more for longer", true},
	{"bursar_team_member", "force_destroy", `false`, `true`, "takes its keys along when it is destroyed", true},

	{"bursar_user", "max_budget", `5`, `5000`, "every team that the user is in | `max_budget` | $5.00 | $5,000.00 | +99,900 %", true},
	{"bursar_user", "max_budget", `5`, `null`, "unlimited | limit removed", true},
	{"bursar_user", "budget_duration", `"1mo"`, `"1d"`, "+3,000 % a month", true},
	{"bursar_user", "reset_day", `2`, `3`, "changes", false},
	{"bursar_user", "soft_budget", `1`, `2`, "+100 %", false},
	{"bursar_user", "soft_threshold_pct", `0.5`, `1`, "+100 %", false},
	{"bursar_user", "hard_cap", `true`, `false`, "no longer refuses at the cap", true},
	{"bursar_user", "rpm_limit", `1`, `2`, "+100 %", true},
	{"bursar_user", "tpm_limit", `2`, `1`, "-50 %", false},
	{"bursar_user", "max_parallel_requests", `1`, `2`, "+100 %", true},
	{"bursar_user", "user_email", `"a@example.com"`, `"b@example.com"`, "has another address", false},
	{"bursar_user", "user_alias", `"a"`, `"b"`, "has another name", false},
	{"bursar_user", "user_role", `"customer"`, `"proxy_admin"`, "opens nothing", false},
	{"bursar_user", "temp_budget_increase", `null`, `50`, "none | $50.00 | allows more for a time", true},
	{"bursar_user", "temp_budget_expiry", `"2027-01-01T00:00:00Z"`, `"2027-02-01T00:00:00Z"`, "allows more for longer", true},
	{"bursar_user", "deletion_protection", `true`, `false`, "may be destroyed", true},
	{"bursar_user", "force_destroy", `false`, `true`, "takes its keys along when it is destroyed", true},

	{"bursar_key", "max_budget", `1`, `null`, "limit removed", true},
	{"bursar_key", "budget_duration", `"7d"`, `"1h"`, "+16,700 % a month", true},
	{"bursar_key", "reset_day", `2`, `3`, "changes", false},
	{"bursar_key", "soft_budget", `1`, `null`, "no warning | changes", false},
	{"bursar_key", "soft_threshold_pct", `0.5`, `null`, "no warning | changes", false},
	{"bursar_key", "hard_cap", `true`, `false`, "no longer refuses at the cap", true},
	{"bursar_key", "rpm_limit", `1`, `5`, "+400 %", true},
	{"bursar_key", "tpm_limit", `1`, `5`, "+400 %", true},
	{"bursar_key", "max_parallel_requests", `5`, `1`, "-80 %", false},
	{"bursar_key", "model_rpm_limit", `{}`, `{"m":1}`, "limit added", false},
	{"bursar_key", "model_tpm_limit", `{"m":1}`, `{"m":0}`, "0 tokens/min (refuses everything) | -100 %", false},
	{"bursar_key", "budget_id", `"b"`, `"c"`, "`b` | `c` | names a budget that is not in the plan", true},
	{"bursar_key", "models", `["a","b"]`, `[]`, "allows every model", true},
	{"bursar_key", "blocked", `true`, `false`, "is let through again", true},
	{"bursar_key", "team_id", `"a"`, `"b"`, "spends for another team", true},
	{"bursar_key", "user_id", `"ada"`, `"bob"`, "is somebody else's", true},
	{"bursar_key", "speak_for_teams", `["a"]`, `["a","b"]`, "may spend for more teams", true},
	{"bursar_key", "speak_for_teams", `["a","b"]`, `["a"]`, "-1", false},
	{"bursar_key", "duration", `"90d"`, `null`, "`90d` | for ever | never expires", true},
	{"bursar_key", "expires", `"2027-01-01T00:00:00Z"`, `"2027-02-01T00:00:00Z"`, "expires at another time", false},
	{"bursar_key", "rotation_trigger", `"1"`, `"2"`, "gets a new secret", false},
	{"bursar_key", "rotation_grace", `"1h"`, `"2h"`, "old secrets stop at another time after a rotation", false},
	{"bursar_key", "key_wo_version", `1`, `2`, "gets a secret of your own", false},
	{"bursar_key", "store_key_in_state", `false`, `true`, "puts the secret into the state", true},
	{"bursar_key", "key_alias", `"a"`, `"b"`, "has another name", false},
	{"bursar_key", "temp_budget_increase", `null`, `50`, "none | $50.00 | allows more for a time", true},
	{"bursar_key", "temp_budget_increase", `50`, `0`, "$50.00 | $0.00 | -100 %", false},
	{"bursar_key", "temp_budget_expiry", `"2027-01-01T00:00:00Z"`, `"2027-02-01T00:00:00Z"`, "allows more for longer", true},
	{"bursar_key", "temp_budget_expiry", `"2027-02-01T00:00:00Z"`, `"2027-01-01T00:00:00Z"`, "ends at another time", false},
	{"bursar_key", "temp_rpm_increase", `null`, `5`, "none | 5 requests/min | allows more for a time", true},
	{"bursar_key", "temp_tpm_increase", `9`, `10`, "9 tokens/min | 10 tokens/min | +11.1 %", true},
	{"bursar_key", "temp_limit_expiry", `"2027-01-01T00:00:00Z"`, `"2027-01-01T00:00:01Z"`, "allows more for longer", true},
	{"bursar_key", "mode", `"enforce"`, `"audit"`, "is only watched, and refuses nobody", true},
	{"bursar_key", "mode", `"enforce"`, `null`, "is left to what holds around it", true},
	{"bursar_key", "mode", `"audit"`, `"enforce"`, "is enforced", false},
	{"bursar_key", "enforce_from", `"2027-02-01T00:00:00Z"`, `null`, "goes with the mode", false},
	{"bursar_key", "deletion_protection", `true`, `false`, "may be destroyed", true},

	{"bursar_budget", "max_budget", `1`, `2`, "+100 %", true},
	{"bursar_budget", "budget_duration", `"1mo"`, `null`, "never resets | changes", false},
	{"bursar_budget", "reset_day", `2`, `3`, "changes", false},
	{"bursar_budget", "soft_budget", `1`, `2`, "+100 %", false},
	{"bursar_budget", "soft_threshold_pct", `0.5`, `1`, "+100 %", false},
	{"bursar_budget", "hard_cap", `true`, `false`, "no longer refuses at the cap", true},
	{"bursar_budget", "timezone", `"UTC"`, `"Europe/Berlin"`, "starts again at another hour", false},
	{"bursar_budget", "alert_thresholds", `[0.5,0.8]`, `[0.8]`, "50 %, 80 % | 80 % | warns less often", true},
	{"bursar_budget", "on_soft_limit", `{"reduce_rpm_pct":0.5}`, `{"reduce_rpm_pct":0.4}`, "50 % | 40 % | -20 %", true},
	{"bursar_budget", "on_soft_limit", `{"reduce_rpm_pct":0.5}`, `null`, "throttles no more", true},
	{"bursar_budget", "rpm_limit", `1`, `2`, "+100 %", true},
	{"bursar_budget", "tpm_limit", `1`, `2`, "+100 %", true},
	{"bursar_budget", "max_parallel_requests", `1`, `2`, "+100 %", true},
	{"bursar_budget", "team_ids", `["a","b"]`, `["a"]`, "counts fewer teams", true},
	{"bursar_budget", "key_ids", `["a","b"]`, `["a"]`, "counts fewer keys", true},
	{"bursar_budget", "models", `["a"]`, `["a","b"]`, "+1", false},
	{"bursar_budget", "models", `["a","b"]`, `["a"]`, "counts fewer models", true},
	{"bursar_budget", "temp_budget_increase", `null`, `50`, "none | $50.00 | allows more for a time", true},
	{"bursar_budget", "temp_budget_increase", `50`, `0`, "$50.00 | $0.00 | -100 %", false},
	{"bursar_budget", "temp_budget_expiry", `"2027-01-01T00:00:00Z"`, `"2027-02-01T00:00:00Z"`, "allows more for longer", true},
	{"bursar_budget", "temp_budget_expiry", `"2027-02-01T00:00:00Z"`, `"2027-01-01T00:00:00Z"`, "ends at another time", false},
	{"bursar_budget", "mode", `"enforce"`, `"audit"`, "is only watched, and refuses nobody", true},
	{"bursar_budget", "mode", `"enforce"`, `null`, "is left to what holds around it", true},
	{"bursar_budget", "mode", `"audit"`, `"enforce"`, "is enforced", false},
	{"bursar_budget", "enforce_from", `"2027-02-01T00:00:00Z"`, `null`, "goes with the mode", false},
	{"bursar_budget", "everything", `true`, `false`, "no longer counts everything", true},

	{"bursar_model", "name", `"a"`, `"b"`, "callers ask for it by another name", false},
	{"bursar_model", "aliases", `["a"]`, `["b"]`, "+1, -1", false},
	{"bursar_model", "access_groups", `[]`, `["cheap"]`, "is open to more teams", true},
	{"bursar_model", "enabled", `true`, `false`, "does not serve | changes", false},
	{"bursar_model", "upstream", `"openai"`, `"azure"`, "prompts go elsewhere", true},
	{"bursar_model", "base_url", `"https://a.example"`, `"https://b.example"`, "prompts go elsewhere", true},
	{"bursar_model", "upstream_model", `"a"`, `"b"`, "is answered by another model", true},
	{"bursar_model", "base_model", `"a"`, `"b"`, "is priced as another model", true},
	{"bursar_model", "api_version", `"1"`, `"2"`, "speaks another version", false},
	{"bursar_model", "api_key_wo_version", `1`, `2`, "gets another credential", false},
	{"bursar_model", "price", `{"input_per_million_usd":100}`, `{"input_per_million_usd":0}`, "`price.input_per_million_usd` | $100.00 | $0.00 | -100 %", true},
	{"bursar_model", "price", `{"input_per_million_usd":100}`, `{"input_per_million_usd":90}`, "-10 %", false},
	{"bursar_model", "price", `{"input_per_million_usd":100}`, `{"input_per_million_usd":50}`, "-50 %", true},
	{"bursar_model", "price", `{"input_per_million_usd":100}`, `null`, "$100.00 | the catalogue's | is removed: what counts is not in the plan", true},
	{"bursar_model", "price", `{"input_per_million_usd":1}`, `{"input_per_million_usd":9}`, "+800 %", false},
	{"bursar_model", "price", `null`, `{"input_per_million_usd":0}`, "is 0: calls count nothing by it", true},
	{"bursar_model", "price", `{"tiers":[{"above_prompt_tokens":200000}]}`, `{"tiers":[{"above_prompt_tokens":900000}]}`, "`price.tiers[0].above_prompt_tokens`", true},
	{"bursar_model", "price", `{"batch":{"tiers":[{"output_per_million_usd":4}]}}`, `{"batch":{"tiers":[{"output_per_million_usd":1}]}}`, "$4.00 | $1.00 | -75 %", true},
	{"bursar_model", "price", `{"from":null}`, `{"from":"provider"}`, "is what the provider reports", true},
	{"bursar_model", "price", `{"max_factor":2}`, `{"max_factor":3}`, "+50 %", true},
	{"bursar_model", "price", `{"images":[{"size":"a","usd":1}]}`, `{"images":[{"size":"b","usd":1}]}`, "`price.images[0].size` | `a` | `b` | changes", false},
	{"bursar_model", "rpm", `1`, `2`, "+100 %", true},
	{"bursar_model", "tpm", `1`, `null`, "limit removed", true},
	{"bursar_model", "tpm_counts_cached", `true`, `false`, "leaves cached tokens out of TPM", true},
	{"bursar_model", "max_input_tokens", `1`, `2`, "+100 %", true},
	{"bursar_model", "max_output_tokens", `1`, `null`, "is left to the catalogue", true},
	{"bursar_model", "min_output_tokens", `1`, `2`, "+100 %", false},
	{"bursar_model", "weight", `1`, `2`, "gets another share of the calls", false},

	{"bursar_alert_route", "name", `"a"`, `"b"`, "has another name", false},
	{"bursar_alert_route", "events", `[]`, `["budget.hard_limit"]`, "tells of fewer events", true},
	{"bursar_alert_route", "events", `["budget.hard_limit"]`, `[]`, "-1", false},
	{"bursar_alert_route", "team_ids", `["a","b"]`, `["a"]`, "tells of fewer teams", true},
	{"bursar_alert_route", "min_severity", `null`, `"critical"`, "tells of fewer events", true},
	{"bursar_alert_route", "min_severity", `"critical"`, `"warning"`, "changes", false},
	{"bursar_alert_route", "thresholds", `[0.8,1]`, `[1]`, "tells of fewer thresholds", true},
	{"bursar_alert_route", "enabled", `true`, `false`, "tells nobody any more", true},
	{"bursar_alert_route", "labels", `{"tier":"gold"}`, `{"tier":"lead"}`, "tells of other teams", true},
	{"bursar_alert_route", "fallback", `false`, `true`, "hears only of what no other route takes", true},
	{"bursar_alert_route", "group_wait", `null`, `"30s"`, "gathers messages for another time", false},
	{"bursar_alert_route", "repeat_interval", `"24h"`, `"48h"`, "is told again at other times", false},
	{"bursar_admin_key", "role", `"viewer"`, `"admin"`, "`viewer` | `admin` | may do more", true},
	{"bursar_admin_key", "role", `"admin"`, `"viewer"`, "`admin` | `viewer` | may do other things", false},
	{"bursar_admin_key", "team_ids", `["a"]`, `["a","b"]`, "is for more teams", true},
	{"bursar_admin_key", "team_ids", `["a","b"]`, `["a"]`, "`a`, `b` | `a` | -1", false},
	{"bursar_admin_key", "duration", `"30d"`, `null`, "`30d` | for ever | never expires", true},
	{"bursar_admin_key", "expires", `"2027-01-01T00:00:00Z"`, `null`, "never expires", true},
	{"bursar_admin_key", "expires", `"2027-01-01T00:00:00Z"`, `"2027-02-01T00:00:00Z"`, "expires at another time", false},
	{"bursar_admin_key", "key_wo_version", `1`, `2`, "`1` | `2` | gets another secret", false},
	{"bursar_admin_key", "rotation_grace", `"24h"`, `"0s"`, "old secrets stop at another time after a rotation", false},
	{"bursar_admin_key", "admin_key_alias", `"ci"`, `"deploy"`, "has another name", false},
	{"bursar_admin_key", "deletion_protection", `true`, `false`, "may be destroyed", true},
	{"bursar_alert_route", "quiet_hours", `null`, `"22:00-07:00"`, "lets warnings wait at other times", true},
	{"bursar_alert_route", "digest", `null`, `"daily 08:00"`, "has its digest at other times", false},
	{"bursar_alert_route", "escalate_to", `"a"`, `"b"`, "hands on what nobody acknowledged elsewhere", true},
	{"bursar_alert_route", "escalate_after", `"15m"`, `"1h"`, "hands refusals on after another time", false},
	{"bursar_alert_route", "webhook", `{"url":"https://a.example"}`, `{"url":"https://b.example"}`, "sends its messages elsewhere", true},
	{"bursar_alert_route", "webhook", `{"format":"bursar"}`, `{"format":"litellm"}`, "`bursar` | `litellm` | messages are sent in another way", false},
	{"bursar_alert_route", "slack", `{"channel":"#a"}`, `{"channel":"#b"}`, "`#a` | `#b` | sends its messages elsewhere", true},
	{"bursar_alert_route", "slack", `{"url_wo_version":1}`, `{"url_wo_version":2}`, "sends its messages elsewhere", true},
	{"bursar_alert_route", "slack", `{"token_wo_version":1}`, `{"token_wo_version":2}`, "gets another secret", false},
	{"bursar_alert_route", "slack", `{"channel":"#a"}`, `null`, "sends its messages elsewhere", true},
	{"bursar_alert_route", "pagerduty", `{"severities":{"warning":"info"}}`, `{"severities":{"warning":"error"}}`, "`warning: info` | `warning: error` | messages are sent in another way", false},
	{"bursar_alert_route", "microsoft_teams", `{"url_wo_version":1}`, `{"url_wo_version":2}`, "sends its messages elsewhere", true},
	{"bursar_alert_route", "email", `{"to":["a@example.com","b@example.com"]}`, `{"to":["a@example.com"]}`, "tells fewer people", true},
	{"bursar_alert_route", "email", `{"to":["a@example.com"]}`, `{"to":["a@example.com","b@example.com"]}`, "+1", false},
	{"bursar_alert_route", "email", `{"smtp_tls":"starttls"}`, `{"smtp_tls":"none"}`, "is sent without encryption", true},
	{"bursar_alert_route", "alertmanager", `{"url":"https://a.example"}`, `{"url":"https://b.example"}`, "sends its messages elsewhere", true},
	{"bursar_alert_route", "webhook", `{"secret_wo_version":1}`, `{"secret_wo_version":2}`, "gets another secret", false},
	{"bursar_alert_route", "slack", `{"channel":"C1"}`, `{"channel":"C2"}`, "sends its messages elsewhere", true},
	{"bursar_alert_route", "slack", `{"token_wo_version":1}`, `{"token_wo_version":2}`, "gets another secret", false},
	{"bursar_alert_route", "pagerduty", `{"url":"https://a.example"}`, `{"url":"https://b.example"}`, "sends its messages elsewhere", true},
	{"bursar_alert_route", "email", `{"to":["a@b.example","c@b.example"]}`, `{"to":["a@b.example"]}`, "tells fewer people", true},
	{"bursar_alert_route", "alertmanager", `{"url":"https://a.example"}`, `{"url":"https://b.example"}`, "sends its messages elsewhere", true},
}

func TestRender_judgesEveryAttribute(t *testing.T) {
	for _, p := range pairs {
		name := fmt.Sprintf("%s.%s: %s -> %s", p.resource, p.path, p.before, p.after)
		plan := planOf(p.resource, `["update"]`, `{"`+p.path+`":`+p.before+`}`, `{"`+p.path+`":`+p.after+`}`, "")
		got, result := render(t, plan, review.Options{MaxIncreasePct: 20})
		if lines := cells(got); len(lines) != 1 || !strings.HasSuffix(lines[0], p.says) && !strings.Contains(lines[0], p.says+" |") {
			t.Errorf("%s says %q, want one line with %q", name, lines, p.says)
		}
		if result.NeedsApproval != p.approval {
			t.Errorf("%s: needs approval %t %q", name, result.NeedsApproval, result.Reasons)
		}
	}
}

// An increase is told with the limit that holds by it, and until when.
func TestRender_tellsWhatAnIncreaseComesTo(t *testing.T) {
	const until = "2027-01-31T00:00:00Z"
	for _, test := range []struct{ resource, before, after, says string }{
		{"bursar_team", `"max_budget":100`, `"max_budget":100,"temp_budget_increase":50,"temp_budget_expiry":"` + until + `"`, "allows more for a time: $150.00 until `" + until + "`"},
		{"bursar_team_member", `"max_budget_in_team":5`, `"max_budget_in_team":5,"temp_budget_increase":2.5,"temp_budget_expiry":"` + until + `"`, "allows more for a time: $7.50 until"},
		{"bursar_key", `"rpm_limit":10`, `"rpm_limit":10,"temp_rpm_increase":5,"temp_limit_expiry":"` + until + `"`, "allows more for a time: 15 requests/min until"},
		{"bursar_team", `"tpm_limit":1000`, `"tpm_limit":1000,"temp_tpm_increase":500,"temp_limit_expiry":"` + until + `"`, "allows more for a time: 1,500 tokens/min until"},
		{"bursar_budget", `"max_budget":1`, `"max_budget":1,"temp_budget_increase":1,"temp_budget_expiry":"` + until + `"`, "allows more for a time: $2.00 until"},
		{"bursar_team", `"tpm_limit":null`, `"tpm_limit":null,"temp_tpm_increase":500,"temp_limit_expiry":"` + until + `"`, "allows more for a time |"},
	} {
		got, _ := render(t, planOf(test.resource, `["update"]`, "{"+test.before+"}", "{"+test.after+"}", ""), review.Options{MaxIncreasePct: 20})
		if !strings.Contains(got, test.says) {
			t.Errorf("%s from %s says\n%s\nwant %q", test.resource, test.before, got, test.says)
		}
	}
}

// Each attribute that is judged has a pair: what is added to the list without one fails here.
func TestPairs_coverTheList(t *testing.T) {
	paired := map[string]bool{}
	for _, p := range pairs {
		paired[p.resource+"."+p.path] = true
	}
	for _, path := range review.Judged() {
		top := strings.Join(strings.SplitN(path, ".", 3)[:2], ".")
		if !paired[top] {
			t.Errorf("%s has no pair of before and after", path)
		}
	}
}

func TestRender_passesOverWhatHasNoEffect(t *testing.T) {
	for _, unjudged := range review.NoEffect() {
		resource := unjudged.Resource
		if resource == "" {
			resource = "bursar_team"
		}
		before, after := `"a"`, `"b"`
		path := unjudged.Path
		if top, leaf, nested := strings.Cut(path, "."); nested {
			path, before, after = top, `{"`+leaf+`":"a"}`, `{"`+leaf+`":"b"}`
		}
		got, result := render(t, planOf(resource, `["update"]`, `{"`+path+`":`+before+`}`, `{"`+path+`":`+after+`}`, ""), review.Options{MaxIncreasePct: 1})
		if result.Changes != 0 || result.NeedsApproval || unjudged.Reason == "" {
			t.Errorf("%s.%s: %q\n%s", resource, unjudged.Path, unjudged.Reason, got)
		}
	}
}

// What a newer provider or gateway has brought is named, and needs approval: nothing is passed over.
func TestRender_namesWhatItDoesNotKnow(t *testing.T) {
	for name, test := range map[string]struct{ plan, says, reason string }{
		"a type": {
			string(planOf("bursar_pool", `["update"]`, `{"a":1}`, `{"a":2}`, "")),
			"| – | – | – | – | is of a type that this version of bursar does not know | `bursar_pool.x` |", "bursar_pool.x: is of a type",
		},
		"an attribute": {
			string(planOf("bursar_team", `["update"]`, `{"team_id":"a","burst":1}`, `{"team_id":"a","burst":2}`, "")),
			"| `burst` | `1` | `2` |", "bursar_team.x: burst changes, and this version of bursar does not know",
		},
		"an attribute known later": {
			string(planOf("bursar_team", `["update"]`, `{"team_id":"a","burst":1}`, `{"team_id":"a"}`, `"after_unknown":{"burst":true}`)),
			"| `burst` | `1` | (known after apply) |", "bursar_team.x: burst changes, and",
		},
		"an action": {
			`{"format_version":"1.2","planned_values":{},"action_invocations":[{"address":"action.bursar_raise.x","type":"bursar_raise","name":"x"}]}`,
			"is of a type that this version of bursar does not know", "action.bursar_raise.x: is of a type",
		},
	} {
		got, result := render(t, []byte(test.plan), review.Options{MaxIncreasePct: 20})
		if !strings.Contains(got, test.says) || !result.NeedsApproval || !strings.HasPrefix(result.Reasons[0], test.reason) {
			t.Errorf("%s: %q\n%s", name, result.Reasons, got)
		}
	}
}

func TestRender_actions(t *testing.T) {
	for name, test := range map[string]struct {
		action, values, says string
		approval             bool
	}{
		"reset a team":     {"bursar_budget_reset", `{"team_id":"a"}`, "`a` | – | – | – | sets what team `a` has spent to $0", true},
		"reset a key":      {"bursar_budget_reset", `{"key_id":"k","reset_to":2.5}`, "sets what key `k` has spent to $2.50", true},
		"reset a budget":   {"bursar_budget_reset", `{"budget_id":"b"}`, "sets what budget `b` has spent to $0", true},
		"reset a member":   {"bursar_budget_reset", `{"team_id":"a","user_id":"ada"}`, "sets what user `ada` in team `a` has spent to $0", true},
		"block":            {"bursar_team_block", `{"team_id":"a"}`, "blocks team `a`: its calls are refused", false},
		"unblock":          {"bursar_team_unblock", `{"team_id":"a"}`, "lets team `a` through again", true},
		"rotate":           {"bursar_key_rotate", `{"key_id":"k"}`, "gives key `k` a new secret; the old one stops at once", false},
		"rotate, by grace": {"bursar_key_rotate", `{"key_id":"k","grace_period":"1h"}`, "the old one stops after `1h`", false},
		"test":             {"bursar_alert_route_test", `{"alert_route_id":"r"}`, "sends one test message by alert route `r`", false},
	} {
		plan := fmt.Sprintf(`{"format_version":"1.2","planned_values":{},"action_invocations":[{"address":"action.%s.x","type":%q,"name":"x","config_values":%s}]}`,
			test.action, test.action, test.values)
		got, result := render(t, []byte(plan), review.Options{MaxIncreasePct: 20})
		if !strings.Contains(got, test.says) || !strings.Contains(got, "1 action runs.") || result.NeedsApproval != test.approval {
			t.Errorf("%s: %t %q\n%s", name, result.NeedsApproval, result.Reasons, got)
		}
	}
}

// The guide gives the reason for each attribute that has no line.
func TestNoEffect_standsInTheGuide(t *testing.T) {
	guide, err := os.ReadFile("../../docs/guides/reviewing-quota-changes.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, unjudged := range review.NoEffect() {
		resource := "every resource"
		if unjudged.Resource != "" {
			resource = "`" + unjudged.Resource + "`"
		}
		if line := fmt.Sprintf("| %s | `%s` | %s |", resource, unjudged.Path, unjudged.Reason); !strings.Contains(string(guide), line) {
			t.Errorf("the guide has not the line\n%s", line)
		}
	}
}

// When a watched limit begins to refuse is a loosening as long as it is watched.
func TestRender_judgesWhenAWatchedLimitIsEnforced(t *testing.T) {
	for _, test := range []struct {
		before, after, says string
		approval            bool
	}{
		{`"2027-01-01T00:00:00Z"`, `"2027-02-01T00:00:00Z"`, "is watched for longer", true},
		{`"2027-01-01T00:00:00Z"`, `null`, "is never enforced", true},
		{`"2027-02-01T00:00:00Z"`, `"2027-01-01T00:00:00Z"`, "is enforced at another time", false},
		{`null`, `"2027-01-01T00:00:00Z"`, "is enforced at another time", false},
	} {
		plan := planOf("bursar_team", `["update"]`, `{"mode":"audit","enforce_from":`+test.before+`}`, `{"mode":"audit","enforce_from":`+test.after+`}`, "")
		got, result := render(t, plan, review.Options{MaxIncreasePct: 20})
		if !strings.Contains(got, test.says) || result.NeedsApproval != test.approval {
			t.Errorf("%s -> %s: needs approval %t\n%s", test.before, test.after, result.NeedsApproval, got)
		}
	}
}
