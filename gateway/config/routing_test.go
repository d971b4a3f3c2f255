package config_test

import (
	"strings"
	"testing"
	"time"
)

func TestLoad_routingAndDeployments(t *testing.T) {
	got, err := load(t, `
routing: {cooldown: 45s, allowed_fails: 0, retries: 1, retry_budget_pct: 0.5, timeout: 20s}
models:
  - {name: gpt, weight: 0, rpm: 10, tpm: 1000}
  - {name: gpt, model_id: mine}
  - {name: gpt}
`, adminEnv)
	if err != nil {
		t.Fatal(err)
	}
	if r := got.Routing; r.Cooldown != 45*time.Second || *r.AllowedFails != 0 || *r.Retries != 1 || *r.RetryShare != 0.5 || r.Timeout != 20*time.Second {
		t.Errorf("routing: %+v", r)
	}
	if m := got.Models; m[0].ID != "gpt:1" || *m[0].Weight != 0 || *m[0].RPM != 10 || *m[0].TPM != 1000 || m[1].ID != "mine" || m[1].Weight != nil || m[2].ID != "gpt:3" {
		t.Errorf("models: %+v", m)
	}
	_, err = load(t, `
routing: {cooldown: soon, allowed_fails: -1, retries: 11, retry_budget_pct: 2, timeout: -1s}
models:
  - {name: gpt, weight: -1, rpm: -1}
  - {name: gpt, model_id: "gpt:1"}
`, adminEnv)
	for _, field := range []string{
		"routing.cooldown", "routing.allowed_fails", "routing.retries", "routing.retry_budget_pct", "routing.timeout",
		"models[0].weight", "models[0].rpm", "models[1].model_id",
	} {
		if err == nil || !strings.Contains(err.Error(), field+":") {
			t.Errorf("%s is not named in %v", field, err)
		}
	}
}
