package api

import (
	"slices"
	"strings"
	"time"
)

// Roles that an admin key or an identity provider can give.
const (
	RoleAdmin      = "admin"
	RoleApprover   = "approver"
	RoleViewer     = "viewer"
	RoleTeamAdmin  = "team_admin"
	RoleTeamViewer = "team_viewer"
)

// Roles lists them, the one that may do most first.
var Roles = []string{RoleAdmin, RoleApprover, RoleViewer, RoleTeamAdmin, RoleTeamViewer}

// AdminKey opens the admin API with a role. Its secret is shown once.
type AdminKey struct {
	AdminKeyID string `json:"admin_key_id"`
	// KeyName is the masked secret, such as "sk-...Ab3d".
	KeyName string `json:"key_name"`
	// KeyFingerprint is another one when the secret is another. It tells nobody what the secret is.
	KeyFingerprint string `json:"key_fingerprint"`
	AdminKeyFields
	Record
}

// AdminKeyFields are what is said about an admin key when it is made.
type AdminKeyFields struct {
	// AdminKeyAlias is what the audit log calls who uses the key; nil is the id.
	AdminKeyAlias *string `json:"admin_key_alias"`
	// Role is one of [Roles].
	Role string `json:"role"`
	// TeamIDs are the teams of a team_admin or team_viewer.
	TeamIDs StringList `json:"team_ids"`
	// Expires is when the key stops working; nil is never.
	Expires *time.Time `json:"expires"`
}

// AdminKeyCreated is the answer of POST /admin_key/new, the only one that carries the secret.
type AdminKeyCreated struct {
	// Secret is the key in clear text.
	Secret string `json:"key"`
	AdminKey
}

// Validate says whether the key can be stored; the error names the field.
func (k AdminKey) Validate() error {
	v := newValidation()
	v.id("admin_key_id", k.AdminKeyID)
	v.alias("admin_key_alias", k.AdminKeyAlias)
	if k.AdminKeyAlias != nil && ReservedActor(*k.AdminKeyAlias) {
		v.fail("admin_key_alias", "%q is how the audit log names others; choose another name", *k.AdminKeyAlias)
	}
	if k.AdminKeyAlias != nil && ActorName(*k.AdminKeyAlias) != *k.AdminKeyAlias {
		v.fail("admin_key_alias", "%q has blanks or characters that are not seen; the audit log would name it %q", *k.AdminKeyAlias, ActorName(*k.AdminKeyAlias))
	}
	if !slices.Contains(Roles, k.Role) {
		v.fail("role", "%q is no role; it must be one of %s", k.Role, strings.Join(Roles, ", "))
	}
	ofTeams := k.Role == RoleTeamAdmin || k.Role == RoleTeamViewer
	if ofTeams && len(k.TeamIDs) == 0 {
		v.fail("team_ids", "is required for the role %s: the teams it is for", k.Role)
	}
	if !ofTeams && len(k.TeamIDs) > 0 {
		v.fail("team_ids", "is only for the roles %s and %s; %s is over all teams", RoleTeamAdmin, RoleTeamViewer, k.Role)
	}
	v.names("team_ids", k.TeamIDs)
	return v.err()
}
