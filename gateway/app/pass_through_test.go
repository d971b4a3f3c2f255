package app_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// A route that the gateway does not understand is passed on as it is, at its fixed price, for the teams it is open to.
func TestPassThrough_fixedPriceForSomeTeams(t *testing.T) {
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.HasSuffix(r.URL.Path, "broken") {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Authorization")+" "+string(body))
	}))
	defer provider.Close()
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	c.PassThrough = []config.PassThrough{
		{Path: "/v1/rerank", BaseURL: provider.URL + "/api", APIKey: "sk-theirs", PricePerRequest: money.USD / 2, Teams: []string{"search"}},
		{Path: "/v1/files/*", BaseURL: provider.URL, PricePerRequest: 0},
	}
	g := start(t, c)
	g.admin("POST", "/team/new", `{"team_id":"search","max_budget":1}`)
	g.admin("POST", "/team/new", `{"team_id":"other"}`)
	key, other := g.newKey(`{"team_id":"search"}`), g.newKey(`{"team_id":"other"}`)

	ask := func(method, path, key, body string, status int, want string) {
		t.Helper()
		if got, _, text := g.do(method, path, key, body); got != status || !strings.Contains(text, want) {
			t.Errorf("%s %s: %d %s, want %d with %q", method, path, got, text, status, want)
		}
	}
	ask("POST", "/v1/rerank?x=1", key, `{"q":1}`, 200, `POST /api/rerank?x=1 Bearer sk-theirs {"q":1}`)
	ask("POST", "/v1/rerank", other, `{}`, 403, "not open to this team")
	ask("GET", "/v1/files/file-1/content", other, "", 200, "GET /files/file-1/content")
	ask("GET", "/v1/files/broken", other, "", 502, "provider failed (500)")
	ask("POST", "/v1/unheard_of", key, "{}", 404, "pass_through")
	ask("POST", "/v1/rerank", key, `{}`, 200, "")
	ask("POST", "/v1/rerank", key, `{}`, 403, "Budget has been exceeded")
	if spend := g.admin("GET", "/team/info?team_id=search", "")["spend"]; spend != 1.0 {
		t.Errorf("spend is %v after two calls of fifty cents", spend)
	}
	if _, _, list := g.do("GET", "/v1/models", key, ""); strings.Contains(list, "rerank") {
		t.Errorf("a route is listed as a model: %s", list)
	}
}

// What is sent is what was matched: no spelling of a path leaves the route that it was priced and allowed by.
func TestPassThrough_doesNotLeaveItsRoute(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	provider := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.RequestURI)
	}))
	defer provider.Close()
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	c.PassThrough = []config.PassThrough{{Path: "/v1/batch/*", BaseURL: provider.URL, APIKey: "sk-theirs"}}
	g := start(t, c)
	key := g.newKey(`{}`)
	for _, path := range []string{
		"%2e%2e/chat/completions", "%2E%2e/chat/completions", ".%2e/chat/completions", "x/%2e%2e/%2e%2e/chat/completions", "%2e/x", "x/%2e",
		"x%2f..%2f..%2fchat/completions", "x%2Fy", "%252e%252e/chat/completions", "%25252e%25252e/chat", "x%252fy", "..%5cchat", "x%5c..%5cy",
		"..;/chat/completions", "%2e%2e;a=b/chat", "%2e%2e%3b/chat", "x%00y", "x%0d%0ay", "%2e%2e",
		"%252e%252e/chat/%25zz", "%252e%252e/chat%25", "%c0%ae%c0%ae/chat", "x%c0%afy",
		"%ef%bc%8e%ef%bc%8e/chat", "%e2%80%a5/chat", "x%ef%bc%8fy",
	} {
		if status, _, body := g.do("POST", "/v1/batch/"+path, key, "{}"); status != http.StatusBadRequest || !strings.Contains(body, "may lead out of /v1/batch/*") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if len(seen) > 0 {
		t.Errorf("the provider was asked for %v", seen)
	}
	for _, path := range []string{"a%20b/c", "a.b/..c/d..", "a+b/%C3%A9", "a%3Fb", "a%25b", "100%25", "a%25%25b", "a;b", "a%2Cb?x=%2e%2e/y&z=1"} {
		seen = nil
		if status, _, body := g.do("POST", "/v1/batch/"+path, key, "{}"); status != http.StatusOK || len(seen) != 1 || seen[0] != "/batch/"+path {
			t.Errorf("%s: %d %s, the provider was asked for %v", path, status, body, seen)
		}
	}
}

// A route that is passed on is no model: nobody calls it as one, and it can be given to a team that has a list of models.
func TestPassThrough_isNoModel(t *testing.T) {
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"choices":[]}`) }))
	defer provider.Close()
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	c.PassThrough = []config.PassThrough{
		{Path: "/v1/rerank", BaseURL: provider.URL, Teams: []string{"search", "listed"}}, {Path: "/v1/files/*", BaseURL: provider.URL},
	}
	g := start(t, c)
	g.admin("POST", "/team/new", `{"team_id":"search"}`)
	g.admin("POST", "/team/new", `{"team_id":"listed","models":["gpt-4.1-mini"]}`)
	g.admin("POST", "/team/new", `{"team_id":"other"}`)
	for _, name := range []string{"/v1/rerank", "/v1/files/*", "/v1/files/x"} {
		for _, team := range []string{"search", "other"} {
			body := strings.Replace(hello, "gpt-4.1-mini", name, 1)
			if status, _, text := g.do("POST", "/v1/chat/completions", g.newKey(`{"team_id":"`+team+`"}`), body); status != http.StatusNotFound {
				t.Errorf("%s as a model for %s: %d %s", name, team, status, text)
			}
		}
	}
	listed := g.newKey(`{"team_id":"listed"}`)
	if status, _, body := g.do("POST", "/v1/rerank", listed, "{}"); status != http.StatusOK {
		t.Errorf("a team with a list that was given the route: %d %s", status, body)
	}
	if status, _, body := g.do("GET", "/v1/files/x", listed, ""); status != http.StatusNotFound || !strings.Contains(body, "not allowed") {
		t.Errorf("a team with a list that was not: %d %s", status, body)
	}
	narrow := g.newKey(`{"team_id":"search","models":["gpt-4.1-mini"]}`)
	if status, _, body := g.do("POST", "/v1/rerank", narrow, "{}"); status != http.StatusNotFound || !strings.Contains(body, "not allowed") {
		t.Errorf("a key for one model: %d %s", status, body)
	}
	if status, _, body := g.do("POST", "/v1/rerank", g.newKey(`{"team_id":"listed","models":["gpt-4.1-mini","/v1/rerank"]}`), "{}"); status != http.StatusOK {
		t.Errorf("a key for one model and the route: %d %s", status, body)
	}
}

// All that is a success costs and is handed on as it is; an answer without a body ends.
func TestPassThrough_everySuccessCosts(t *testing.T) {
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, _ := strconv.Atoi(r.URL.Query().Get("status"))
		if status != http.StatusNoContent {
			w.Header().Set("Content-Length", "5")
		}
		w.WriteHeader(status)
		if status != http.StatusNoContent {
			_, _ = io.WriteString(w, "hello")
		}
	}))
	defer provider.Close()
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	c.PassThrough = []config.PassThrough{{Path: "/v1/batches", BaseURL: provider.URL, PricePerRequest: money.USD}}
	g := start(t, c)
	g.admin("POST", "/team/new", `{"team_id":"t"}`)
	key := g.newKey(`{"team_id":"t"}`)
	spent := 0.0
	for _, method := range []string{"GET", "HEAD", "POST", "DELETE"} {
		for _, want := range []int{200, 201, 202, 204, 206} {
			status, _, body := g.do(method, "/v1/batches?status="+strconv.Itoa(want), key, "")
			spent++
			if full := want != http.StatusNoContent && method != "HEAD"; status != want || full != (body == "hello") {
				t.Errorf("%s: %d %q, want %d", method, status, body, want)
			}
		}
		if status, _, _ := g.do(method, "/v1/batches?status=404", key, ""); status != 404 {
			t.Errorf("%s of what is not there: %d", method, status)
		}
	}
	if got := g.admin("GET", "/team/info?team_id=t", "")["spend"]; got != spent {
		t.Errorf("spent %v, want %v", got, spent)
	}
}
