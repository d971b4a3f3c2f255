package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// The history of a real gateway has the change with its reason and pull request, and the command prints it.
func TestHistory_saysWhoChangedWhatAndWhy(t *testing.T) {
	address := gatewayWithATeam(t)
	const why = "launch, https://github.com/acme/quotas/pull/17"
	for _, body := range []string{`{"team_id":"marketing","max_budget":100}`, `{"team_id":"marketing","max_budget":250,"rpm_limit":60}`} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/team/update", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+adminKey)
		request.Header.Set("X-Change-Reason", why)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Fatal(answer.Status)
		}
	}
	gateway, err := client.New(client.Options{Endpoint: address, AdminKey: adminKey})
	if err != nil {
		t.Fatal(err)
	}
	history, err := gateway.QuotaHistory(t.Context(), "marketing", 1)
	if err != nil || len(history) != 1 {
		t.Fatalf("%+v, %v", history, err)
	}
	var text bytes.Buffer
	if err := writeHistory(&text, "marketing", history); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"team.update marketing by ", "    max_budget: $100 -> $250\n", "    rpm_limit: no limit -> 60\n", "    why: " + why + "\n",
		"    pull request: https://github.com/acme/quotas/pull/17\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("lacks %q:\n%s", want, text.String())
		}
	}
	if err := (historyCommand{Team: "marketing", Endpoint: address, AdminKey: adminKey, Limit: -1}).Run(context.Background()); err == nil {
		t.Error("a limit of -1 was taken")
	}
}

// All pages are read, and what an actor is called moves no terminal.
func TestHistory_readsAllPages(t *testing.T) {
	pages := map[string]string{
		"":   `{"history":[{"seq":3,"at":"2026-11-03T00:00:00Z","action":"key.update","object_id":"k","actor":"a\u001b[2Jb","reason":"","pull_request":"","changes":[]}],"next_cursor":"p2"}`,
		"p2": `{"history":[{"seq":1,"at":"2026-11-01T00:00:00Z","action":"team.create","object_id":"t","actor":"c","reason":"","pull_request":"","changes":[]}],"next_cursor":""}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(pages[r.URL.Query().Get("cursor")]))
	}))
	defer server.Close()
	gateway, err := client.New(client.Options{Endpoint: server.URL, AdminKey: adminKey})
	if err != nil {
		t.Fatal(err)
	}
	history, err := gateway.QuotaHistory(t.Context(), "t", 0)
	if err != nil || len(history) != 2 || !history[1].At.Equal(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)) {
		t.Fatalf("%+v, %v", history, err)
	}
	var text bytes.Buffer
	if err := writeHistory(&text, "t", history[:1]); err != nil || strings.Contains(text.String(), "\x1b") {
		t.Errorf("%q, %v", text.String(), err)
	}
	text.Reset()
	if err := writeHistory(&text, "t", nil); err != nil || !strings.HasPrefix(text.String(), "No limit of team t was changed") {
		t.Errorf("%q, %v", text.String(), err)
	}
	written, err := json.Marshal(history)
	var read []api.QuotaHistoryEntry
	if err != nil || json.Unmarshal(written, &read) != nil || cmp.Diff(history, read) != "" {
		t.Errorf("%s, %v", written, err)
	}
}
