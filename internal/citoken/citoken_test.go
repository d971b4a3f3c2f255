package citoken_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/citoken"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func tokenOf(t *testing.T, aud any, ends time.Time, id string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"aud": aud, "exp": ends.Unix(), "jti": id})
	if err != nil {
		t.Fatal(err)
	}
	return "eyJhbGciOiJSUzI1NiJ9." + base64.RawURLEncoding.EncodeToString(body) + ".signature"
}

// actions is GitHub's service for tokens of a job: a request needs the job's own key, and names the audience.
func actions(t *testing.T, asked *int) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked++
		switch {
		case r.Header.Get("Authorization") != "Bearer job-canary":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Query().Get("api-version") != "2.0" || r.URL.Query().Get("audience") == "":
			w.WriteHeader(http.StatusBadRequest)
		default:
			_ = json.NewEncoder(w).Encode(map[string]any{"count": 1, "value": tokenOf(t, r.URL.Query().Get("audience"), noon.Add(5*time.Minute), fmt.Sprint(*asked))})
		}
	}))
	t.Cleanup(server.Close)
	return server
}

func source(env map[string]string, variable string, now *time.Time) *citoken.Source {
	return citoken.New(citoken.Options{
		Audience: "https://bursar", Variable: variable, Getenv: func(name string) string { return env[name] }, Now: func() time.Time { return *now },
	})
}

func TestToken_gitHubActionsGivesAnotherBeforeOneEnds(t *testing.T) {
	asked, now := 0, noon
	server := actions(t, &asked)
	s := source(map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": server.URL + "/token?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "job-canary"}, "", &now)
	first, err := s.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.Token(t.Context()); again != first || asked != 1 || err != nil {
		t.Errorf("asked %d times: %v", asked, err)
	}
	now = noon.Add(4*time.Minute + time.Second)
	if again, err := s.Token(t.Context()); again == first || asked != 2 || err != nil {
		t.Errorf("a token that is about to end is kept: asked %d times, %v", asked, err)
	}
}

func TestToken_ofTheEnvironment(t *testing.T) {
	good := tokenOf(t, []string{"https://bursar"}, noon.Add(time.Hour), "")
	for name, test := range map[string]struct {
		env      map[string]string
		variable string
		says     string
	}{
		"HCP Terraform":      {map[string]string{"TFC_WORKLOAD_IDENTITY_TOKEN": good + "\n"}, "", ""},
		"GitLab":             {map[string]string{"GITLAB_CI": "true", "BURSAR_ID_TOKEN": good}, "", ""},
		"a variable of ours": {map[string]string{"MY_TOKEN": good, "TFC_WORKLOAD_IDENTITY_TOKEN": "canary"}, "MY_TOKEN", ""},
		"an empty variable":  {nil, "MY_TOKEN", "the environment variable MY_TOKEN, which is to have the token, is empty"},
		"GitHub without":     {map[string]string{"GITHUB_ACTIONS": "true"}, "", "permissions: { id-token: write }"},
		"GitLab without":     {map[string]string{"GITLAB_CI": "true"}, "", `id_tokens: { BURSAR_ID_TOKEN: { aud: "https://bursar" } }`},
		"HCP without":        {map[string]string{"TFC_RUN_ID": "run-1"}, "", `TFC_WORKLOAD_IDENTITY_AUDIENCE to "https://bursar"`},
		"nowhere":            {nil, "", "this is no job of GitHub Actions, GitLab CI or HCP Terraform"},
		"another audience":   {map[string]string{"A": tokenOf(t, "vault", noon.Add(time.Hour), "canary")}, "A", `the token of the environment variable A is for "vault" and not for the audience "https://bursar"`},
		"an old one":         {map[string]string{"A": tokenOf(t, "https://bursar", noon, "canary")}, "A", "has ended at 2026-11-22T12:00:00Z"},
		"a key":              {map[string]string{"A": "sk-canary"}, "A", "it has not three parts"},
		"no base64":          {map[string]string{"A": "a.canary!.c"}, "A", "its second part is not base64"},
		"no JSON":            {map[string]string{"A": "a.Y2FuYXJ5.c"}, "A", "its second part is not JSON"},
		"a wrong address":    {map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": "canary", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "job-canary"}, "", "ACTIONS_ID_TOKEN_REQUEST_URL is no address"},
	} {
		now := noon
		got, err := source(test.env, test.variable, &now).Token(t.Context())
		switch {
		case test.says == "" && (err != nil || got != good):
			t.Errorf("%s: %q, %v", name, got, err)
		case test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)):
			t.Errorf("%s: %v, want %q", name, err, test.says)
		case err != nil && strings.Contains(err.Error(), "canary"):
			t.Errorf("%s: a secret is told: %v", name, err)
		}
	}
}

func TestToken_refusalsOfGitHubActions(t *testing.T) {
	asked, now := 0, noon
	server := actions(t, &asked)
	for key, says := range map[string]string{"wrong-canary": "it answers 401", "": "this is no job"} {
		_, err := source(map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": server.URL + "/canary", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": key}, "", &now).Token(t.Context())
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: %v, want %q", key, err, says)
		}
	}
	server.Close()
	_, err := source(map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": server.URL + "/canary", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "job-canary"}, "", &now).Token(t.Context())
	if err == nil || !strings.Contains(err.Error(), "GitHub Actions gives no token") || strings.Contains(err.Error(), "canary") {
		t.Errorf("%v", err)
	}
}
