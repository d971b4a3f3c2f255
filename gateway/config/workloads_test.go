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
	got, err = load(t, `workloads: [{name: a, `+rest+`, subject: "repo:acme/infra:**", role: admin}]`, adminEnv)
	if err != nil || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "every branch and pull request") {
		t.Errorf("%q, %v", got.Warnings, err)
	}
}
