package api

import (
	"slices"
	"strings"
)

// User is a person or service that keys are made for. What the user may spend holds over all of
// the user's keys, whatever team they are in.
type User struct {
	UserID string `json:"user_id"`
	UserFields
	// Teams are those the user is a member of. They are answered, never accepted.
	Teams StringList `json:"teams"`
	BudgetState
	Record
}

// UserFields are the parts of a user that an administrator may set.
type UserFields struct {
	// UserEmail is unique over all users, upper and lower case being the same.
	UserEmail *string `json:"user_email"`
	UserAlias *string `json:"user_alias"`
	// UserRole is one of [UserRoles]. It is kept for those who ask and opens nothing here:
	// what a person may do is said by the role in a team, by an admin key or by an identity provider.
	UserRole *string `json:"user_role"`
	RateLimits
	BudgetTerms
	Metadata Metadata `json:"metadata"`
}

// UserRoles are LiteLLM's names for what a user is.
var UserRoles = []string{"proxy_admin", "proxy_admin_viewer", "internal_user", "internal_user_viewer", "customer", "team", "org_admin"}

// NewUser returns a user with the defaults of a create.
func NewUser(id string) User {
	return User{UserID: id, UserFields: UserFields{BudgetTerms: BudgetTerms{HardCap: true}}}
}

// Validate says whether the user can be stored; the error names the field.
func (u User) Validate() error {
	v := newValidation()
	v.id("user_id", u.UserID)
	v.email("user_email", u.UserEmail)
	v.alias("user_alias", u.UserAlias)
	if u.UserRole != nil && !slices.Contains(UserRoles, *u.UserRole) {
		v.fail("user_role", "%q is no role; known are %s", *u.UserRole, strings.Join(UserRoles, ", "))
	}
	v.rateLimits(u.RateLimits)
	v.budgetTerms(u.BudgetTerms, nil)
	v.metadata(u.Metadata)
	return v.err()
}

// email refuses what cannot be an address at all; whether it takes mail nobody here knows.
func (v *validation) email(field string, address *string) {
	if address == nil {
		return
	}
	name, host, found := strings.Cut(*address, "@")
	if !found || name == "" || host == "" || len(*address) > maxIDLen || strings.ContainsFunc(*address, unprintable) {
		v.fail(field, "is not an e-mail address such as ann@example.com")
	}
}

func unprintable(r rune) bool { return r <= ' ' || r == 0x7f }

// UserFilter selects users. An empty field does not restrict.
type UserFilter struct {
	// IDs selects these users; nil does not restrict, an empty list selects none.
	IDs []string
	// Email selects by the whole address, EmailContains by a part, upper and lower case being the same.
	Email         string
	EmailContains string
	Role          string
	// TeamID selects the members of a team.
	TeamID string
	Page
}
