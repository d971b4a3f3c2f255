package access

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/token"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Workload is a rule of the operator's: who comes with a token of the issuer, for the audience, with these claims, is a
// caller with the role.
type Workload struct {
	// Name is what the audit log calls the caller.
	Name string
	// Issuer and Audience are those that Tokens reads tokens of.
	Issuer, Audience string
	Tokens           TokenReader
	// Subject is what "sub" has to be, and Claims what further claims have to be.
	Subject api.ClaimPattern
	Claims  map[string]api.ClaimPattern
	Role    auth.Role
	// TeamIDs are those of a role that is for some teams.
	TeamIDs []string
}

// Workloads are rules in the order of the file. The first that a token fits counts.
type Workloads []Workload

// Roster has the rules that are in force, which may be replaced while the gateway serves. The zero value has none.
type Roster struct{ rules atomic.Pointer[Workloads] }

// NewRoster has these rules.
func NewRoster(rules Workloads) *Roster {
	roster := &Roster{}
	roster.Replace(rules)
	return roster
}

// Replace puts other rules in force, for every request that comes from now on.
func (r *Roster) Replace(rules Workloads) { r.rules.Store(&rules) }

// Has says whether the audit log calls a workload so.
func (r *Roster) Has(name string) bool {
	return slices.ContainsFunc(r.inForce(), func(rule Workload) bool { return strings.EqualFold(name, rule.Name) })
}

func (r *Roster) inForce() Workloads {
	if r == nil || r.rules.Load() == nil {
		return nil
	}
	return *r.rules.Load()
}

// of are the rules about an issuer and one of the audiences. They choose who checks a token; they let nobody in.
func (w Workloads) of(issuer string, audiences []string) Workloads {
	var rules Workloads
	for _, rule := range w {
		if rule.Issuer == issuer && slices.Contains(audiences, rule.Audience) {
			rules = append(rules, rule)
		}
	}
	return rules
}

// caller is the workload that a token names. One that no rule fits is nobody here, as anybody can
// have a token of a platform, and told what its token says.
func (w Workloads) caller(ctx context.Context, presented auth.Secret) (auth.Caller, error) {
	checked := map[TokenReader]token.Claims{}
	var claims token.Claims
	for _, rule := range w {
		if checked[rule.Tokens] == nil {
			read, err := rule.Tokens.Verify(ctx, presented.Reveal())
			if err != nil {
				return auth.Caller{}, err
			}
			checked[rule.Tokens] = read
		}
		claims = checked[rule.Tokens]
		if rule.fits(claims) {
			return rule.made(claims), nil
		}
	}
	return auth.Caller{}, api.Errorf(api.Unauthenticated, "Authentication Error, no workload of the gateway's file fits the token: its issuer is %q and its subject %q",
		route.Note(claims.Text("iss")), route.Note(claims.Text("sub")))
}

func (r Workload) fits(claims token.Claims) bool {
	if !r.Subject.Matches(claims.Text("sub")) {
		return false
	}
	for name, pattern := range r.Claims {
		if !slices.ContainsFunc(claims.Texts(name), pattern.Matches) {
			return false
		}
	}
	return true
}

// administer says whether a rule still lets a workload change what belongs to a team. Of a workload that came before, issuer and
// subject are known and no further claims.
func (w Workloads) administer(credential api.Credential, team string) bool {
	return slices.ContainsFunc(w, func(rule Workload) bool {
		subject, ofIssuer := strings.CutPrefix(credential.ID, api.WorkloadCredential(rule.Issuer, "").ID)
		return ofIssuer && rule.Subject.Matches(subject) && administers(rule.Role, rule.TeamIDs, team)
	})
}

func (r Workload) made(claims token.Claims) auth.Caller {
	return auth.Caller{
		Name: r.Name, Rule: r.Name, Role: r.Role, Teams: r.TeamIDs,
		Credential: api.WorkloadCredential(claims.Text("iss"), claims.Text("sub")),
	}
}
