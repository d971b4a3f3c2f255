package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func TestLoad_requests(t *testing.T) {
	got, err := load(t, "public_url: https://llm.example.com/\nrequests: {auto_approve: [{up_to_pct: 20, up_to_usd: 50, per: 30d}]}", adminEnv)
	if err != nil {
		t.Fatal(err)
	}
	want := config.AutoApproval{UpToPct: 20, UpToUSD: 50 * money.USD, Per: 30 * 24 * time.Hour}
	if got.PublicURL != "https://llm.example.com" || len(got.AutoApprove) != 1 || got.AutoApprove[0] != want {
		t.Errorf("read %q and %+v", got.PublicURL, got.AutoApprove)
	}
	got, err = load(t, "requests: {policy: quota-policy.yaml, auto_approve: [{up_to_pct: 20, per: 30d}]}", adminEnv)
	if err != nil || got.RequestPolicy != "quota-policy.yaml" {
		t.Errorf("the policy is %q, %v", got.RequestPolicy, err)
	}
	for written, says := range map[string]string{
		"public_url: llm.example.com":                                 "public_url: must be the address",
		"requests: {policy: quota-policy.yaml}":                       "has no rule",
		"requests: {auto_approve: [{per: 30d}]}":                      "would approve everything",
		"requests: {auto_approve: [{up_to_pct: 120, per: 30d}]}":      "up_to_pct: must be a share",
		"requests: {auto_approve: [{up_to_usd: 5}]}":                  "per: must be the time",
		"requests: {auto_approve: [{up_to_usd: some, per: 30d}]}":     "is not an amount",
		"requests: {auto_approve: [{up_to_usd: 5, per: 30d, up: 1}]}": "up",
	} {
		if _, err := load(t, written, adminEnv); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", written, err)
		}
	}
}
