package litellm_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/litellm"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

func TestMain(m *testing.M) { os.Exit(testenv.MainPostgres(m)) }

const adminKey = "sk-admin-of-the-import-tests"

// move is a LiteLLM database beside a gateway.
type move struct {
	*testing.T
	database string
	sql      *sql.DB
	gateway  *client.Client
	url      string
}

func newMove(t *testing.T, rows string, models ...config.Model) *move {
	t.Helper()
	m := &move{T: t, database: testenv.Postgres(t)}
	var err error
	if m.sql, err = sql.Open("pgx", m.database); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.sql.Close() })
	for _, name := range []string{"testdata/schema.sql", rows} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		m.exec(string(text))
	}
	m.gateway, m.url = startGateway(t, models...)
	return m
}

func startGateway(t testing.TB, models ...config.Model) (*client.Client, string) {
	t.Helper()
	settings, err := config.Load("", func(name string) string {
		return map[string]string{"BURSAR_ADMIN_KEY": adminKey, "BURSAR_LISTEN": "127.0.0.1:0", "BURSAR_DATA_DIR": t.TempDir()}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	settings.Models = models
	running, err := app.New(t.Context(), app.Options{Config: settings, Logger: slog.New(slog.NewJSONHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	running.Start()
	t.Cleanup(func() {
		if err := running.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	gateway, err := client.New(client.Options{Endpoint: running.URL(), AdminKey: adminKey, Actor: litellm.ActorOf(""), Reason: "moving in"})
	if err != nil {
		t.Fatal(err)
	}
	return gateway, running.URL()
}

// as lets what follows be done for a proxy.
func (m *move) as(origin string) {
	m.Helper()
	var err error
	if m.gateway, err = client.New(client.Options{Endpoint: m.url, AdminKey: adminKey, Actor: litellm.ActorOf(origin)}); err != nil {
		m.Fatal(err)
	}
}

// monthAgo is since when days are brought.
func monthAgo() time.Time { return time.Now().AddDate(0, 0, -31) }

func (m *move) exec(query string) {
	m.Helper()
	if _, err := m.sql.ExecContext(m.Context(), query); err != nil {
		m.Fatal(err)
	}
}

func (m *move) plan(rename bool) *litellm.Plan {
	m.Helper()
	return m.planOf(litellm.Options{Rename: rename})
}

func (m *move) planOf(options litellm.Options) *litellm.Plan {
	m.Helper()
	options.Now = time.Now()
	estate, err := litellm.FromPostgres(m.Context(), m.database, monthAgo())
	if err != nil {
		m.Fatal(err)
	}
	plan, err := litellm.NewPlan(m.Context(), m.gateway, estate, options)
	if err != nil {
		m.Fatal(err)
	}
	return plan
}

// apply does a plan, after which another one has nothing to do and everything is verified.
func (m *move) apply() {
	m.Helper()
	if err := m.plan(true).Apply(m.Context(), io.Discard); err != nil {
		m.Fatal(err)
	}
	var report bytes.Buffer
	again := m.plan(true)
	again.Write(&report)
	if again.Changes() {
		m.Errorf("a second run would change something:\n%s", report.String())
	}
	if err := again.Verify(&report); err != nil {
		m.Errorf("%s:\n%s", err, report.String())
	}
}

// opens is the status of a call with a key that LiteLLM made.
func (m *move) opens(secret string) int {
	m.Helper()
	request, err := http.NewRequestWithContext(m.Context(), http.MethodGet, m.url+"/v1/models", http.NoBody)
	if err != nil {
		m.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+secret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		m.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func (m *move) team(id string) api.TeamInfo {
	m.Helper()
	team, err := m.gateway.GetTeam(m.Context(), id)
	if err != nil {
		m.Fatal(err)
	}
	return team
}

func (m *move) pot(id string) api.Budget {
	m.Helper()
	pot, err := m.gateway.GetBudget(m.Context(), id)
	if err != nil {
		m.Fatal(err)
	}
	return pot
}

// A plan changes nothing and names what is odd and what would be lost, without a secret.
func TestPlan_saysEverythingThatIsNotCarried(t *testing.T) {
	m := newMove(t, "testdata/rows.sql")
	var report bytes.Buffer
	m.plan(false).Write(&report)
	for _, want := range []string{
		`team "Vertrieb Süd" could be Vertrieb-S-d-`, "key vertrieb of team Vertrieb Süd", "key orphan of team gone", "1 keys\n", "a key plain",
		"team marketing: model_aliases", "aliases", "team research: metadata.guardrails", "team research: -$2.00", "user ann", "end user customer has a budget", `key_alias "app"`,
		"bedrock", "model claude (m-3)", "is sealed", "comes without its credential", "/team/info", "4 calls of $10.25", "limits above its team's",
	} {
		if !strings.Contains(report.String(), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(report.String())
	}
	for _, secret := range []string{"sk-never-hashed", "AgIDAAAA"} {
		if strings.Contains(report.String(), secret) {
			t.Errorf("the report shows %s", secret)
		}
	}
	if teams, err := m.gateway.ListTeams(t.Context()); err != nil || len(teams) > 0 {
		t.Errorf("a plan made %d teams, %v", len(teams), err)
	}
}

// What LiteLLM has is here with its ids, limits and spending, its keys open it, and a second run finds nothing to do.
func TestApply(t *testing.T) {
	m := newMove(t, "testdata/rows.sql")
	m.apply()
	for secret, want := range map[string]int{
		"sk-app-of-marketing-0001": 200, "sk-of-ann-in-marketing-2": 200, "sk-vertrieb-mit-umlaut-6": 200, "sk-second-with-the-alias": 200, "sk-blocked-without-team3": 401,
		"sk-expired-long-ago-0004": 401, "sk-team-that-is-gone-005": 401, "sk-nobody-knows-this-one": 401,
	} {
		if got := m.opens(secret); got != want {
			t.Errorf("%s: %d, want %d", secret, got, want)
		}
	}
	marketing := m.team("marketing")
	if marketing.Spend != 21_250_000_000 || *marketing.RPMLimit != 100 || *marketing.TeamMemberBudget != 3*money.USD || marketing.ModelRPMLimit["gpt-4.1"] != 30 ||
		string(marketing.Metadata["cost_center"]) != "7" || len(*marketing.TeamMemberPermissions) != 2 || *marketing.ResetDay != 1 {
		t.Errorf("marketing is %+v", marketing.Team)
	}
	members := map[string]api.TeamMembership{}
	for _, member := range marketing.TeamMemberships {
		members[member.UserID] = member
	}
	if ann := members["ann"]; ann.Role != api.MemberAdmin || *ann.MaxBudgetInTeam != 5*money.USD || *ann.Membership.RPMLimit != 7 || ann.Spend != 2_500_000_000 {
		t.Errorf("ann is %+v", ann.Membership)
	}
	if bob := members["bob"]; bob.MaxBudgetInTeam != nil || bob.Spend != 500_000_000 {
		t.Errorf("bob is %+v", bob.Membership)
	}
	if pot := m.pot("organization:acme"); pot.Spend != 33_500_000_000 || len(pot.TeamIDs) != 2 {
		t.Errorf("the organization is %+v", pot)
	}
	research := m.team("research")
	if !research.Blocked || research.Spend != 0 || len(research.TeamMemberships) != 1 {
		t.Errorf("research is %+v", research.Team)
	}
	for _, key := range marketing.Keys {
		if key.KeyAlias != nil && *key.KeyAlias == "app" && (*key.RPMLimit != 100 || key.Spend != 20*money.USD || key.KeyName != "sk-...0001" || key.Expires == nil) {
			t.Errorf("the app's key is %+v", key)
		}
	}
	budgets, err := m.gateway.ListBudgets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	capped := false
	for _, budget := range budgets {
		capped = capped || strings.HasSuffix(budget.BudgetID, ":model:gpt-4.1") && budget.Spend == 6_500_000_000 && *budget.MaxBudget == 15*money.USD
	}
	if !capped {
		t.Errorf("no pot caps the app's model: %+v", budgets)
	}
}

// Until the switch a further run takes what has changed, and balances are replaced, never added up.
func TestApply_againTakesWhatDiffers(t *testing.T) {
	m := newMove(t, "testdata/rows.sql")
	m.apply()
	m.exec(`UPDATE "LiteLLM_TeamTable" SET spend = 30, rpm_limit = 200 WHERE team_id = 'marketing';
		UPDATE "LiteLLM_VerificationToken" SET blocked = true WHERE key_alias = 'app';
		INSERT INTO "LiteLLM_VerificationToken" (token, key_alias, team_id) VALUES (encode(sha256('sk-came-after-the-first8'), 'hex'), 'late', 'research')`)
	before := m.plan(true)
	if err := before.Verify(io.Discard); err == nil || !before.Changes() {
		t.Errorf("what differs is not seen: %v", err)
	}
	m.apply()
	if team := m.team("marketing"); team.Spend != 30*money.USD || *team.RPMLimit != 200 {
		t.Errorf("marketing has spent %s of %d rpm", team.Spend, *team.RPMLimit)
	}
	if got := m.opens("sk-app-of-marketing-0001"); got != 401 {
		t.Errorf("the key that LiteLLM has blocked is answered %d", got)
	}
}

// A key that is rotated in LiteLLM has another digest: the old one is named, and goes when that is wanted.
func TestApply_prunesKeysThatAreGone(t *testing.T) {
	m := newMove(t, "testdata/rows.sql")
	m.apply()
	m.exec(`UPDATE "LiteLLM_VerificationToken" SET token = encode(sha256('sk-rotated-in-the-mean-9'), 'hex') WHERE key_alias = 'app' AND team_id = 'marketing'`)
	var report bytes.Buffer
	m.plan(true).Write(&report)
	if !strings.Contains(report.String(), "is not in LiteLLM any more") {
		t.Errorf("the old key is not named:\n%s", report.String())
	}
	estate, err := litellm.FromPostgres(t.Context(), m.database, monthAgo())
	if err != nil {
		t.Fatal(err)
	}
	plan, err := litellm.NewPlan(t.Context(), m.gateway, estate, litellm.Options{Rename: true, Prune: true, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Apply(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
	if old, rotated := m.opens("sk-app-of-marketing-0001"), m.opens("sk-rotated-in-the-mean-9"); old != 401 || rotated != 200 {
		t.Errorf("the old key is answered %d, the new one %d", old, rotated)
	}
}

// A rollback leaves what others made or changed, and what is brought again after it is not counted twice.
func TestRollback(t *testing.T) {
	m := newMove(t, "testdata/rows.sql")
	other, err := client.New(client.Options{Endpoint: m.url, AdminKey: adminKey})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.CreateTeam(t.Context(), "theirs", api.NewTeam("").TeamFields); err != nil {
		t.Fatal(err)
	}
	m.apply()
	if err := litellm.Rollback(t.Context(), m.gateway, litellm.DefaultOrigin, io.Discard); err != nil {
		t.Fatal(err)
	}
	teams, err := m.gateway.ListTeams(t.Context())
	if err != nil || len(teams) != 1 || teams[0].TeamID != "theirs" {
		t.Errorf("after the rollback there are %v, %v", teams, err)
	}
	if got := m.opens("sk-app-of-marketing-0001"); got != 401 {
		t.Errorf("a key is answered %d after the rollback", got)
	}
	m.apply()
	if spend := m.team("marketing").Spend; spend != 21_250_000_000 {
		t.Errorf("brought again, marketing has spent %s", spend)
	}
}

// With the salt key a stored model comes with its credential; with another one it stays sealed.
func TestApply_unsealsModels(t *testing.T) {
	m := newMove(t, "testdata/rows.sql")
	for salt, want := range map[string]int{"sk-another-salt-of-nobody": 1, "sk-salt-of-the-tests": 2} {
		estate, err := litellm.FromPostgres(t.Context(), m.database, monthAgo())
		if err != nil {
			t.Fatal(err)
		}
		estate.Unseal(salt)
		plan, err := litellm.NewPlan(t.Context(), m.gateway, estate, litellm.Options{Rename: true, Now: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		if err := plan.Apply(t.Context(), io.Discard); err != nil {
			t.Fatal(err)
		}
		models, err := m.gateway.ListModels(t.Context())
		if err != nil || want == 2 && len(models) != 2 {
			t.Errorf("with %s: %d models, %v", salt, len(models), err)
		}
	}
	claude, err := m.gateway.GetModel(t.Context(), "m-3")
	if err != nil || claude.Upstream != "anthropic" || *claude.UpstreamModel != "claude-sonnet-4-5" || !claude.HasAPIKey || *claude.RPM != 5 {
		t.Errorf("claude is %+v, %v", claude.ModelFields, err)
	}
}

// LiteLLM's API tells all but the history of calls, by the page, and what stands within its teams.
func TestFromAPI(t *testing.T) {
	answers := map[string]string{
		"/team/list": `[{"team_id":"marketing","members_with_roles":[{"user_id":"ann","role":"admin"}],"max_budget":10,"rpm_limit":"100","spend":1.5,"metadata":{},"models":[],
			"team_memberships":[{"user_id":"ann","team_id":"marketing","spend":0.5,"budget_id":null}],"keys":[{"token":"` + digestOf("sk-only-within-the-team2") + `","team_id":"marketing","spend":0}]}]`,
		"/key/list?page=1":   `{"keys":[{"token":"` + digestOf("sk-on-the-first-page-001") + `","key_alias":"first","team_id":"marketing","spend":1,"expires":"2099-01-01T00:00:00+00:00"}],"total_pages":2}`,
		"/key/list?page=2":   `{"keys":[{"token":"` + digestOf("sk-on-the-second-page-02") + `","key_alias":"second","user_id":"ann","spend":0}],"total_pages":2}`,
		"/user/list?page=1":  `{"users":[{"user_id":"ann","user_email":"ann@example.com","spend":2,"metadata":null}],"total_pages":1}`,
		"/budget/list":       `[]`,
		"/organization/list": `[]`,
		"/model/info":        `{"data":[{"model_name":"a","litellm_params":{"model":"openai/a","api_key":"sk-****"},"model_info":{"id":"m","db_model":true}},{"model_name":"b","litellm_params":{"model":"openai/b"},"model_info":{"id":"n","db_model":false}}]}`,
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer sk-master" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		name := r.URL.Path
		if page := r.URL.Query().Get("page"); page != "" {
			name += "?page=" + page
		}
		if answers[name] == "" {
			w.WriteHeader(http.StatusNotFound) // a release without it
		}
		_, _ = io.WriteString(w, answers[name])
	}))
	t.Cleanup(proxy.Close)
	if _, err := litellm.FromAPI(t.Context(), proxy.URL, "sk-wrong"); err == nil || strings.Contains(err.Error(), "sk-wrong") {
		t.Errorf("a wrong key: %v", err)
	}
	estate, err := litellm.FromAPI(t.Context(), proxy.URL+"/", "sk-master")
	if err != nil {
		t.Fatal(err)
	}
	m := &move{T: t}
	m.gateway, m.url = startGateway(t)
	plan, err := litellm.NewPlan(t.Context(), m.gateway, estate, litellm.Options{Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Apply(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"sk-on-the-first-page-001", "sk-on-the-second-page-02", "sk-only-within-the-team2"} {
		if got := m.opens(secret); got != http.StatusOK {
			t.Errorf("%s: %d", secret, got)
		}
	}
	team := m.team("marketing")
	if team.Spend != 1_500_000_000 || *team.RPMLimit != 100 || len(team.TeamMemberships) != 1 || team.TeamMemberships[0].Spend != money.USD/2 {
		t.Errorf("marketing is %+v", team)
	}
	if models, err := m.gateway.ListModels(t.Context()); err != nil || len(models) != 1 || models[0].HasAPIKey {
		t.Errorf("the models are %+v, %v", models, err)
	}
}

func digestOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
