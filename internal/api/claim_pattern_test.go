package api_test

import (
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func TestClaimPattern(t *testing.T) {
	for pattern, claims := range map[string]map[string]bool{
		"repo:acme/infra:ref:refs/heads/main": {
			"repo:acme/infra:ref:refs/heads/main": true, "repo:acme/infra:ref:refs/heads/main2": false, "repo:acme/infra:ref:refs/heads/mai": false,
			"xrepo:acme/infra:ref:refs/heads/main": false, "repo:acme/infra:ref:refs/heads/main\n": false, "Repo:acme/infra:ref:refs/heads/main": false, "": false,
		},
		"repo:acme/*:ref:refs/heads/main": {
			"repo:acme/infra:ref:refs/heads/main": true, "repo:acme/:ref:refs/heads/main": false, "repo:acme/a/b:ref:refs/heads/main": false,
			"repo:acme-evil/infra:ref:refs/heads/main": false, "repo:acme/infra:pull_request:ref:refs/heads/main": false,
		},
		"repo:acme/infra:ref:refs/heads/release-*": {"repo:acme/infra:ref:refs/heads/release-1.2": true, "repo:acme/infra:ref:refs/heads/release-1/x": false},
		"repo:acme/infra:**":                       {"repo:acme/infra:pull_request": true, "repo:acme/infra:ref:refs/heads/a/b": true, "repo:acme/infrared:pull_request": false, "repo:acme/infra": false},
		"organization:acme:project:llm:workspace:*:run_phase:apply": {
			"organization:acme:project:llm:workspace:quotas:run_phase:apply": true, "organization:acme:project:llm:workspace:quotas:run_phase:plan": false,
			"organization:acme:project:llm:workspace:a:run_phase:plan:run_phase:apply": false,
		},
		"a.c+[x]": {"a.c+[x]": true, "abc+[x]": false}, // nothing else has a meaning
	} {
		read, err := api.ParseClaimPattern(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for claim, want := range claims {
			if got := read.Matches(claim); got != want {
				t.Errorf("%q matches %q: %t", pattern, claim, got)
			}
		}
	}
	for pattern, want := range map[string]string{"": "is empty", "*": "begins with a star", "**:main": "begins with a star", "repo:a/***": "three stars"} {
		if _, err := api.ParseClaimPattern(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", pattern, err, want)
		}
	}
	if (api.ClaimPattern{}).Matches("a") {
		t.Error("no pattern matches something")
	}
}
