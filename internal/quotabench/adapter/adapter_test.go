package adapter_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench"
	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench/adapter"
)

// documented is a server that knows what a gateway's documentation says, and notes what it was asked for.
type documented struct {
	// fields are those that a route takes; nil for any.
	fields  map[string][]string
	answers map[string]string
	asked   []string
	bodies  map[string]map[string]any
}

func (d *documented) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer sk-admin" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	route := r.Method + " " + r.URL.RequestURI()
	for name, number := range map[string]int{"quotabench-": 8} { // names have a tail that is new each time
		if at := strings.Index(route, name); at >= 0 {
			route = route[:len(route)-number] + "NEW"
		}
	}
	d.asked = append(d.asked, route)
	answer, known := d.answers[route]
	if !known {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if r.Method != http.MethodGet {
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		for name := range body {
			if !strings.Contains(" "+strings.Join(d.fields[route], " ")+" ", " "+name+" ") {
				w.WriteHeader(http.StatusUnprocessableEntity)
				fmt.Fprintf(w, "%s is no field of %s", name, route)
				return
			}
		}
		d.bodies[route] = body
	}
	fmt.Fprint(w, answer)
}

func open(t *testing.T, kind string, server *documented) quotabench.Gateway {
	t.Helper()
	server.bodies = map[string]map[string]any{}
	listening := httptest.NewServer(server)
	t.Cleanup(listening.Close)
	return adapter.Kinds[kind](adapter.Options{URL: listening.URL + "/", AdminKey: "sk-admin"})
}

func liteLLM() *documented {
	return &documented{
		fields: map[string][]string{
			"POST /team/new":     {"team_id", "team_alias", "rpm_limit", "tpm_limit", "max_budget", "budget_duration"},
			"POST /team/update":  {"team_id", "rpm_limit", "tpm_limit", "max_budget"},
			"POST /key/generate": {"team_id", "max_parallel_requests"},
		},
		answers: map[string]string{
			"GET /health/readiness": `{"status": "healthy", "litellm_version": "1.90.0"}`, "POST /team/new": `{}`, "POST /team/update": `{}`,
			"POST /key/generate":                             `{"key": "sk-made"}`,
			"GET /team/info?team_id=quotabench-a-budget-NEW": `{"team_id": "x", "team_info": {"spend": 2.9100000000000003e-03}}`,
		},
	}
}

func TestLiteLLM(t *testing.T) {
	t.Parallel()
	server := liteLLM()
	gateway := open(t, "litellm", server)
	if name, err := gateway.Version(t.Context()); err != nil || name != "LiteLLM 1.90.0" {
		t.Errorf("is %q, %v", name, err)
	}
	pot, err := gateway.Open(t.Context(), "a-budget", quotabench.Limits{Budget: 174_600_000, RequestsPerMinute: 60}, 2)
	if err != nil || !reflect.DeepEqual(pot.Keys, []string{"sk-made", "sk-made"}) {
		t.Fatalf("made %+v, %v", pot, err)
	}
	team := server.bodies["POST /team/new"]
	if team["max_budget"] != 0.1746 || team["budget_duration"] != "30d" || team["rpm_limit"] != 60.0 || team["team_id"] != pot.ID {
		t.Errorf("the team is made with %v", team)
	}
	if server.bodies["POST /key/generate"]["team_id"] != pot.ID {
		t.Errorf("a key is made with %v", server.bodies["POST /key/generate"])
	}
	if spent, err := gateway.Spent(t.Context(), pot); err != nil || spent != 2_910_000 {
		t.Errorf("spent %s, %v", spent, err)
	}
	if err := gateway.Change(t.Context(), pot, quotabench.Limits{RequestsPerMinute: 1}); err != nil || server.bodies["POST /team/update"]["rpm_limit"] != 1.0 {
		t.Errorf("changed %v, %v", server.bodies["POST /team/update"], err)
	}
}

// LiteLLM has parallel requests for keys, not for teams.
func TestLiteLLM_parallelRequests(t *testing.T) {
	t.Parallel()
	server := liteLLM()
	gateway := open(t, "litellm", server)
	if _, err := gateway.Open(t.Context(), "parallel", quotabench.Limits{ParallelRequests: 10}, 1); err != nil {
		t.Fatal(err)
	}
	if server.bodies["POST /key/generate"]["max_parallel_requests"] != 10.0 {
		t.Errorf("a key is made with %v", server.bodies["POST /key/generate"])
	}
	if _, err := gateway.Open(t.Context(), "parallel", quotabench.Limits{ParallelRequests: 10}, 2); !errors.Is(err, quotabench.ErrCannot) {
		t.Errorf("keys that share parallel requests: %v", err)
	}
}

func TestBifrost(t *testing.T) {
	t.Parallel()
	server := &documented{
		fields: map[string][]string{
			"POST /api/governance/virtual-keys":    {"name", "is_active", "budget", "rate_limit", "team_id"},
			"POST /api/governance/teams":           {"name", "budget"},
			"PUT /api/governance/virtual-keys/vk1": {"rate_limit", "budget"},
		},
		answers: map[string]string{
			"GET /api/version":                     `"v1.4.19"`,
			"POST /api/governance/virtual-keys":    `{"message": "created", "virtual_key": {"id": "vk1", "value": "sk-bf-1"}}`,
			"PUT /api/governance/virtual-keys/vk1": `{}`,
			"POST /api/governance/teams":           `{"message": "created", "team": {"id": "t1"}}`,
			"GET /api/governance/virtual-keys/vk1": `{"virtual_key": {"budget": {"current_usage": 0.5}}}`,
			"GET /api/governance/teams/t1":         `{"team": {"budget": {"current_usage": 0.25}}}`,
		},
	}
	gateway := open(t, "bifrost", server)
	if name, err := gateway.Version(t.Context()); err != nil || name != "Bifrost v1.4.19" {
		t.Errorf("is %q, %v", name, err)
	}
	pot, err := gateway.Open(t.Context(), "tokens", quotabench.Limits{TokensPerMinute: 6660, Budget: money.USD}, 1)
	if err != nil || !reflect.DeepEqual(pot.Keys, []string{"sk-bf-1"}) {
		t.Fatalf("made %+v, %v", pot, err)
	}
	limit := server.bodies["POST /api/governance/virtual-keys"]["rate_limit"]
	if !reflect.DeepEqual(limit, map[string]any{"token_max_limit": 6660.0, "token_reset_duration": "1m"}) {
		t.Errorf("a key is made with %v", limit)
	}
	if spent, err := gateway.Spent(t.Context(), pot); err != nil || spent != money.USD/2 {
		t.Errorf("a key has spent %s, %v", spent, err)
	}
	if err := gateway.Change(t.Context(), pot, quotabench.Limits{RequestsPerMinute: 1}); err != nil {
		t.Error(err)
	}
	team, err := gateway.Open(t.Context(), "shared", quotabench.Limits{Budget: money.USD}, 3)
	if err != nil || len(team.Keys) != 3 || server.bodies["POST /api/governance/virtual-keys"]["team_id"] != "t1" {
		t.Errorf("made %+v, %v", team, err)
	}
	if spent, err := gateway.Spent(t.Context(), team); err != nil || spent != money.USD/4 {
		t.Errorf("a team has spent %s, %v", spent, err)
	}
	for _, limits := range []quotabench.Limits{{ParallelRequests: 1}, {RequestsPerMinute: 1}} {
		if _, err := gateway.Open(t.Context(), "x", limits, 2); !errors.Is(err, quotabench.ErrCannot) {
			t.Errorf("%+v for two keys: %v", limits, err)
		}
	}
}

// What a gateway answers to a wrong call is told, with the route.
func TestKinds_tellWhatTheGatewayAnswered(t *testing.T) {
	t.Parallel()
	for kind := range adapter.Kinds {
		gateway := open(t, kind, &documented{})
		if _, err := gateway.Open(t.Context(), "budget", quotabench.Limits{Budget: money.USD}, 1); err == nil || !strings.Contains(err.Error(), "404 Not Found") {
			t.Errorf("%s says %v", kind, err)
		}
	}
}

func TestReadFixed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"requests": {"limits": {"requests_per_minute": 60}, "keys": ["sk-1"]}}`: "",
		`{"request": {"keys": ["sk-1"]}}`:                                         `"request"`,
		`{"requests": {"limits": {}}}`:                                            "no keys",
		`["sk-1"]`:                                                                "which looks like",
	} {
		path := filepath.Join(t.TempDir(), "keys.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := adapter.ReadFixed(path)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	fixed := adapter.Fixed{"requests": {Limits: quotabench.Limits{RequestsPerMinute: 60}, Keys: []string{"sk-1"}}, "tokens": {Keys: []string{"sk-2"}}}
	if pot, err := fixed.Open(t.Context(), "requests", quotabench.Limits{RequestsPerMinute: 10}, 1); err != nil || pot.Limits.RequestsPerMinute != 60 {
		t.Errorf("opened %+v, %v", pot, err)
	}
	if _, err := fixed.Open(t.Context(), "budget", quotabench.Limits{Budget: 1}, 1); !errors.Is(err, quotabench.ErrCannot) {
		t.Errorf("a scenario without keys: %v", err)
	}
	if _, err := fixed.Open(t.Context(), "tokens", quotabench.Limits{TokensPerMinute: 1}, 1); err == nil || errors.Is(err, quotabench.ErrCannot) {
		t.Errorf("keys without the limit of their scenario: %v", err)
	}
}
