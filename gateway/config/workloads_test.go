package config_test

import (
	"strings"
	"testing"
)

func TestLoad_workloads(t *testing.T) {
	got, err := load(t, `
workloads:
  - {name: infra, issuer: "https://token.actions.githubusercontent.com", audience: "https://bursar.example.com", subject: "repo:acme/infra:ref:refs/heads/main", claims: {repository_id: "7"}, role: admin}
  - {name: reads, issuer: "https://gitlab.example.com", audience: bursar, subject: "project_path:acme/**", role: team_viewer, team_ids: [a]}
`, adminEnv)
	if err != nil {
		t.Fatal(err)
	}
	if w := got.Workloads; len(w) != 2 || !w[0].Subject.Matches("repo:acme/infra:ref:refs/heads/main") || !w[0].Claims["repository_id"].Matches("7") ||
		w[0].Issuer != "https://token.actions.githubusercontent.com" || w[1].Role != "team_viewer" || w[1].TeamIDs[0] != "a" || len(got.Warnings) != 0 {
		t.Errorf("%+v, %q", w, got.Warnings)
	}
	const rest = `audience: bursar, issuer: "https://ci.example.com"`
	for text, want := range map[string]string{
		`{}`: "workloads[0].audience", `{name: a}`: "workloads[0].issuer", `{` + rest + `}`: "workloads[0].name",
		`{name: a, subject: s, ` + rest + `}`:                                                                  `workloads[0].role: "" is no role`,
		`{name: a, role: admin, ` + rest + `}`:                                                                 "workloads[0].subject: is required: which of the issuer's tokens are yours",
		`{name: a, role: admin, subject: "**", ` + rest + `}`:                                                  "workloads[0].subject: begins with a star",
		`{name: a, role: admin, subject: s, claims: {ref: "*"}, ` + rest + `}`:                                 "workloads[0].claims.ref: begins with a star",
		`{name: a, role: team_admin, subject: s, ` + rest + `}`:                                                "workloads[0].team_ids: is required for the role team_admin",
		`{name: a, role: viewer, team_ids: [t], subject: s, ` + rest + `}`:                                     "workloads[0].team_ids: is only for the roles",
		`{name: admin, role: viewer, subject: s, ` + rest + `}`:                                                "workloads[0].name: \"admin\" is how the audit log names others",
		`{name: a, role: viewer, subject: s, audience: b, issuer: "http://ci.example.com"}`:                    "workloads[0].issuer: must start with https://",
		`{name: a, role: viewer, subject: s, ` + rest + `}, {name: a, role: viewer, subject: s, ` + rest + `}`: "workloads[1].name: \"a\" is the name of another workload",
	} {
		if _, err := load(t, "workloads: ["+text+"]", adminEnv); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	_, err = load(t, `
oidc: {issuer: "https://id.example.com", audience: bursar, roles: {platform: admin}}
workloads: [{name: a, issuer: "https://id.example.com", audience: bursar, subject: s, role: viewer}]
`, adminEnv)
	if err == nil || !strings.Contains(err.Error(), "workloads[0].audience: is that of oidc") {
		t.Errorf("people and pipelines share an audience: %v", err)
	}
}

// A subject that fits pull requests, too, is no place for a role that changes or approves something.
func TestLoad_workloadsOfPullRequests(t *testing.T) {
	const right = "such as repo:acme/infra:ref:refs/heads/main"
	for workload, want := range map[string]string{
		`subject: "repo:acme/infra:*", role: admin`:                                               right,
		`subject: "repo:acme/infra:*", role: approver`:                                            right,
		`subject: "repo:acme/infra:*", role: team_admin, team_ids: [a]`:                           right,
		`subject: "repo:acme/infra:**", role: admin`:                                              right,
		`subject: "repo:acme/infra:pull_request", role: approver`:                                 right,
		`subject: "repo:acme/infra:pull_*", role: admin`:                                          right,
		`subject: "repo:acme/*:*", role: admin`:                                                   "such as repo:acme/any:pull_request",
		`subject: "repo:acme/**", role: admin`:                                                    "such as repo:acme/any:pull_request",
		`subject: "repo:acme/infra:**", role: admin, claims: {ref: "refs/**"}`:                    right,
		`subject: "repo:acme/infra:ref:refs/heads/**", role: admin`:                               "such as every branch",
		`subject: "repo:acme/infra:*", role: viewer`:                                              "",
		`subject: "repo:acme/infra:*", role: team_viewer, team_ids: [a]`:                          "",
		`subject: "repo:acme/infra:ref:refs/heads/*", role: admin`:                                "",
		`subject: "repo:acme/infra:environment:production", role: approver`:                       "",
		`subject: "repo:acme/infra:**", role: approver, claims: {ref: "refs/heads/main"}`:         "",
		`subject: "repo:acme/infra:*", role: approver, claims: {event_name: "workflow_dispatch"}`: "",
	} {
		got, err := load(t, `workloads: [{name: a, audience: bursar, issuer: "https://ci.example.com", `+workload+`}]`, adminEnv)
		if err != nil || (len(got.Warnings) > 0) != (want != "") || !strings.Contains(strings.Join(got.Warnings, " "), want) {
			t.Errorf("%s: %q, %v; want %q", workload, got.Warnings, err, want)
		}
	}
}
