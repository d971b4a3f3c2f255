package app_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
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
