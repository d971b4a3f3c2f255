package admin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/access"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/asking"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/stores"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/usage"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/seal"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/storetest"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

var _ stores.Record = (*store.Store)(nil)

// adminKey is the one in LiteLLM's documentation, so that its scripts run as they stand there.
const adminKey = "sk-admin-xxx"

// gateway is the admin API on a real record, with what is counted and told of made up.
type gateway struct {
	// failuresAllowed is per address.
	failuresAllowed int
	*httptest.Server
	t        testing.TB
	store    *store.Store
	spending *fakeSpending
	changes  *fakeChanges
	tester   *fakeTester
	declared fakeDeclared
	models   *fakeModels
	prices   usage.Prices
	rules    []asking.Rule
	// rows counts what was booked in the ledger.
	rows int
	log  *lockedBuffer
	// said is all that was answered, for tests that look for what must not be.
	said *lockedBuffer

	mu  sync.Mutex
	now time.Time
}

func newGateway(t testing.TB) *gateway {
	t.Helper()
	return newGatewayWith(t, store.Reviews{})
}

func newGatewayWith(t testing.TB, reviews store.Reviews) *gateway {
	t.Helper()
	g := &gateway{
		failuresAllowed: 1_000_000,
		t:               t, spending: &fakeSpending{spend: map[string]money.Nano{}}, changes: &fakeChanges{}, tester: &fakeTester{},
		declared: fakeDeclared{}, models: &fakeModels{}, log: &lockedBuffer{}, said: &lockedBuffer{},
		now: time.Date(2026, 11, 18, 10, 20, 30, 0, time.UTC),
	}
	sealer, err := seal.New([]byte("a key for tests is 32 bytes long"))
	if err != nil {
		t.Fatal(err)
	}
	g.store, err = store.Open(t.Context(), storetest.SQLite(t, t.TempDir()),
		store.Options{Sealer: sealer, Now: g.clock, Logger: discard(), Reviews: reviews})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.store.Close(); err != nil {
			t.Error(err)
		}
	})
	g.serve(g.store)
	return g
}

// serve starts the admin API on a record.
func (g *gateway) serve(record stores.Record) {
	g.Server = httptest.NewServer(admin.New(admin.Options{
		Door: access.NewDoor(&access.Callers{
			Configured: auth.NewAdminKeys(adminKey), Record: g.store, Now: g.clock,
		}, g.failuresAllowed, g.clock),
		Record: record, Spending: g.spending, Changes: g.changes, AutoApprove: g.rules,
		Tester: g.tester, Logger: slog.New(slog.NewJSONHandler(g.log, nil)),
		IsWorkload: func(name string) bool { return strings.EqualFold(name, "Pipeline-of-main") }, Models: g.models, Declared: g.declared, Prices: g.prices, Now: g.clock,
		Replay: func(_ context.Context, _ api.Proposal, from, to time.Time) (api.QuotaReplay, error) {
			return api.QuotaReplay{From: from, To: to}, nil
		},
	}))
	g.t.Cleanup(g.Server.Close)
}

func (g *gateway) clock() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now
}

func (g *gateway) wait(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now = g.now.Add(d)
}

// answer is what a request got.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	text   string
}

// send sends a request as an admin; header pairs follow the body, which may be "".
func (g *gateway) send(method, path, body string, header ...string) answer {
	g.t.Helper()
	request, err := http.NewRequestWithContext(g.t.Context(), method, g.URL+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+adminKey)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := g.Client().Do(request)
	if err != nil {
		g.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	_, _ = g.said.Write(text)
	return answer{t: g.t, status: response.StatusCode, header: response.Header, text: string(text)}
}

func (g *gateway) get(path string) answer {
	g.t.Helper()
	return g.send("GET", path, "")
}

func (g *gateway) post(path, body string, header ...string) answer {
	g.t.Helper()
	return g.send("POST", path, body, header...)
}

// ok fails the test unless the request succeeded.
func (a answer) ok() answer {
	a.t.Helper()
	if a.status != http.StatusOK {
		a.t.Fatalf("status %d: %s", a.status, a.text)
	}
	return a
}

// at returns the part of the answer that the path leads to, such as "data.models", as JSON; "" when it is not there.
func (a answer) at(path string) string {
	a.t.Helper()
	value := json.RawMessage(a.text)
	for name := range strings.SplitSeq(path, ".") {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(value, &object); err != nil {
			a.t.Fatalf("%s: no object at %s of %s", path, name, a.text)
		}
		value = object[name]
	}
	return string(value)
}

// has checks pairs of paths and JSON values.
func (a answer) has(pairs ...string) answer {
	a.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := a.at(pairs[i]); got != pairs[i+1] {
			a.t.Errorf("%s = %s, want %s", pairs[i], got, pairs[i+1])
		}
	}
	return a
}

// decode reads the answer into target.
func (a answer) decode(target any) {
	a.t.Helper()
	if err := json.Unmarshal([]byte(a.text), target); err != nil {
		a.t.Fatalf("%v: %s", err, a.text)
	}
}

// textAt is at for strings.
func (a answer) textAt(path string) string {
	a.t.Helper()
	var text string
	if err := json.Unmarshal([]byte(a.at(path)), &text); err != nil {
		a.t.Fatalf("%s is %s, not a string", path, a.at(path))
	}
	return text
}

// refused checks the status, the field and a part of the message of a refusal.
func (a answer) refused(status int, param, message string) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Errorf("status = %d, want %d: %s", a.status, status, a.text)
		return a
	}
	var body api.ErrorBody
	if err := json.Unmarshal([]byte(a.text), &body); err != nil || body.Error.Code != fmt.Sprint(status) || body.Error.Type == "" {
		a.t.Errorf("error body = %s (%v)", a.text, err)
		return a
	}
	if got := body.Error.Param; (got == nil && param != "") || (got != nil && *got != param) {
		a.t.Errorf("param is not %q: %s", param, a.text)
	}
	if !strings.Contains(body.Error.Message, message) {
		a.t.Errorf("message = %q, want %q", body.Error.Message, message)
	}
	return a
}

// fakeSpending knows what tests say was spent, by team, key or budget.
type fakeSpending struct {
	mu    sync.Mutex
	spend map[string]money.Nano
	// caps are in force for teams.
	caps map[string]money.Nano
	// reading is called before the spending of teams is read.
	reading func()
	// rpm is what every team uses in this minute.
	rpm   int64
	fails error
}

func (f *fakeSpending) spent(id string, amount money.Nano) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.spend[id] = amount
}

func states[T any](f *fakeSpending, objects []T, id func(T) string) ([]api.BudgetState, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]api.BudgetState, len(objects))
	for i, object := range objects {
		list[i].Spend = f.spend[id(object)]
	}
	return list, f.fails
}

func (f *fakeSpending) Teams(_ context.Context, teams []api.Team) ([]api.BudgetState, error) {
	if f.reading != nil {
		f.reading()
	}
	list, err := states(f, teams, func(t api.Team) string { return t.TeamID })
	for i, team := range teams {
		if limit, capped := f.caps[team.TeamID]; capped {
			list[i].RemainingBudget = new(limit - list[i].Spend)
		}
	}
	return list, err
}

func (f *fakeSpending) Keys(_ context.Context, keys []api.Key) ([]api.BudgetState, error) {
	return states(f, keys, func(k api.Key) string { return k.KeyID })
}

func (f *fakeSpending) Budgets(_ context.Context, budgets []api.Budget) ([]api.BudgetState, error) {
	return states(f, budgets, func(b api.Budget) string { return b.BudgetID })
}

func (f *fakeSpending) Users(_ context.Context, users []api.User) ([]api.BudgetState, error) {
	return states(f, users, func(u api.User) string { return u.UserID })
}

func (f *fakeSpending) Members(_ context.Context, team api.Team, members []api.Membership) ([]api.BudgetState, error) {
	return states(f, members, func(m api.Membership) string { return team.TeamID + "#" + m.UserID })
}

func (f *fakeSpending) Preview(ctx context.Context, teams []api.Team, _ []api.Budget) ([]api.TeamTerms, []api.TeamUse, error) {
	states, err := f.Teams(ctx, teams)
	terms, used := make([]api.TeamTerms, len(teams)), make([]api.TeamUse, len(teams))
	for i, team := range teams {
		terms[i] = api.TeamTerms{RateLimits: team.RateLimits, MaxBudget: team.MaxBudget, HardCap: team.HardCap, Blocked: team.Blocked}
		used[i] = api.TeamUse{Spend: states[i].Spend, RPM: f.rpm}
	}
	return terms, used, err
}

func (f *fakeSpending) LimitsInForce(_ context.Context, team api.Team) (api.RateLimits, error) {
	if team.RPMLimit == nil {
		team.RPMLimit = new(int64(60))
	}
	return team.TempRates.Raise(team.RateLimits, time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)), nil
}

func (f *fakeSpending) PeriodStart(api.Budget) time.Time { return time.Time{} }
func (f *fakeSpending) PotWatched(api.Budget) bool       { return false }

func (f *fakeSpending) KeyWatched(context.Context, api.Key) (bool, error) { return false, nil }

func (f *fakeSpending) ResetTeam(_ context.Context, _ api.Change, team api.Team, to api.SpendTarget) (api.SpendWasReset, error) {
	return f.reset(team.TeamID, to.Amount), nil
}

func (f *fakeSpending) ResetKey(_ context.Context, _ api.Change, key api.Key, to api.SpendTarget) (api.SpendWasReset, error) {
	return f.reset(key.KeyID, to.Amount), nil
}

func (f *fakeSpending) ResetUser(_ context.Context, _ api.Change, user api.User, to api.SpendTarget) (api.SpendWasReset, error) {
	return api.SpendWasReset{UserID: user.UserID, Spend: to.Amount}, nil
}

func (f *fakeSpending) ResetMember(_ context.Context, _ api.Change, team api.Team, member api.Membership, to api.SpendTarget) (api.SpendWasReset, error) {
	return api.SpendWasReset{TeamID: team.TeamID, UserID: member.UserID, Spend: to.Amount}, nil
}

func (f *fakeSpending) ResetBudget(_ context.Context, _ api.Change, pot api.Budget, to api.SpendTarget) (api.SpendWasReset, error) {
	return f.reset(pot.BudgetID, to.Amount), nil
}

func (f *fakeSpending) reset(id string, to money.Nano) api.SpendWasReset {
	f.mu.Lock()
	defer f.mu.Unlock()
	previous := f.spend[id]
	f.spend[id] = to
	return api.SpendWasReset{Spend: to, PreviousSpend: previous}
}

// fakeChanges remembers what it was told of.
type fakeChanges struct {
	mu    sync.Mutex
	told  []string
	fails error
	// during is called while a team's change is being put in force.
	during func(ctx context.Context)
}

func (f *fakeChanges) tell(format string, args ...any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, fmt.Sprintf(format, args...))
	return f.fails
}

// takeTold returns what was told since the last call.
func (f *fakeChanges) takeTold() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	told := strings.Join(f.told, "; ")
	f.told = nil
	return told
}

func (f *fakeChanges) TeamChanged(ctx context.Context, id string) error {
	if f.during != nil {
		f.during(ctx)
	}
	return f.tell("team %s", id)
}

func (f *fakeChanges) KeyChanged(_ context.Context, before, after *api.Key) error {
	return f.tell("key %s", fromTo(before, after, func(k *api.Key) string { return fmt.Sprintf("blocked=%v", k.Blocked) }))
}

func (f *fakeChanges) UserChanged(_ context.Context, id string, keys ...api.Key) error {
	return f.tell("user %s, %d keys gone", id, len(keys))
}

func (f *fakeChanges) BudgetChanged(_ context.Context, before, after *api.Budget) error {
	return f.tell("budget %s", fromTo(before, after, func(b *api.Budget) string {
		if b.MaxBudget == nil {
			return "unlimited"
		}
		return b.MaxBudget.String()
	}))
}

func (f *fakeChanges) RouteChanged(_ context.Context, before, after *api.AlertRoute) error {
	return f.tell("route %s", fromTo(before, after, func(r *api.AlertRoute) string { return r.Name }))
}

func fromTo[T any](before, after *T, show func(*T) string) string {
	parts := []string{"nil", "nil"}
	for i, object := range []*T{before, after} {
		if object != nil {
			parts[i] = show(object)
		}
	}
	return strings.Join(parts, "->")
}

type fakeTester struct {
	tested []string
	fails  error
}

func (f *fakeTester) Check(_ context.Context, event api.AlertEvent) ([]api.AlertDecision, error) {
	return []api.AlertDecision{{AlertRouteID: "r", Name: "r", Takes: true, Reason: event.Type + " " + event.Severity + " " + event.TeamID}}, nil
}

func (f *fakeTester) SendTest(_ context.Context, id string, digest bool) (api.AlertTest, error) {
	if digest {
		id += " digest"
	}
	f.tested = append(f.tested, id)
	return api.AlertTest{AlertRouteID: id, Delivered: true, Status: "200 OK", Answer: "thanks"}, f.fails
}

// fakeDeclared says of every object whose id is a key that the file declares it.
type fakeDeclared map[string]string

func (f fakeDeclared) Team(id string) (string, bool)       { file, ok := f[id]; return file, ok }
func (f fakeDeclared) Budget(id string) (string, bool)     { file, ok := f[id]; return file, ok }
func (f fakeDeclared) AlertRoute(id string) (string, bool) { file, ok := f[id]; return file, ok }

type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// ids joins one field of the objects in a list of the answer.
func ids(t testing.TB, a answer, list, field string) string {
	t.Helper()
	var objects []map[string]json.RawMessage
	if err := json.Unmarshal([]byte(a.ok().at(list)), &objects); err != nil {
		t.Fatalf("%s is no list of objects: %s", list, a.text)
	}
	found := make([]string, len(objects))
	for i, object := range objects {
		found[i] = strings.Trim(string(object[field]), `"`)
	}
	return strings.Join(found, ",")
}

// jsonList says whether the text is a list of objects whose field has these values, joined by commas.
func jsonList(t testing.TB, text, field, want string) bool {
	t.Helper()
	return ids(t, answer{t: t, status: http.StatusOK, text: `{"list":` + text + `}`}, "list", field) == want
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
