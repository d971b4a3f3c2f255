package auth

import (
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Permission is what a route of the admin API needs.
type Permission string

const (
	// Read looks at objects and changes nothing.
	Read Permission = "read"
	// Write makes, changes and removes objects.
	Write Permission = "write"
	// TeamRead looks at what belongs to a team, TeamWrite manages a team's keys and members. Who has them
	// only for some teams is let in for these; the route says which teams a request is about.
	TeamRead  Permission = "team.read"
	TeamWrite Permission = "team.write"
	// Approve approves reviews, whose changes others make, and withdraws them.
	Approve Permission = "approve"
	// Access makes, lists and removes admin keys.
	Access Permission = "access"
)

// Role is a set of permissions.
type Role string

const (
	// RoleAdmin may do everything.
	RoleAdmin Role = "admin"
	// RoleApprover may look at everything but admin keys, and approve reviews; it changes nothing itself.
	RoleApprover Role = "approver"
	// RoleViewer may look at everything but admin keys.
	RoleViewer Role = "viewer"
	// RoleTeamAdmin manages keys and members of some teams, but never what the teams may use.
	RoleTeamAdmin Role = "team_admin"
	// RoleTeamViewer looks at some teams.
	RoleTeamViewer Role = "team_viewer"
	// RoleKey is a caller's own key: it looks at itself and its team, and does for its user what the
	// team's members are permitted.
	RoleKey Role = "key"
)

var permissionsOf = map[Role][]Permission{
	RoleAdmin:      {Read, Write, TeamRead, TeamWrite, Approve, Access},
	RoleApprover:   {Read, TeamRead, Approve},
	RoleViewer:     {Read, TeamRead},
	RoleTeamAdmin:  {TeamRead, TeamWrite},
	RoleTeamViewer: {TeamRead},
	RoleKey:        {TeamRead, TeamWrite},
}

// May says whether the role has the permission. A role or permission that is not known never does.
func (r Role) May(permission Permission) bool {
	return slices.Contains(permissionsOf[r], permission)
}

// Everywhere says whether the role is over all teams; any other only over those its caller names.
func (r Role) Everywhere() bool { return r == RoleAdmin || r == RoleApprover || r == RoleViewer }

// Known says whether any role has the permission; a route that needs another one could never be used.
func (p Permission) Known() bool {
	return RoleAdmin.May(p)
}

// OfTeams says whether the permission can be had for some teams only.
func (p Permission) OfTeams() bool { return p == TeamRead || p == TeamWrite }

// Changes says whether a route with the permission may change something.
func (p Permission) Changes() bool {
	return p == Write || p == TeamWrite || p == Approve || p == Access
}

// Caller is who uses the admin API.
type Caller struct {
	// Name is what the audit log calls the caller; others may have the same one. Credential is nobody else's.
	Name       string
	Credential api.Credential
	Role       Role
	// Rule is the rule of the gateway's file that let a workload in, "" for all else.
	Rule string
	// Shared credentials stand for whoever the request names as its actor.
	Shared bool
	// Teams are those that a role which is not [Role.Everywhere] is for.
	Teams []string
	// UserID is the person behind the caller and KeyID the caller's own key, "" when there is none.
	UserID string
	KeyID  string
	// Routes are the paths that a [RoleKey] may use for its user's keys.
	Routes []string
}

// Root is the caller who has the admin key of the configuration.
func Root() Caller {
	return Caller{
		Name: api.RootCredentialID, Role: RoleAdmin, Shared: true,
		Credential: api.Credential{Kind: api.CredentialRoot, ID: api.RootCredentialID},
	}
}

// Owns says whether a key with this id and user is the caller's own.
func (c Caller) Owns(keyID, userID string) bool {
	return keyID != "" && keyID == c.KeyID || userID != "" && userID == c.UserID
}
