package stores

import (
	"context"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// People is the part of the [Record] about users, their places in teams, and admin keys.
type People interface {
	CreateUser(ctx context.Context, change api.Change, user api.User) (api.User, error)
	User(ctx context.Context, id string) (api.User, error)
	UserByEmail(ctx context.Context, email string) (api.User, error)
	Users(ctx context.Context, filter api.UserFilter) (users []api.User, total int, err error)
	UpdateUser(ctx context.Context, change api.Change, id string, ifRevision int64, edit func(*api.User) error) (api.User, error)
	DeleteUsers(ctx context.Context, change api.Change, ids []string) (users []api.User, keys []api.Key, err error)

	// CreateMember adds a user to a team; place is the user's among those who are added together.
	CreateMember(ctx context.Context, change api.Change, member api.Membership, place int) (api.Membership, error)
	Member(ctx context.Context, teamID, userID string) (api.Membership, error)
	// MembersOfTeams returns the members by team, those who came first at the front.
	MembersOfTeams(ctx context.Context, teamIDs []string) (map[string][]api.Membership, error)
	UpdateMember(ctx context.Context, change api.Change, teamID, userID string, ifRevision int64, edit func(*api.MemberFields) error) (api.Membership, error)
	// DeleteMember takes a user out of a team, with the keys that the user has there.
	DeleteMember(ctx context.Context, change api.Change, teamID, userID string) (gone api.Membership, keys []api.Key, err error)

	CreateAdminKey(ctx context.Context, change api.Change, key api.AdminKey, digest []byte) (api.AdminKey, error)
	AdminKeyByDigest(ctx context.Context, digest []byte) (api.AdminKey, error)
	AdminKey(ctx context.Context, id string) (api.AdminKey, error)
	AdminKeys(ctx context.Context) ([]api.AdminKey, error)
	UpdateAdminKey(ctx context.Context, change api.Change, id string, ifRevision int64, edit func(*api.AdminKeyFields) error) (api.AdminKey, error)
	// RotateAdminKey gives an admin key a new secret; the one it had works until oldValidUntil.
	RotateAdminKey(ctx context.Context, change api.Change, id string, ifRevision int64, digest []byte, newName string, oldValidUntil time.Time) (api.AdminKey, error)
	DeleteAdminKeys(ctx context.Context, change api.Change, ids []string) ([]api.AdminKey, error)
}
