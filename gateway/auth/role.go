package auth

import "slices"

// Permission is what a route of the admin API needs.
type Permission string

const (
	// Read looks at objects and changes nothing.
	Read Permission = "read"
	// Write makes, changes and removes objects.
	Write Permission = "write"
)

// Role is a set of permissions.
type Role string

const (
	// RoleAdmin may do everything.
	RoleAdmin Role = "admin"
)

var permissionsOf = map[Role][]Permission{
	RoleAdmin: {Read, Write},
}

// May says whether the role has the permission. A role or permission that is not known never does.
func (r Role) May(permission Permission) bool {
	return slices.Contains(permissionsOf[r], permission)
}

// Known says whether any role has the permission; a route that needs another one could never be used.
func (p Permission) Known() bool {
	return RoleAdmin.May(p)
}

// Caller is who uses the admin API.
type Caller struct {
	// Name is what the audit log calls the caller unless the request names another actor.
	Name string
	Role Role
}
