// Package access finds out who sends a request to the admin API: the key of the configuration, an admin key, a person
// with a token of an identity provider, or a key that calls models.
//
// It promises that guesses open nothing and cost little, and that a key that is right is never refused for the
// failures of others. It must never know what callers ask for.
package access

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/token"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Authenticator finds out who sends a request. Its errors are [api.Error]s.
type Authenticator interface {
	Authenticate(ctx context.Context, header http.Header) (auth.Caller, error)
	// Known says whether the headers carry what is right, without a look-up for every guess. Who does gets in however
	// many others from the same address did not.
	Known(ctx context.Context, header http.Header) bool
}

// Callers is the [Authenticator] of a whole gateway: it knows the admin key of the configuration, admin keys
// made through the API, people with a token of the identity provider, pipelines with one of their platform, and keys that
// call models.
type Callers struct {
	Configured *auth.AdminKeys
	Record     CallerRecord
	// People reads tokens; nil knows none.
	People *Provider
	// Workloads are those that come with a token of the platform that they run on; nil knows none.
	Workloads *Roster
	Now       func() time.Time

	known knownSecrets
}

// CallerRecord is what is looked up about callers.
type CallerRecord interface {
	AdminKeyByDigest(ctx context.Context, digest []byte) (api.AdminKey, error)
	KeyByDigest(ctx context.Context, digest []byte) (api.Key, error)
	Team(ctx context.Context, id string) (api.Team, error)
	Member(ctx context.Context, teamID, userID string) (api.Membership, error)
	AdminKey(ctx context.Context, id string) (api.AdminKey, error)
	Key(ctx context.Context, id string) (api.Key, error)
	// EachSecretHash tells the hash of every secret of keys and admin keys, and SecretHashes all that the hash of the
	// secret with a digest may be.
	EachSecretHash(ctx context.Context, tell func(hash []byte)) error
	SecretHashes(digest []byte) [][]byte
}

// Authenticate returns the caller that the headers name. Errors are [api.Unauthenticated] for whom nobody
// knows, and those of the record.
func (c *Callers) Authenticate(ctx context.Context, header http.Header) (auth.Caller, error) {
	secret, err := auth.Presented(header)
	if err != nil {
		return auth.Caller{}, err
	}
	if c.Configured.Has(secret) {
		return auth.Root(), nil
	}
	if auth.IsToken(secret) && c.readsTokens() {
		return c.withToken(ctx, secret)
	}
	if auth.CheckSecret(secret) != nil {
		return auth.Caller{}, auth.InvalidKey()
	}
	return c.byDigest(ctx, auth.Digest(secret), c.key)
}

func (c *Callers) readsTokens() bool { return c.People != nil || len(c.Workloads.inForce()) > 0 }

// withToken is the workload or the person that a token names. Of the two, the token's issuer and audience decide.
func (c *Callers) withToken(ctx context.Context, presented auth.Secret) (auth.Caller, error) {
	issuer, audiences := token.Addressed(presented.Reveal())
	if rules := c.Workloads.inForce().of(issuer, audiences); len(rules) > 0 {
		return rules.caller(ctx, presented)
	}
	if c.People != nil {
		return c.People.caller(ctx, presented)
	}
	return auth.Caller{}, api.Errorf(api.Unauthenticated, "Authentication Error, no workload of the gateway's file takes tokens of the issuer %q for the audience %q",
		route.Note(issuer), route.Note(strings.Join(audiences, ", ")))
}

// Reader returns who the secret with this digest belongs to, for pages that only look: who is blocked, or whose team is,
// may still look at that. Errors are those of [Callers.Authenticate].
func (c *Callers) Reader(ctx context.Context, digest []byte) (auth.Caller, error) {
	return c.byDigest(ctx, digest, c.lookingKey)
}

// byDigest finds the owner of a secret; ofKey makes a caller of a key.
func (c *Callers) byDigest(ctx context.Context, digest []byte, ofKey func(context.Context, api.Key) (auth.Caller, error)) (auth.Caller, error) {
	admin, err := c.Record.AdminKeyByDigest(ctx, digest)
	if err == nil {
		return c.adminKey(admin)
	}
	if api.CodeOf(err) != api.NotFound {
		return auth.Caller{}, err
	}
	key, err := c.Record.KeyByDigest(ctx, digest)
	if api.CodeOf(err) == api.NotFound {
		return auth.Caller{}, auth.InvalidKey()
	}
	if err != nil {
		return auth.Caller{}, err
	}
	return ofKey(ctx, key)
}

// lookingKey is the caller of a key, with a role that changes nothing where the key or its team is blocked.
func (c *Callers) lookingKey(ctx context.Context, key api.Key) (auth.Caller, error) {
	caller, err := c.key(ctx, key)
	if api.CodeOf(err) != api.Unauthenticated {
		return caller, err
	}
	caller = auth.Caller{
		Name: keyCallerName + key.KeyID, Role: auth.RoleTeamViewer, KeyID: key.KeyID,
		Credential: api.Credential{Kind: api.CredentialKey, ID: key.KeyID},
	}
	if key.TeamID != nil {
		caller.Teams = []string{*key.TeamID}
	}
	if key.Expires != nil && !c.Now().Before(*key.Expires) { // a blocked key's end is not looked at before
		return auth.Caller{}, auth.ExpiredKey(*key.Expires)
	}
	return caller, nil
}

func (c *Callers) adminKey(key api.AdminKey) (auth.Caller, error) {
	if key.Expires != nil && !c.Now().Before(*key.Expires) {
		return auth.Caller{}, auth.ExpiredKey(*key.Expires)
	}
	caller := auth.Caller{
		Name: key.AdminKeyID, Role: auth.Role(key.Role), Teams: key.TeamIDs,
		Credential: api.Credential{Kind: api.CredentialAdminKey, ID: key.AdminKeyID},
	}
	if key.AdminKeyAlias != nil && *key.AdminKeyAlias != "" {
		caller.Name = *key.AdminKeyAlias
	}
	caller.Shared = caller.Role == auth.RoleAdmin
	return caller, nil
}

// key is the caller that uses a key for models. It may do what its user may in its team, and see itself.
func (c *Callers) key(ctx context.Context, key api.Key) (auth.Caller, error) {
	if key.Blocked {
		return auth.Caller{}, auth.BlockedKey()
	}
	if key.Expires != nil && !c.Now().Before(*key.Expires) {
		return auth.Caller{}, auth.ExpiredKey(*key.Expires)
	}
	caller := auth.Caller{
		Name: keyCallerName + key.KeyID, Role: auth.RoleKey, KeyID: key.KeyID,
		Credential: api.Credential{Kind: api.CredentialKey, ID: key.KeyID},
	}
	if key.UserID != nil {
		caller.UserID = *key.UserID
	}
	if key.TeamID == nil {
		return caller, nil
	}
	team, err := c.Record.Team(ctx, *key.TeamID)
	if err != nil {
		return auth.Caller{}, err
	}
	if team.Blocked {
		return auth.Caller{}, auth.BlockedTeam(team.TeamID)
	}
	caller.Teams = []string{team.TeamID}
	return c.member(ctx, caller, team, key.Origin.MadeBy)
}

// keyCallerName stands before the id in the name of who comes with a key for models.
const keyCallerName = "key "

// member adds what a caller may do as a member of the key's team. A key that was made by a credential which holds no
// more makes nobody an admin: who was let out must not keep a way back in.
func (c *Callers) member(ctx context.Context, caller auth.Caller, team api.Team, maker api.Credential) (auth.Caller, error) {
	if caller.UserID == "" {
		return caller, nil
	}
	member, err := c.Record.Member(ctx, team.TeamID, caller.UserID)
	switch {
	case api.CodeOf(err) == api.NotFound:
		return caller, nil
	case err != nil:
		return auth.Caller{}, err
	case member.Role == api.MemberAdmin:
		holds, err := c.holds(ctx, maker, team.TeamID, maxMakers)
		if err != nil {
			return auth.Caller{}, err
		}
		if holds {
			caller.Role = auth.RoleTeamAdmin
			return caller, nil
		}
	}
	caller.Routes = team.Permissions()
	return caller, nil
}

// maxMakers is how many keys may have been made by one another before the last makes nobody an admin.
const maxMakers = 8

// holds says whether a credential may still give out keys of a team. The platform's always may, and a person's is for
// the identity provider to end.
func (c *Callers) holds(ctx context.Context, credential api.Credential, team string, most int) (bool, error) {
	var expires *time.Time
	var maker api.Credential
	switch credential.Kind {
	case api.CredentialAdminKey:
		key, err := c.Record.AdminKey(ctx, credential.ID)
		if api.CodeOf(err) == api.NotFound || err == nil && !administers(auth.Role(key.Role), key.TeamIDs, team) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		expires = key.Expires
	case api.CredentialKey:
		key, err := c.Record.Key(ctx, credential.ID)
		if api.CodeOf(err) == api.NotFound || err == nil && (key.Blocked || most == 0) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		expires, maker = key.Expires, key.Origin.MadeBy
	case api.CredentialWorkload:
		return c.Workloads.inForce().administer(credential, team), nil
	default:
		return true, nil
	}
	if expires != nil && !c.Now().Before(*expires) {
		return false, nil
	}
	return c.holds(ctx, maker, team, most-1)
}

// administers says whether a role, over these teams, changes what belongs to a team.
func administers(role auth.Role, teams []string, team string) bool {
	return role == auth.RoleAdmin || role == auth.RoleTeamAdmin && slices.Contains(teams, team)
}
