package provider_test

import (
	"bufio"
	"bytes"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/export"
	"github.com/bursarhq/terraform-provider-bursar/gateway/litellm"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// afternoonConfig is LiteLLM's config.yaml. A call of ten tokens costs ten cents.
const afternoonConfig = `
model_list:
  - model_name: gpt-4.1-mini
    litellm_params:
      model: openai/gpt-4.1-mini
      api_base: os.environ/MODEL_SERVER
      api_key: os.environ/OPENAI_API_KEY
      input_cost_per_token: 0.01
      output_cost_per_token: 0.01
general_settings:
  master_key: os.environ/LITELLM_MASTER_KEY
`

const (
	costOfCall = money.USD / 10
	// atLeast is how often each application calls in every step.
	atLeast = 4
)

// Who answers at the name that applications know.
const (
	litellmServes = iota
	bothServe
	gatewayServes
)

// application calls with the key that it has always had.
type application struct {
	secret, team, user string
	there, here        atomic.Int64
}

// afternoon is a move from LiteLLM to a gateway under Terraform, while applications call.
type afternoon struct {
	*testing.T
	theirs   *testenv.LiteLLM
	database string
	sql      *sql.DB
	ours     *gateway
	importer *client.Client
	// name is the address that applications know, as in DNS; serves says where it leads.
	name   string
	serves atomic.Int32
	turn   atomic.Int64
	apps   []*application
	// pace is how many milliseconds a model thinks about a call.
	pace int
}

func newAfternoon(t *testing.T, teams, keys, pace int) *afternoon {
	t.Helper()
	t.Parallel()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("TF_ACC is not set: acceptance tests run with make testacc")
	}
	models := testenv.StartUpstream(t, testenv.UpstreamOptions{APIKey: "sk-of-the-model-server"})
	environment := map[string]string{"MODEL_SERVER": models.URL(), "OPENAI_API_KEY": "sk-of-the-model-server", "LITELLM_MASTER_KEY": adminKey}
	a := &afternoon{T: t, database: testenv.Postgres(t), pace: pace}
	a.sql = must[*sql.DB](t)(sql.Open("pgx", a.database))
	t.Cleanup(func() { _ = a.sql.Close() })
	settings := fmt.Sprintf("SET afternoon.teams = '%d'; SET afternoon.keys = '%d';\n", teams, keys)
	for _, text := range []string{read(t, "../gateway/litellm/testdata/schema.sql"), settings + read(t, "testdata/litellm_afternoon.sql")} {
		if _, err := a.sql.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	a.theirs = testenv.StartLiteLLM(t, testenv.LiteLLMOptions{Config: afternoonConfig, Environment: environment, Database: a.database})
	a.ours = startGatewayWith(t, func(c *config.Config) { c.Models = a.convert(environment).Models })
	a.importer = must[*client.Client](t)(client.New(client.Options{Endpoint: a.ours.URL, AdminKey: adminKey, Actor: litellm.ActorOf("")}))
	for n := range 4 {
		app := &application{team: fmt.Sprintf("team-%d", n%teams+1)}
		which := n/teams%keys + 1
		app.secret = fmt.Sprintf("sk-of-an-afternoon-%d-%d", n%teams+1, which)
		if which == 1 {
			app.user = fmt.Sprintf("user-%d", n%teams+1)
		}
		a.apps = append(a.apps, app)
	}
	a.startName()
	return a
}

func read(t *testing.T, name string) string {
	t.Helper()
	return string(must[[]byte](t)(os.ReadFile(name)))
}

// convert is gateway.yaml as made of LiteLLM's file.
func (a *afternoon) convert(environment map[string]string) config.Config {
	a.Helper()
	var file bytes.Buffer
	if _, err := litellm.Config([]byte(afternoonConfig), &file); err != nil {
		a.Fatal(err)
	}
	path := filepath.Join(a.TempDir(), "gateway.yaml")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		a.Fatal(err)
	}
	return must[config.Config](a)(config.Load(path, func(name string) string { return environment[name] }))
}

// startName serves what DNS or a load balancer does: one address, behind which another program can take over.
func (a *afternoon) startName() {
	there, here := must[*url.URL](a)(url.Parse(a.theirs.URL())), must[*url.URL](a)(url.Parse(a.ours.URL))
	server := httptest.NewServer(&httputil.ReverseProxy{
		FlushInterval: -1, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		Rewrite: func(r *httputil.ProxyRequest) {
			serving := a.serves.Load()
			if serving == litellmServes || serving == bothServe && a.turn.Add(1)%2 == 0 {
				r.SetURL(there)
				return
			}
			r.SetURL(here)
		},
	})
	a.Cleanup(server.Close)
	a.name = server.URL
}

// meanwhile lets applications call from before the step until after it.
func (a *afternoon) meanwhile(step func()) {
	a.Helper()
	done := make(chan struct{})
	var callers sync.WaitGroup
	for _, app := range a.apps {
		callers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					if n >= atLeast {
						return
					}
				default:
				}
				a.call(app, n%2 == 1)
			}
		})
	}
	defer callers.Wait()
	defer close(done)
	step()
}

// call is what an application does, and must always work.
func (a *afternoon) call(app *application, stream bool) {
	body := fmt.Sprintf(`{"model":"gpt-4.1-mini","max_tokens":50,"stream":%t,"messages":[{"role":"user","content":"fake: prompt_tokens=5 completion_tokens=5 delay_ms=%d"}]}`, stream, a.pace)
	request, err := http.NewRequestWithContext(a.Context(), http.MethodPost, a.name+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		a.Error(err)
		return
	}
	request.Header.Set("Authorization", "Bearer "+app.secret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		a.Error(err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	said, err := io.ReadAll(response.Body)
	whole := bytes.Contains(said, []byte(`"finish_reason":"stop"`)) && (!stream || endsWithDone(said))
	if err != nil || response.StatusCode != http.StatusOK || !whole {
		a.Errorf("a call (streamed: %t) is answered %s, %v: %s", stream, response.Status, err, said)
	}
	if response.Header.Get("X-Litellm-Version") != "" { // which LiteLLM alone says
		app.there.Add(1)
	} else {
		app.here.Add(1)
	}
}

func endsWithDone(events []byte) bool {
	last := ""
	for lines := bufio.NewScanner(bytes.NewReader(events)); lines.Scan(); {
		if lines.Text() != "" {
			last = lines.Text()
		}
	}
	return last == "data: [DONE]"
}

func (a *afternoon) plan() *litellm.Plan {
	a.Helper()
	estate := must[litellm.Estate](a)(litellm.FromPostgres(a.Context(), a.database, time.Now().AddDate(0, 0, -31)))
	return must[*litellm.Plan](a)(litellm.NewPlan(a.Context(), a.importer, estate, litellm.Options{Now: time.Now()}))
}

func (a *afternoon) bring() {
	a.Helper()
	if err := a.plan().Apply(a.Context(), io.Discard); err != nil {
		a.Fatal(err)
	}
}

// verified says that everything is as LiteLLM has it.
func (a *afternoon) verified() {
	a.Helper()
	var report strings.Builder
	if err := a.plan().Verify(&report); err != nil {
		a.Errorf("%s:\n%s", err, report.String())
	}
}

// write lets LiteLLM write what it has counted, as it does every minute.
func (a *afternoon) write() {
	a.Helper()
	if err := a.theirs.Write(a.Context()); err != nil {
		a.Fatal(err)
	}
}

// countedAlike compares what everybody has spent with what both have counted.
func (a *afternoon) countedAlike() {
	a.Helper()
	here := map[string]money.Nano{}
	there, served := int64(0), int64(0)
	for _, app := range a.apps {
		spent := costOfCall * money.Nano(app.here.Load())
		here["team "+app.team] += spent
		here["user "+app.user] += spent
		here["member "+app.team+" "+app.user] += spent
		here["key "+digest(app.secret)] += spent
		there, served = there+app.there.Load(), served+app.here.Load()
		if app.here.Load() == 0 || app.there.Load() == 0 {
			a.Errorf("an application of %s has called LiteLLM %d times and the gateway %d", app.team, app.there.Load(), app.here.Load())
		}
	}
	if int64(a.theirs.Calls()) != there {
		a.Errorf("LiteLLM has counted %d calls of %d", a.theirs.Calls(), there)
	}
	compared := 0
	rows := must[*sql.Rows](a)(a.sql.QueryContext(a.Context(), `SELECT 'team ' || team_id, ROUND(spend::numeric * 100)::bigint FROM "LiteLLM_TeamTable"
		UNION ALL SELECT 'user ' || user_id, ROUND(spend::numeric * 100)::bigint FROM "LiteLLM_UserTable"
		UNION ALL SELECT 'member ' || team_id || ' ' || user_id, ROUND(spend::numeric * 100)::bigint FROM "LiteLLM_TeamMembership"
		UNION ALL SELECT 'key ' || token, ROUND(spend::numeric * 100)::bigint FROM "LiteLLM_VerificationToken"`))
	defer func() { _ = rows.Close() }()
	ours := a.spentHere()
	for rows.Next() {
		var name string
		var cents int64
		if err := rows.Scan(&name, &cents); err != nil {
			a.Fatal(err)
		}
		compared++
		if want, got := cents+int64(here[name]/(money.USD/100)), int64((ours[name]+money.USD/200)/(money.USD/100)); got != want {
			a.Errorf("%s has spent %d cents here, of %d that both have counted", name, got, want)
		}
	}
	if err := rows.Err(); err != nil || compared == 0 {
		a.Errorf("%d sums were compared, %v", compared, err)
	}
	a.Logf("%d sums agree; applications called LiteLLM %d times and the gateway %d times", compared, there, served)
}

// spentHere is what the gateway has counted.
func (a *afternoon) spentHere() map[string]money.Nano {
	a.Helper()
	spent := map[string]money.Nano{}
	for _, team := range must[[]api.Team](a)(a.ours.ListTeams(a.Context())) {
		spent["team "+team.TeamID] = team.Spend
	}
	for _, user := range must[[]api.User](a)(a.ours.ListUsers(a.Context())) {
		spent["user "+user.UserID] = user.Spend
	}
	for _, member := range must[[]api.Membership](a)(a.ours.ListMembers(a.Context())) {
		spent["member "+member.TeamID+" "+member.UserID] = member.Spend
	}
	ids := map[string]string{}
	var digests []string
	rows := must[*sql.Rows](a)(a.sql.QueryContext(a.Context(), `SELECT token FROM "LiteLLM_VerificationToken"`))
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var token string
		if err := rows.Scan(&token); err != nil {
			a.Fatal(err)
		}
		digests = append(digests, token)
	}
	if err := rows.Err(); err != nil {
		a.Fatal(err)
	}
	for token, key := range must[map[string]api.Key](a)(a.ours.KeysByDigest(a.Context(), digests)) {
		spent["key "+token] = key.Spend
		ids[key.KeyID] = token
	}
	if len(ids) != len(digests) {
		a.Errorf("%d of %d keys are here", len(ids), len(digests))
	}
	return spent
}

// run is the afternoon.
func (a *afternoon) run() {
	a.Helper()
	began := time.Now()
	took := func(what string) {
		a.Logf("%s after %s", what, time.Since(began).Round(100*time.Millisecond))
	}
	a.meanwhile(func() {
		a.bring()
		took("brought")
	})
	a.write()
	a.bring()
	a.verified()
	took("verified")
	a.serves.Store(bothServe)
	c := newCLI(a, "", a.ours.settings()...)
	c.withoutLog()
	a.meanwhile(func() {
		text := a.ours.exportInto(c, export.Options{Endpoint: a.ours.URL})
		if said := c.apply(); !strings.Contains(said, " 0 added, 0 changed, 0 destroyed.") {
			a.Errorf("Terraform would change %v of\n%s", changesIn(said), text[:min(len(text), 3000)])
		}
		took("under Terraform")
		c.plansNothing()
		took("planned")
	})
	a.serves.Store(gatewayServes)
	a.meanwhile(func() {
		a.write() // a minute after the last call at LiteLLM
		a.bring()
	})
	a.verified()
	took("switched and verified")
	a.countedAlike()
	c.plansNothing()
	if a.plan().Changes() {
		a.Error("a further import would change something")
	}
	took("done")
}

// A company moves in while its applications go on: no call fails, Terraform has nothing to change, sums agree to the cent.
func TestAccAfternoon(t *testing.T) { newAfternoon(t, 3, 4, 20).run() }
