package proxy_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/metrics"
	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/proxy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/proxy/unread"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a data path with everything real but the record: engine, book, upstream client, HTTP.
type bench struct {
	t        *testing.T
	upstream *testenv.Upstream
	gateway  *httptest.Server
	engine   *quota.Memory
	book     *policy.Book
	secret   string
	log      *bytes.Buffer
	logged   func() string
	registry *deployment.Registry
	capacity *quota.Memory
	routing  deployment.Routing
	// ahead is how far the bench's clock is before the system's, in nanoseconds.
	ahead atomic.Int64

	mu        sync.Mutex
	more      []deployment.Deployment
	key       api.Key
	team      api.Team
	rows      []api.LedgerRow
	events    []api.AlertEvent
	responses *keptResponses
	// idle is how long a stream may say nothing, 0 is the default.
	idle time.Duration
	// contact and litellm are the settings of refusals.
	contact string
	litellm bool
	// unpricedTools serves what providers run at no known price.
	unpricedTools bool
	// hold is how long the opening of a stream is kept back, 0 is the default.
	hold time.Duration
	// unread bounds what is held of answers, 0 is the default.
	unread  unread.Bounds
	metrics *metrics.Metrics
	// wait is how long a call waits for others to settle.
	wait time.Duration
	// asked counts the requests that have come in, leftBehind those whose client has gone.
	asked, leftBehind atomic.Int64
	// recording is called before the record takes anything; nil does nothing.
	recording func()
	// down makes the record refuse.
	down bool
}

// Prices of the test's model: one dollar for a million of either token, so one token is 1,000 nano-USD.
const perToken = money.Nano(1000)

func newBench(t *testing.T, change func(*bench)) *bench {
	b := &bench{
		t: t, upstream: testenv.StartUpstream(t, testenv.UpstreamOptions{}), log: &bytes.Buffer{},
		responses: &keptResponses{kept: map[string]api.StoredResponse{}, items: map[string]string{}},
		secret:    auth.NewSecret().Reveal(), key: api.NewKey("key_1"), team: api.NewTeam("marketing"),
	}
	b.key.TeamID, b.key.UserID = &b.team.TeamID, new("user-1")
	if change != nil {
		change(b)
	}
	b.engine = quota.NewMemory(b, quota.MemoryOptions{Now: b.now})
	t.Cleanup(func() { b.setDown(false); _ = b.engine.Close() })
	b.book = policy.NewBook(b, b.engine, policy.Defaults{Timezone: time.UTC, ResetDay: 1, SoftLimitRPMFactor: new(0.5)})
	client := upstream.NewClient(nil, nil)
	t.Cleanup(client.Close)
	writer := &lockedWriter{w: b.log}
	b.logged = func() string { writer.mu.Lock(); defer writer.mu.Unlock(); return b.log.String() }
	logger := slog.New(slog.NewJSONHandler(writer, nil))
	registry, err := deployment.NewRegistry(t.Context(), deployment.Options{
		Source: b, Versions: b.engine, Routing: b.routing, Now: b.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.registry = registry
	b.capacity = quota.NewMemory(quota.NoRecord{}, quota.MemoryOptions{})
	t.Cleanup(func() { _ = b.capacity.Close() })
	p := proxy.New(proxy.Options{
		Book: b.book, Engine: b.engine, Upstream: client, Logger: logger, Models: registry, Capacity: b.capacity,
		IsAdminKey: func(secret auth.Secret) bool { return secret.Reveal() == "sk-admin-of-the-test" },
		StreamIdle: b.idle,
		StreamHold: b.hold,
		Metrics:    b.metrics,
		Responses:  b.responses,
		Events:     b, AllowUnpricedTools: b.unpricedTools,
		ExceededStatus: proxy.ExceededStatus{Chat: 403, Messages: 402, Responses: 400}, Contact: b.contact, LiteLLMErrors: b.litellm,
		ContentionWait: cmp.Or(b.wait, 2*time.Second), Now: b.now, Unread: b.unread,
	})
	mux := httpx.NewMux(logger)
	p.Register(mux)
	b.gateway = httptest.NewServer(b.watch(httpx.Chain(mux, httpx.Identify(nil), httpx.Recover(logger))))
	t.Cleanup(b.gateway.Close)
	return b
}

// watch counts the requests and the clients that have gone.
func (b *bench) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.asked.Add(1)
		stop := context.AfterFunc(r.Context(), func() { b.leftBehind.Add(1) })
		defer stop()
		next.ServeHTTP(w, r)
	})
}

// now is the time by the bench's clock, which runs as the system's does but can be ahead.
func (b *bench) now() time.Time { return time.Now().Add(time.Duration(b.ahead.Load())) }

// Deployments makes the bench the source of models: more, and those that every test has.
func (b *bench) Deployments(context.Context) ([]deployment.Deployment, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	good := b.deployment("m", b.upstream.URL())
	dead, stands := b.deployment("failing-over", "http://127.0.0.1:1/v1"), b.deployment("failing-over", b.upstream.URL())
	stands.Weight = 0
	unpriced := b.deployment("unpriced", b.upstream.URL())
	unpriced.Priced, unpriced.Price = false, pricing.Price{}
	claude := b.deployment("claude", b.upstream.URL())
	claude.Provider, claude.UpstreamModel = "anthropic", "real-claude"
	pieces := b.deployment("pieces", b.upstream.URL())
	pieces.Price = b.price(pricing.List{
		Characters: new(15 * money.USD), AudioHour: new(36 * cent),
		Images: []pricing.ImagePrice{{Size: "1024x1024", Each: 4 * cent}, {Size: "512x512", Each: 2 * cent}},
	})
	return append([]deployment.Deployment{good, dead, stands, claude, pieces, unpriced}, b.more...), nil
}

func (b *bench) price(list pricing.List) pricing.Price {
	price, err := list.Price()
	if err != nil {
		b.t.Fatal(err)
	}
	return price
}

// deployment is one that serves a model at an address.
func (b *bench) deployment(model, baseURL string) deployment.Deployment {
	price := b.price(pricing.List{Terms: pricing.Terms{Input: new(money.USD), Output: new(money.USD)}})
	return deployment.Deployment{
		Deployment: upstream.Deployment{Model: model, UpstreamModel: "real-m", Provider: "openai", BaseURL: baseURL, APIKey: "sk-provider"},
		ID:         model + "@" + baseURL, Price: price, Priced: true, MaxOutputTokens: 1000, Weight: 1,
	}
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// The bench is the policy book's source.

func (b *bench) KeyByDigest(_ context.Context, digest []byte) (api.Key, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !bytes.Equal(digest, auth.Digest(auth.Secret(b.secret))) {
		return api.Key{}, api.Errorf(api.NotFound, "no such key")
	}
	return b.key, nil
}

func (b *bench) SecretValidUntil(context.Context, []byte) (time.Time, error) { return time.Time{}, nil }

func (b *bench) Team(context.Context, string) (api.Team, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.team, nil
}

func (b *bench) Budget(context.Context, string) (api.Budget, error)        { return api.Budget{}, nil }
func (b *bench) AllBudgets(context.Context) ([]api.Budget, error)          { return nil, nil }
func (b *bench) AllAlertRoutes(context.Context) ([]api.AlertRoute, error)  { return nil, nil }
func (b *bench) AllTeamIDs(context.Context) ([]string, error)              { return []string{"marketing"}, nil }
func (b *bench) Armed(context.Context, []string) (map[string]int64, error) { return nil, nil }

func (b *bench) KeyIDsWithoutTeam(context.Context) (ids []string, err error) { return nil, nil }
func (b *bench) KeysOfUser(context.Context, string) ([]api.Key, error)       { return nil, nil }

func (b *bench) Member(context.Context, string, string) (api.Membership, error) {
	return api.Membership{}, api.Errorf(api.NotFound, "nobody is a member")
}

func (b *bench) User(context.Context, string) (api.User, error) {
	return api.User{}, api.Errorf(api.NotFound, "there are no users")
}

// And the engine's record.

func (b *bench) Append(_ context.Context, entries []quota.Entry) error {
	if b.recording != nil {
		b.recording()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return io.ErrClosedPipe
	}
	for _, entry := range entries {
		b.events = append(b.events, entry.Alerts...)
		if entry.Row != nil {
			b.rows = append(b.rows, *entry.Row)
		}
	}
	return nil
}

func (b *bench) Spend(context.Context, quota.Scope, quota.Period) (money.Nano, error) { return 0, nil }

func (b *bench) SpendBySlot(context.Context, quota.Scope, quota.Period) (map[string]money.Nano, error) {
	return nil, nil
}

func (b *bench) setDown(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
}

func (b *bench) ledger() []api.LedgerRow {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]api.LedgerRow(nil), b.rows...)
}

// told are the events of a kind that people are told of.
func (b *bench) told(kind string) []api.AlertEvent {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.events), func(event api.AlertEvent) bool { return event.Type != kind })
}

// change edits the team and puts it in force.
func (b *bench) change(edit func(*api.Team)) {
	b.t.Helper()
	b.mu.Lock()
	edit(&b.team)
	b.mu.Unlock()
	if err := (policy.Changes{Book: b.book}).TeamChanged(b.t.Context(), "marketing"); err != nil {
		b.t.Fatal(err)
	}
}

// answer is what a client got.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) error(t *testing.T) api.ErrorDetail {
	t.Helper()
	var body api.ErrorBody
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatalf("%d is not answered with an error body: %s", a.status, a.body)
	}
	return body.Error
}

func (b *bench) post(body string) answer { return b.postAs(b.secret, body) }

func (b *bench) postAs(secret, body string) answer {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.gateway.URL+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+secret)
	response, err := b.gateway.Client().Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(data)}
}

// say is a chat completion body whose message instructs the fake upstream.
func say(model, instructions, more string) string {
	return `{"model":"` + model + `","messages":[{"role":"user","content":"fake: ` + instructions + `"}]` + more + `}`
}

func (b *bench) spent() quota.BudgetState {
	b.t.Helper()
	subject, err := b.book.Judge(b.t.Context(), policy.WithSecret(auth.Digest(auth.Secret(b.secret)), ""), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	states, err := b.engine.Spent(b.t.Context(), subject.Budgets(modelNamed("m"), time.Now())[:1])
	if err != nil {
		b.t.Fatal(err)
	}
	return states[0]
}

func modelNamed(model string) *modelname.Names { return &modelname.Names{Name: model} }
