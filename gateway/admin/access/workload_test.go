package access

import (
	"context"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// oneKey is a record of one key, whose user is an admin of its team.
type oneKey struct {
	CallerRecord
	key api.Key
}

func (r oneKey) AdminKeyByDigest(context.Context, []byte) (api.AdminKey, error) {
	return api.AdminKey{}, api.Errorf(api.NotFound, "no admin key")
}
func (r oneKey) KeyByDigest(context.Context, []byte) (api.Key, error) { return r.key, nil }
func (r oneKey) Team(_ context.Context, id string) (api.Team, error) {
	return api.Team{TeamID: id}, nil
}

func (r oneKey) Member(context.Context, string, string) (api.Membership, error) {
	return api.Membership{MemberFields: api.MemberFields{Role: api.MemberAdmin}}, nil
}

// A key that a pipeline made makes a team's admin for as long as the file lets that pipeline change the team.
func TestCallers_keysEndWithTheWorkloadThatMadeThem(t *testing.T) {
	const issuer, subject = "https://ci.example.com", "repo:acme/infra:ref:refs/heads/main"
	rule := func(issuer, subject string, role auth.Role, teams ...string) Workload {
		pattern, err := api.ParseClaimPattern(subject)
		if err != nil {
			t.Fatal(err)
		}
		return Workload{Issuer: issuer, Subject: pattern, Role: role, TeamIDs: teams}
	}
	key := api.Key{KeyID: "k", Origin: api.KeyOrigin{MadeBy: api.WorkloadCredential(issuer, subject)}}
	key.TeamID, key.UserID = new("own"), new("lead")
	for name, test := range map[string]struct {
		rules Workloads
		want  auth.Role
	}{
		"as it was":       {Workloads{rule(issuer, subject, auth.RoleViewer), rule(issuer, "repo:acme/infra:**", auth.RoleTeamAdmin, "own", "more")}, auth.RoleTeamAdmin},
		"an admin now":    {Workloads{rule(issuer, subject, auth.RoleAdmin)}, auth.RoleTeamAdmin},
		"no rule":         {nil, auth.RoleKey},
		"another team":    {Workloads{rule(issuer, subject, auth.RoleTeamAdmin, "other")}, auth.RoleKey},
		"another subject": {Workloads{rule(issuer, subject+"2", auth.RoleTeamAdmin, "own")}, auth.RoleKey},
		"another issuer":  {Workloads{rule(issuer+"/other", subject, auth.RoleTeamAdmin, "own")}, auth.RoleKey},
		"looks only":      {Workloads{rule(issuer, subject, auth.RoleTeamViewer, "own"), rule(issuer, subject, auth.RoleApprover)}, auth.RoleKey},
	} {
		callers := Callers{Record: oneKey{key: key}, Workloads: NewRoster(test.rules), Now: time.Now}
		if got, err := callers.Reader(t.Context(), nil); err != nil || got.Role != test.want {
			t.Errorf("%s: the key is a %s, %v; want %s", name, got.Role, err, test.want)
		}
	}
}
