package client_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// A fake rather than the gateway: these tests ask which requests are made, and about
// answers that the gateway never gives.

const adminKey = "sk-admin-canary"

// answer is what the fake says to one request.
type answer struct {
	status int
	header map[string]string
	body   string
	// drop cuts the connection instead.
	drop bool
}

func ok(body string) answer { return answer{status: http.StatusOK, body: body} }

func failed(status int, kind, message string) answer {
	body := (&api.Error{Code: api.Code(kind), Message: message, Status: status}).Body()
	text, _ := json.Marshal(body)
	return answer{status: status, body: string(text)}
}

// fake gives its answers in turn and keeps the requests.
type fake struct {
	*httptest.Server
	mu       sync.Mutex
	answers  []answer
	requests []*http.Request
	bodies   []string
}

func startFake(t *testing.T, answers ...answer) *fake {
	t.Helper()
	f := &fake{answers: answers}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// last is the latest request, which may still be under way when its answer is lost.
func (f *fake) last() *http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests[len(f.requests)-1]
}

// count is how many requests came.
func (f *fake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.requests)
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	f.requests, f.bodies = append(f.requests, r), append(f.bodies, string(body))
	var next answer
	if len(f.answers) > 0 {
		next, f.answers = f.answers[0], f.answers[1:]
	} else {
		next = failed(http.StatusTeapot, "test", "no answer left")
	}
	f.mu.Unlock()
	if next.drop {
		panic(http.ErrAbortHandler)
	}
	for name, value := range next.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(next.status)
	_, _ = io.WriteString(w, next.body)
}

func (f *fake) client(t *testing.T) *client.Client {
	t.Helper()
	c, err := client.New(client.Options{
		Endpoint: f.URL + "/", AdminKey: adminKey, Actor: "terraform (ada)", Reason: "BUDGET-7\nraise it",
		UserAgent: "test/1", RetryWait: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNew_refusesWhatCannotWork(t *testing.T) {
	for want, options := range map[string]client.Options{
		"the endpoint is empty":                       {AdminKey: adminKey},
		"not an http or https address":                {Endpoint: "gateway:4000", AdminKey: adminKey},
		"must not carry a user":                       {Endpoint: "https://ada:pw@gateway", AdminKey: adminKey},
		"must not carry a query":                      {Endpoint: "https://gateway/?a=b", AdminKey: adminKey},
		"the admin key is empty":                      {Endpoint: "https://gateway"},
		"the admin key holds a space, a line break o": {Endpoint: "https://gateway", AdminKey: adminKey + "\n"},
	} {
		_, err := client.New(options)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("the key is in %q", err)
		}
	}
}

func TestCall_saysWhoAndWhy(t *testing.T) {
	gateway := startFake(t, ok(`{"team_id":"a"}`))
	if _, err := gateway.client(t).GetTeam(t.Context(), "a/b c"); err != nil {
		t.Fatal(err)
	}
	r := gateway.requests[0]
	for name, want := range map[string]string{
		"Authorization": "Bearer " + adminKey, "User-Agent": "test/1",
		api.HeaderActor: "terraform (ada)", api.HeaderChangeReason: "BUDGET-7 raise it",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := r.URL.String(); got != "/team/info?team_id=a%2Fb+c" {
		t.Errorf("asked for %s", got)
	}
}

func TestCreate_carriesOneIdempotencyKeyOverItsRepetitions(t *testing.T) {
	gateway := startFake(t, answer{drop: true}, answer{status: http.StatusBadGateway}, ok(`{"team_id":"a"}`), ok(`{"team_id":"b"}`))
	c := gateway.client(t)
	for _, id := range []string{"a", "b"} {
		if _, err := c.CreateTeam(t.Context(), id, api.NewTeam(id).TeamFields); err != nil {
			t.Fatal(err)
		}
	}
	var keys []string
	for _, r := range gateway.requests {
		keys = append(keys, r.Header.Get(api.HeaderIdempotencyKey))
	}
	if keys[0] == "" || keys[0] != keys[1] || keys[1] != keys[2] {
		t.Errorf("repetitions carry %q", keys[:3])
	}
	if keys[3] == keys[0] {
		t.Error("another create carries the same key")
	}
	if gateway.bodies[0] == "" || gateway.bodies[0] != gateway.bodies[2] {
		t.Errorf("repetitions differ: %q and %q", gateway.bodies[0], gateway.bodies[2])
	}
}

func TestUpdate_sendsEveryFieldAndTheRevision(t *testing.T) {
	gateway := startFake(t, ok(`{"team_id":"a","data":{}}`), ok(`{"team_id":"a"}`))
	c := gateway.client(t)
	if _, err := c.UpdateTeam(t.Context(), "a", api.NewTeam("a").TeamFields, 7); err != nil {
		t.Fatal(err)
	}
	if got := gateway.requests[0].Header.Get(api.HeaderIfMatch); got != `"7"` {
		t.Errorf("If-Match: %s", got)
	}
	var body map[string]any
	if err := json.Unmarshal([]byte(gateway.bodies[0]), &body); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"team_alias", "rpm_limit", "max_budget", "soft_threshold_pct", "budget_duration", "reset_day", "budget_id", "model_rpm_limit"} {
		if value, sent := body[name]; !sent || value != nil {
			t.Errorf("%s: sent %v, %v; want null", name, sent, value)
		}
	}
	if _, err := c.UpdateTeam(t.Context(), "a", api.NewTeam("a").TeamFields, 0); err != nil {
		t.Fatal(err)
	}
	if got := gateway.requests[1].Header.Values(api.HeaderIfMatch); len(got) != 0 {
		t.Errorf("If-Match without a revision: %s", got)
	}
}

func TestError_onlyTheGatewaysOwn404IsNotFound(t *testing.T) {
	for name, test := range map[string]struct {
		answer answer
		want   api.Code
	}{
		"ours":               {failed(404, "not_found_error", "team not found"), api.NotFound},
		"another type":       {failed(404, "auth_error", "Team not found"), api.Unauthenticated},
		"another status":     {failed(500, "not_found_error", "not found"), api.Internal},
		"a proxy's page":     {answer{status: 404, body: "<h1>404 not found</h1>"}, api.Internal},
		"no body":            {answer{status: 404}, api.Internal},
		"LiteLLM's detail":   {answer{status: 404, body: `{"detail":{"error":"not found"}}`}, api.Internal},
		"200 with an error":  {answer{status: 200, body: `not found`}, api.Internal},
		"redirect elsewhere": {answer{status: 302, header: map[string]string{"Location": "https://login.example.com/"}}, api.Internal},
	} {
		gateway := startFake(t, test.answer, test.answer, test.answer) // a 500 is asked again
		_, err := gateway.client(t).GetTeam(t.Context(), "a")
		if err == nil || api.CodeOf(err) != test.want {
			t.Errorf("%s: %v (%s)", name, err, api.CodeOf(err))
		}
	}
}

func TestCall_anAnswerWithoutTheObjectIsAnError(t *testing.T) {
	calls := map[string]func(*client.Client) error{
		"GetTeam":         func(c *client.Client) error { _, err := c.GetTeam(t.Context(), "a"); return err },
		"GetMember":       func(c *client.Client) error { _, err := c.GetMember(t.Context(), "a", "b"); return err },
		"GetKey":          func(c *client.Client) error { _, err := c.GetKey(t.Context(), "a"); return err },
		"GetBudget":       func(c *client.Client) error { _, err := c.GetBudget(t.Context(), "a"); return err },
		"GetAlertRoute":   func(c *client.Client) error { _, err := c.GetAlertRoute(t.Context(), "a"); return err },
		"GetModel":        func(c *client.Client) error { _, err := c.GetModel(t.Context(), "a"); return err },
		"ListTeams":       func(c *client.Client) error { _, err := c.ListTeams(t.Context()); return err },
		"ListMembers":     func(c *client.Client) error { _, err := c.ListMembers(t.Context()); return err },
		"ListKeys":        func(c *client.Client) error { _, err := c.ListKeys(t.Context()); return err },
		"FindKeys":        func(c *client.Client) error { _, err := c.FindKeys(t.Context(), api.KeyFilter{}); return err },
		"ListBudgets":     func(c *client.Client) error { _, err := c.ListBudgets(t.Context()); return err },
		"ListAlertRoutes": func(c *client.Client) error { _, err := c.ListAlertRoutes(t.Context()); return err },
		"ListModels":      func(c *client.Client) error { _, err := c.ListModels(t.Context()); return err },
		"CreateTeam":      func(c *client.Client) error { _, err := c.CreateTeam(t.Context(), "a", api.TeamFields{}); return err },
		"CreateKey":       func(c *client.Client) error { _, err := c.CreateKey(t.Context(), api.KeyCreate{}); return err },
		"CreateBudget": func(c *client.Client) error {
			_, err := c.CreateBudget(t.Context(), "a", api.BudgetFields{})
			return err
		},
		"CreateAlertRoute": func(c *client.Client) error {
			_, err := c.CreateAlertRoute(t.Context(), "", api.AlertRouteFields{})
			return err
		},
		"CreateModel": func(c *client.Client) error { _, err := c.CreateModel(t.Context(), "", api.ModelFields{}); return err },
		"UpdateTeam": func(c *client.Client) error {
			_, err := c.UpdateTeam(t.Context(), "a", api.TeamFields{}, 1)
			return err
		},
		"UpdateMember": func(c *client.Client) error {
			_, err := c.UpdateMember(t.Context(), "a", "b", api.MemberFields{}, 1)
			return err
		},
		"UpdateKey": func(c *client.Client) error { _, err := c.UpdateKey(t.Context(), "a", api.KeyFields{}, 1); return err },
		"UpdateBudget": func(c *client.Client) error {
			_, err := c.UpdateBudget(t.Context(), "a", api.BudgetFields{}, 1)
			return err
		},
		"UpdateAlertRoute": func(c *client.Client) error {
			_, err := c.UpdateAlertRoute(t.Context(), "a", api.AlertRouteFields{}, 1)
			return err
		},
		"UpdateModel": func(c *client.Client) error {
			_, err := c.UpdateModel(t.Context(), "a", api.ModelFields{}, 1)
			return err
		},
		"RotateKey": func(c *client.Client) error { _, err := c.RotateKey(t.Context(), "a", "", ""); return err },
		"BlockTeam": func(c *client.Client) error { _, err := c.BlockTeam(t.Context(), "a"); return err },
		"ResetSpend": func(c *client.Client) error {
			_, err := c.ResetSpend(t.Context(), client.Spender{TeamID: "a"}, 0)
			return err
		},
		"OpenSpend": func(c *client.Client) error {
			_, err := c.OpenSpend(t.Context(), client.Spender{TeamID: "a"}, "litellm", 0)
			return err
		},
		"BringUsage": func(c *client.Client) error {
			return c.BringUsage(t.Context(), api.BroughtDay{Origin: "litellm", Day: "2026-11-01"})
		},
		"BroughtDays": func(c *client.Client) error {
			_, err := c.BroughtDays(t.Context(), "litellm")
			return err
		},
		"FindCreated": func(c *client.Client) error { _, err := c.FindCreated(t.Context(), "key", "a"); return err },
	}
	for name, call := range calls {
		for _, body := range []string{`{}`, `null`} { // of a proxy, say, or of an endpoint that is another program's
			if err := call(startFake(t, ok(body)).client(t)); api.CodeOf(err) != api.Internal {
				t.Errorf("%s took %s for an answer: %v", name, body, err)
			}
		}
	}
}

func TestError_namesFieldAndWhatWasDone(t *testing.T) {
	refused := api.FieldErrorf("rpm_limit", "cannot be negative. Received: -1")
	body, _ := json.Marshal(refused.Body())
	gateway := startFake(t, answer{status: 400, body: string(body)})
	_, err := gateway.client(t).CreateTeam(t.Context(), "a", api.TeamFields{})
	got, isAPI := err.(interface{ Unwrap() error }).Unwrap().(*api.Error) //nolint:errorlint // the wrapping is what is looked at
	if !isAPI || got.Param != "rpm_limit" || got.Code != api.Invalid || got.Status != 400 {
		t.Errorf("got %#v", got)
	}
	if want := `create team "a": rpm_limit cannot be negative. Received: -1`; err.Error() != want {
		t.Errorf("got %q", err)
	}
}

func TestError_neverRepeatsKeyOrBody(t *testing.T) {
	secret := "sk-secret-canary-0123456789"
	closed := startFake(t)
	closed.Close()
	for name, gateway := range map[string]*fake{
		"echoing proxy":  startFake(t, answer{status: 418, body: adminKey + secret}),
		"broken answer":  startFake(t, ok(`{"key":"`+secret+`","models":7}`)),
		"nobody listens": closed,
	} {
		_, err := gateway.client(t).CreateKey(t.Context(), api.KeyCreate{Key: &secret})
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
