package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Workload says which tokens of a platform, such as GitHub Actions, open the admin API with which role.
type Workload struct {
	// Name is what the audit log calls who comes with such a token.
	Name string
	Provider
	// Subject is what "sub" has to be, and Claims what further claims have to be.
	Subject api.ClaimPattern
	Claims  map[string]api.ClaimPattern
	Role    string
	TeamIDs []string
}

type fileWorkload struct {
	Name         string            `yaml:"name"`
	Issuer       string            `yaml:"issuer"`
	Audience     string            `yaml:"audience"`
	JWKSURL      string            `yaml:"jwks_url"`
	AllowPrivate bool              `yaml:"allow_private"`
	Subject      string            `yaml:"subject"`
	Claims       map[string]string `yaml:"claims"`
	Role         string            `yaml:"role"`
	TeamIDs      []string          `yaml:"team_ids"`
}

func (c *checker) workloads(given []fileWorkload) {
	names := map[string]bool{}
	for i, f := range given {
		section := fmt.Sprintf("workloads[%d]", i)
		workload := Workload{
			Name: f.Name, Role: f.Role, TeamIDs: f.TeamIDs, Claims: map[string]api.ClaimPattern{},
			Provider: c.provider(section, fileProvider{Issuer: f.Issuer, Audience: f.Audience, JWKSURL: f.JWKSURL, AllowPrivate: f.AllowPrivate}),
			Subject:  c.pattern(section+".subject", f.Subject),
		}
		for name, text := range f.Claims {
			workload.Claims[name] = c.pattern(section+".claims."+name, text)
		}
		c.workloadName(section, f.Name, names)
		c.workloadRole(section, f)
		if people := c.config.OIDC; people != nil && people.Issuer == f.Issuer && people.Audience == f.Audience {
			c.fail(section+".audience", "is that of oidc: tokens of people and of pipelines are told apart by their audience; give one of the two another")
		}
		c.workloadReach(section, f, workload)
		c.config.Workloads = append(c.config.Workloads, workload)
	}
}

// workloadReach warns of a role that changes or approves something, and is given to more than the branch that applies. A pull request runs
// what nobody has agreed to.
func (c *checker) workloadReach(section string, f fileWorkload, workload Workload) {
	if f.Role == api.RoleViewer || f.Role == api.RoleTeamViewer {
		return
	}
	if repository := opensToPullRequests(f.Subject, workload); repository != "" {
		c.config.Warnings = append(c.config.Warnings, fmt.Sprintf("%s: the subject %q lets pull requests in as %s, such as %s:pull_request, which run what nobody has agreed to; "+
			"name the branch that applies, such as %s:ref:refs/heads/main (a star stands for no colon: the one of %s:* is for pull requests alone)", section, f.Subject, f.Role, repository, repository, repository))
		return
	}
	if strings.Contains(f.Subject, "**") && f.Role == api.RoleAdmin {
		c.config.Warnings = append(c.config.Warnings, fmt.Sprintf("%s: the subject %q lets many in as admin, such as every branch; name the one that applies", section, f.Subject))
	}
}

// opensToPullRequests is a repository, as GitHub's subjects begin with one, whose pull requests a workload lets in; "" for none.
func opensToPullRequests(subject string, workload Workload) string {
	for claim, ofPullRequest := range map[string]string{"ref": "refs/pull/1/merge", "event_name": "pull_request"} {
		if pattern, asked := workload.Claims[claim]; asked && !pattern.Matches(ofPullRequest) {
			return ""
		}
	}
	parts := strings.SplitN(subject, ":", 3) // "repo", its name, and the rest
	repository := anyName.Replace(strings.Join(parts[:min(len(parts), 2)], ":"))
	if !workload.Subject.Matches(repository + ":pull_request") {
		return ""
	}
	return repository
}

// anyName puts a name where a pattern has a star.
var anyName = strings.NewReplacer("**", "any", "*", "any")

func (c *checker) pattern(field, text string) api.ClaimPattern {
	if text == "" {
		c.fail(field, "is required: which of the issuer's tokens are yours, such as repo:acme/infra:ref:refs/heads/main; the issuer gives tokens to others, too")
		return api.ClaimPattern{}
	}
	pattern, err := api.ParseClaimPattern(text)
	if err != nil {
		c.fail(field, "%s", err)
	}
	return pattern
}

func (c *checker) workloadName(section, name string, names map[string]bool) {
	switch {
	case name == "":
		c.fail(section+".name", "is required: what the audit log calls who comes with such a token, such as deploy-pipeline")
	case names[name]:
		c.fail(section+".name", "%q is the name of another workload", name)
	case api.ReservedActor(name):
		c.fail(section+".name", "%q is how the audit log names others; choose another name", name)
	}
	names[name] = true
}

func (c *checker) workloadRole(section string, f fileWorkload) {
	ofTeams := f.Role == api.RoleTeamAdmin || f.Role == api.RoleTeamViewer
	switch {
	case !slices.Contains(api.Roles, f.Role):
		c.fail(section+".role", "%q is no role; it must be one of %s", f.Role, strings.Join(api.Roles, ", "))
	case ofTeams && len(f.TeamIDs) == 0:
		c.fail(section+".team_ids", "is required for the role %s: the teams it is for", f.Role)
	case !ofTeams && len(f.TeamIDs) > 0:
		c.fail(section+".team_ids", "is only for the roles %s and %s; %s is over all teams", api.RoleTeamAdmin, api.RoleTeamViewer, f.Role)
	}
}
