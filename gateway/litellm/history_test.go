package litellm_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/litellm"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// ask is an answer of the admin API.
func (m *move) ask(path string, into any) {
	m.Helper()
	request, err := http.NewRequestWithContext(m.Context(), http.MethodGet, m.url+path, http.NoBody)
	if err != nil {
		m.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+adminKey)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		m.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		m.Fatalf("%s: %s, %v", path, response.Status, err)
	}
}

type usageSum struct {
	Cost     money.Nano
	Requests int64
}

// used is what GET /usage answers of the last month.
func (m *move) used(query string) map[string]usageSum {
	m.Helper()
	var page struct {
		Usage []struct {
			TeamID   string     `json:"team_id"`
			KeyID    string     `json:"key_id"`
			UserID   string     `json:"user_id"`
			Model    string     `json:"model"`
			Cost     money.Nano `json:"total_cost_usd"`
			Requests int64      `json:"total_requests"`
		} `json:"usage"`
	}
	m.ask("/usage?period=total"+query, &page)
	sums := map[string]usageSum{}
	for _, sum := range page.Usage {
		sums[sum.TeamID+sum.KeyID+sum.UserID+sum.Model] = usageSum{Cost: sum.Cost, Requests: sum.Requests}
	}
	return sums
}

// What days have cost at LiteLLM is seen by usage and forecasts, once, and by no budget; a rollback takes it back.
func TestHistory(t *testing.T) {
	m := newMove(t, "testdata/rows.sql")
	// The period of marketing has begun two weeks ago: there is no forecast in its first days.
	m.exec(fmt.Sprintf(`UPDATE "LiteLLM_TeamTable" SET budget_reset_at = '2099-01-%02d' WHERE team_id = 'marketing'`, min(time.Now().UTC().AddDate(0, 0, -14).Day(), 28)))
	m.apply()
	m.apply()
	teams := m.used("&group_by=team")
	// Ten days of 1.25, 0.5 and 0.125, and a call of 0.75 from before there were sums of days.
	if got := teams["marketing"]; got.Cost != 19_500_000_000 || got.Requests != 61 {
		t.Errorf("marketing has used %+v", got)
	}
	if got := teams[""]; got.Cost != money.USD/4 {
		t.Errorf("keys without a team have used %+v", got)
	}
	if got := teams["research"].Cost; got != 0 {
		t.Errorf("less than nothing became %s", got.Dollars())
	}
	if got := m.used("&group_by=model")["claude"]; got.Cost != 3*money.USD/4 {
		t.Errorf("claude was used for %+v", got)
	}
	if got := m.used("&group_by=key&team_id=marketing"); len(got) != 2 || got[""].Cost != 1_250_000_000 {
		t.Errorf("keys of marketing have used %+v", got)
	}
	if got := m.used("&group_by=user")["bob"]; got.Cost != money.USD/4 {
		t.Errorf("bob has used %+v", got)
	}
	if spend := m.team("marketing").Spend; spend != 21_250_000_000 {
		t.Errorf("the budget of marketing counts %s", spend.Dollars())
	}
	var forecasts struct {
		Forecasts []struct {
			ID  string `json:"id"`
			End *struct {
				Likely money.Nano `json:"likely"`
			} `json:"end"`
		} `json:"forecasts"`
	}
	m.ask("/quota/forecast?team_id=marketing", &forecasts)
	if len(forecasts.Forecasts) != 1 || forecasts.Forecasts[0].End == nil {
		t.Errorf("right after the import the forecast of marketing is %+v", forecasts)
	}
	if err := litellm.Rollback(t.Context(), m.gateway, litellm.DefaultOrigin, io.Discard); err != nil {
		t.Fatal(err)
	}
	if left := m.used("&group_by=team"); len(left) != 0 {
		t.Errorf("after the rollback there is %+v", left)
	}
}

// A day that goes on at LiteLLM is brought anew, and until then verified as different.
func TestHistory_ofADayThatGoesOn(t *testing.T) {
	m := newMove(t, "testdata/rows.sql")
	m.apply()
	m.exec(`UPDATE "LiteLLM_DailyTeamSpend" SET spend = spend + 0.01 WHERE date = to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD') AND custom_llm_provider = 'azure'`)
	var report bytes.Buffer
	if err := m.plan(true).Verify(&report); err == nil || !strings.Contains(report.String(), "differs: days "+time.Now().UTC().Format(time.DateOnly)+": [spend]") {
		t.Errorf("a cent more is verified: %v\n%s", err, report.String())
	}
	m.apply()
	if got := m.used("&group_by=team")["marketing"].Cost; got != 19_510_000_000 {
		t.Errorf("marketing has used %s", got.Dollars())
	}
}

// The key by which the gateway calls LiteLLM is left out with what days have cost by it.
func TestHistory_exceptTheGatewaysOwnKey(t *testing.T) {
	m := newMove(t, "testdata/rows.sql")
	estate, err := litellm.FromPostgres(t.Context(), m.database, monthAgo())
	if err != nil {
		t.Fatal(err)
	}
	plan, err := litellm.NewPlan(t.Context(), m.gateway, estate, litellm.Options{Except: []string{"app"}, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Apply(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
	if got := m.used("&group_by=team")["marketing"].Cost; got != 1_250_000_000 {
		t.Errorf("without its application marketing has used %s", got.Dollars())
	}
	if got := m.opens("sk-app-of-marketing-0001"); got != http.StatusUnauthorized {
		t.Errorf("the key that is left out is answered %d", got)
	}
}

// What was not served is not counted as served, neither in sums of days nor in single calls; older releases do not say of these.
func TestHistory_countsWhatWasServed(t *testing.T) {
	m := newMove(t, "testdata/rows.sql")
	m.exec(`UPDATE "LiteLLM_DailyTeamSpend" SET successful_requests = 0, failed_requests = api_requests WHERE custom_llm_provider = 'azure'`)
	m.exec(`ALTER TABLE "LiteLLM_SpendLogs" ADD COLUMN status text`)
	m.exec(`INSERT INTO "LiteLLM_SpendLogs" (request_id, api_key, "startTime", model_group, team_id, status)
		SELECT 'r4-' || s.status, api_key, "startTime", model_group, team_id, s.status FROM "LiteLLM_SpendLogs" l, (VALUES ('success'), ('failure')) AS s (status) WHERE request_id = 'r4'`)
	m.apply()
	models := m.used("&group_by=model&team_id=marketing")
	// Of ten days those of openai, by two keys; of claude the call without a status and the one that succeeded.
	if models["gpt-4.1"].Requests != 40 || models["claude"].Requests != 2 {
		t.Errorf("marketing was served %+v", models)
	}
}

// Each of several proxies has days of its own: bringing or taking back those of one leaves the others'.
func TestHistory_ofSeveralProxies(t *testing.T) {
	m := newMove(t, "testdata/rows.sql")
	for range 2 {
		for _, origin := range []string{"asia", "europe"} {
			m.as(origin)
			if err := m.planOf(litellm.Options{Rename: true, Origin: origin}).Apply(t.Context(), io.Discard); err != nil {
				t.Fatal(err)
			}
			m.otherKeys()
		}
	}
	for _, origin := range []string{"asia", "europe"} {
		if err := m.planOf(litellm.Options{Rename: true, Origin: origin}).Verify(io.Discard); err != nil {
			t.Errorf("%s: %v", origin, err)
		}
		m.otherKeys()
	}
	if got := m.used("&group_by=team")["marketing"].Cost; got != 2*19_500_000_000 {
		t.Errorf("at both marketing has used %s", got.Dollars())
	}
	m.as("asia")
	if err := litellm.Rollback(t.Context(), m.gateway, "asia", io.Discard); err != nil {
		t.Fatal(err)
	}
	if got := m.used("&group_by=team")["marketing"].Cost; got != 19_500_000_000 {
		t.Errorf("at the one that stays marketing has used %s", got.Dollars())
	}
	if err := litellm.Rollback(t.Context(), m.gateway, "not plain", io.Discard); err == nil || !strings.Contains(err.Error(), "is no plain name") {
		t.Errorf("another origin is taken back: %v", err)
	}
}

// otherKeys makes of the database that of another proxy, which differs in nothing but its keys; done once more, of the first.
func (m *move) otherKeys() {
	m.exec(`UPDATE "LiteLLM_VerificationToken" SET token = translate(token, '01', '10');
		UPDATE "LiteLLM_SpendLogs" SET api_key = translate(api_key, '01', '10');
		UPDATE "LiteLLM_DailyTeamSpend" SET api_key = translate(api_key, '01', '10');
		UPDATE "LiteLLM_DailyUserSpend" SET api_key = translate(api_key, '01', '10')`)
}

// A day that costs the same in all, of other models, is brought anew.
func TestHistory_ofOtherModels(t *testing.T) {
	m := newMove(t, "testdata/rows.sql")
	m.apply()
	m.exec(`UPDATE "LiteLLM_DailyTeamSpend" SET model_group = 'o3' WHERE api_key = 'a key that is gone'`)
	var report bytes.Buffer
	if err := m.plan(true).Verify(&report); err == nil || !strings.Contains(report.String(), "differs: days "+time.Now().UTC().Format(time.DateOnly)+": [single sums]") {
		t.Errorf("other models are verified: %v\n%s", err, report.String())
	}
	m.apply()
	if got := m.used("&group_by=model&team_id=marketing")["o3"].Cost; got != 1_250_000_000 {
		t.Errorf("o3 was used for %s", got.Dollars())
	}
}

// What a key has used stays its own when LiteLLM has it no more, and becomes its own when LiteLLM has it again.
func TestHistory_ofKeysThatGoAndCome(t *testing.T) {
	m := newMove(t, "testdata/rows.sql")
	m.exec(`CREATE TABLE apart AS SELECT * FROM "LiteLLM_VerificationToken" WHERE key_alias = 'app' AND team_id = 'marketing'`)
	const leave, back = `DELETE FROM "LiteLLM_VerificationToken" WHERE token IN (SELECT token FROM apart)`, `INSERT INTO "LiteLLM_VerificationToken" SELECT * FROM apart`
	m.exec(leave)
	m.apply()
	if got := m.used("&group_by=key&team_id=marketing"); len(got) != 1 {
		t.Errorf("before it came keys of marketing have used %+v", got)
	}
	m.exec(back)
	m.apply()
	its := m.used("&group_by=key&team_id=marketing")
	if len(its) != 2 {
		t.Errorf("keys of marketing have used %+v", its)
	}
	m.exec(leave)
	m.apply()
	if got := m.used("&group_by=key&team_id=marketing"); !maps.Equal(got, its) {
		t.Errorf("when it was gone keys of marketing have used %+v", got)
	}
	if err := m.planOf(litellm.Options{Rename: true, Prune: true}).Apply(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
	if got := m.used("&group_by=key&team_id=marketing"); len(got) != 1 {
		t.Errorf("when it was deleted keys of marketing have used %+v", got)
	}
	if again := m.planOf(litellm.Options{Rename: true, Prune: true}); again.Changes() {
		t.Error("a second run would change something")
	}
}
