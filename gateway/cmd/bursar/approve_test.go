package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const unsettledPlan = `{"format_version":"1.2","planned_values":{},"resource_changes":[
{"address":"bursar_team.a","mode":"managed","type":"bursar_team","change":{"actions":["update"],
 "before":{"team_id":"a","max_budget":5,"model_rpm_limit":{"gpt-4.1":1}},"after":{"team_id":"a","model_rpm_limit":{}},
 "after_unknown":{"max_budget":true,"model_rpm_limit":{"gpt-4.1":true}}}},
{"address":"bursar_key.k","mode":"managed","type":"bursar_key","change":{"actions":["create"],"before":null,
 "after":{"key_alias":"k","duration":"30d"},"after_unknown":{"key_id":true,"key":true,"expires":true}}},
{"address":"bursar_alert_route.r","mode":"managed","type":"bursar_alert_route","change":{"actions":["create"],"before":null,
 "after":{"alert_route_id":"r","name":"r","webhook":{"url":"https://canary.example.com"}},"after_sensitive":{"webhook":{"url":true}},"after_unknown":{}}},
{"address":"bursar_alert_route.whole","mode":"managed","type":"bursar_alert_route","change":{"actions":["create"],"before":null,
 "after":{"alert_route_id":"w","name":"w"},"after_unknown":{"webhook":true}}}]}`

// What nobody knows before the apply is approved by those only who say so; a secret, and the end of a key that lives for a
// known time, ask for nothing.
func TestApprove_refusesWhatNobodyKnows(t *testing.T) {
	asked := 0
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"quota_review_id":"review_1","total":3,"expires_at":"2026-11-25T10:20:30Z"}`))
	}))
	t.Cleanup(gateway.Close)
	plan := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(plan, []byte(unsettledPlan), 0o600); err != nil {
		t.Fatal(err)
	}
	command := approvePlanCommand{Plan: plan, Endpoint: gateway.URL, AdminKey: "sk-test", ExpiresIn: "7d"}
	var stdout bytes.Buffer
	err := command.Run(t.Context(), &stdout)
	if err == nil || asked != 0 || stdout.Len() > 0 {
		t.Fatalf("%v, asked %d times, printed %q", err, asked, stdout.String())
	}
	if told := err.Error(); !strings.Contains(told, `bursar_team.a: max_budget, model_rpm_limit["gpt-4.1"]`) || !strings.Contains(told, "bursar_alert_route.whole: webhook") || !strings.Contains(told, "--allow-unknown") ||
		strings.Contains(told, "bursar_key.k") || strings.Contains(told, "bursar_alert_route.r") {
		t.Error(told)
	}
	command.AllowUnknown = true
	if err := command.Run(t.Context(), &stdout); err != nil || strings.TrimSpace(stdout.String()) != "review_1" {
		t.Errorf("%v, printed %q", err, stdout.String())
	}
}
