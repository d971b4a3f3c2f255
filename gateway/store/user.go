package store

import (
	"context"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

var userNoun = noun[api.User]{
	name: "user", get: (*Store).User, check: (*Store).checkUser, put: (*Store).putUser, audit: auditUser,
	id:     func(user *api.User) *string { return &user.UserID },
	record: func(user *api.User) *api.Record { return &user.Record },
	caps: func(user api.User) []spendingCap {
		return []spendingCap{capOf(api.UserScope(user.UserID), user.BudgetTerms, nil)}
	},
}

// CreateUser stores a new user and returns it as a read would. Errors: [api.Invalid], [api.AlreadyExists].
func (s *Store) CreateUser(ctx context.Context, change api.Change, user api.User) (api.User, error) {
	return create(ctx, s, userNoun, change, user, nothing)
}

// User returns a user without spend. Error: [api.NotFound].
func (s *Store) User(ctx context.Context, id string) (api.User, error) {
	user, err := s.oneUser(ctx, "user_get", args{"id": id})
	if api.CodeOf(err) == api.NotFound {
		return user, api.Errorf(api.NotFound, "User not found, passed user_id=%s", id)
	}
	return user, err
}

// UserByEmail returns the user with this address, upper and lower case being the same. Error: [api.NotFound].
func (s *Store) UserByEmail(ctx context.Context, email string) (api.User, error) {
	return s.oneUser(ctx, "user_by_email", args{"email_lower": strings.ToLower(email)})
}

func (s *Store) oneUser(ctx context.Context, query string, values args) (api.User, error) {
	var row object
	found, err := s.one(ctx, query, values, row.targets()...)
	if err != nil {
		return api.User{}, err
	}
	if !found {
		return api.User{}, api.Errorf(api.NotFound, "User not found")
	}
	users := []api.User{{UserID: row.id, Record: row.record()}}
	if err := decode(row.document, &users[0].UserFields); err != nil {
		return api.User{}, err
	}
	err = s.addTeams(ctx, users)
	return users[0], err
}

// Users returns the users that the filter selects, and how many there are without the filter's page.
func (s *Store) Users(ctx context.Context, filter api.UserFilter) ([]api.User, int, error) {
	values := args{}
	values.givenIDs("ids", filter.IDs)
	values.given("email_is", strings.ToLower(filter.Email))
	values.givenPart("email_contains", filter.EmailContains)
	values.given("role", filter.Role)
	values.given("team_id", filter.TeamID)
	users, total, err := list(ctx, s, "user", values, filter.Page, func(scan func(...any) error) (api.User, error) {
		var row object
		if err := scan(row.targets()...); err != nil {
			return api.User{}, err
		}
		user := api.User{UserID: row.id, Record: row.record()}
		return user, decode(row.document, &user.UserFields)
	})
	if err != nil {
		return nil, 0, err
	}
	return users, total, s.addTeams(ctx, users)
}

// addTeams fills in the teams that users are members of.
func (s *Store) addTeams(ctx context.Context, users []api.User) error {
	at := make(map[string]int, len(users))
	ids := make([]string, len(users))
	for i, user := range users {
		at[user.UserID], ids[i] = i, user.UserID
	}
	return inChunks(ids, func(chunk []string) error {
		return s.each(ctx, "member_of_users", args{"user_ids": chunk}, func(scan func(...any) error) error {
			var user, team string
			err := scan(&user, &team)
			users[at[user]].Teams = append(users[at[user]].Teams, team)
			return err
		})
	})
}

// inChunks calls do with parts of a list that fit into one query.
func inChunks(ids []string, do func(chunk []string) error) error {
	const most = 500
	for len(ids) > 0 {
		n := min(most, len(ids))
		if err := do(ids[:n]); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// UpdateUser lets edit change a user, if the revision is ifRevision or that is zero, and returns it as
// stored. Errors: [api.NotFound], [api.Stale], [api.Invalid], [api.AlreadyExists], edit's.
func (s *Store) UpdateUser(ctx context.Context, change api.Change, id string, ifRevision int64, edit func(*api.User) error) (api.User, error) {
	return update(ctx, s, userNoun, change, "update", id, ifRevision,
		func(_ context.Context, user *api.User) error { return edit(user) })
}

// DeleteUsers deletes users with their keys and their places in teams, all or none, and returns the users
// and keys that are gone. The error is an [api.NotFound] for the first id that is not there.
func (s *Store) DeleteUsers(ctx context.Context, change api.Change, ids []string) (users []api.User, keys []api.Key, err error) {
	err = s.change(ctx, func(ctx context.Context, _ *tx) error {
		keys = []api.Key{}
		users, err = remove(ctx, s, userNoun, change, ids, func(ctx context.Context, user api.User) error {
			gone, err := s.deleteKeysOf(ctx, change, api.KeyFilter{UserID: user.UserID})
			if err != nil {
				return err
			}
			keys = append(keys, gone...)
			for _, team := range user.Teams {
				if _, _, err := s.DeleteMember(ctx, change, team, user.UserID); err != nil {
					return err
				}
			}
			return nil
		})
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return users, keys, nil
}

func (s *Store) checkUser(ctx context.Context, user api.User) error {
	if err := user.Validate(); err != nil || user.UserEmail == nil {
		return err
	}
	other, err := s.UserByEmail(ctx, *user.UserEmail)
	switch {
	case api.CodeOf(err) == api.NotFound, err == nil && other.UserID == user.UserID:
		return nil
	case err != nil:
		return err
	}
	taken := api.Errorf(api.AlreadyExists, "User with email %s already exists", *user.UserEmail)
	taken.Param = "user_email"
	return taken
}

func (s *Store) putUser(ctx context.Context, query string, user api.User) error {
	values, err := objectArgs(user.UserID, "", user.Record, user.UserFields)
	if err != nil {
		return err
	}
	values["alias_lower"], values["email"], values["role"] = lower(user.UserAlias), user.UserEmail, ""
	values["email_lower"] = nil
	if user.UserEmail != nil {
		values["email_lower"] = strings.ToLower(*user.UserEmail)
	}
	if user.UserRole != nil {
		values["role"] = *user.UserRole
	}
	_, err = s.exec(ctx, query, values)
	return err
}

func auditUser(user api.User) any {
	return struct {
		UserID string `json:"user_id"`
		api.UserFields
		Revision int64 `json:"revision"`
	}{user.UserID, user.UserFields, user.Revision}
}
