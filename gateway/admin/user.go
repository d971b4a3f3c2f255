package admin

import (
	"context"
	"errors"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// userCreated is the answer of POST /user/new: the user and, unless it is not wanted, a key.
type userCreated struct {
	api.User
	// Key is the secret of the user's first key; it is shown once. Empty with auto_create_key=false.
	Key string `json:"key,omitempty"`
	// KeyID is that key's id, and Token LiteLLM's name for it.
	KeyID   string `json:"key_id,omitempty"`
	Token   string `json:"token,omitempty"`
	KeyName string `json:"key_name,omitempty"`
}

// createUser is POST /user/new: a user's fields, the teams to join, and with auto_create_key (which is
// LiteLLM's default) a key that only the user's own limits bind.
func (s *Server) createUser(c *route.Call) (any, error) {
	id, err := c.In.Text("user_id")
	if err != nil {
		return nil, err
	}
	if id == "" {
		id = auth.NewUserID()
	}
	withKey := true
	if c.In.Has("auto_create_key") {
		if withKey, err = c.In.Flag("auto_create_key"); err != nil {
			return nil, err
		}
	}
	places, err := readPlaces(c.In, "teams", id)
	if err != nil {
		return nil, err
	}
	user := api.NewUser(id)
	if err := c.In.Expect(&user.UserFields); err != nil {
		return nil, err
	}
	if err := user.Validate(); err != nil {
		return nil, err
	}
	for _, place := range places {
		if err := undeclared("team", s.declared.Team, place.TeamID); err != nil {
			return nil, err
		}
	}
	created, err := route.Once(c, s.record, func(ctx context.Context) (userCreated, error) {
		return s.storeUser(ctx, c, user, places, withKey)
	})
	if err != nil {
		return nil, err
	}
	failed := s.changes.UserChanged(c.Context(), created.UserID)
	for _, team := range created.Teams {
		failed = errors.Join(failed, s.changes.TeamChanged(c.Context(), team))
	}
	if err := route.InForce(failed); err != nil {
		return nil, err
	}
	users := []api.User{created.User}
	err = s.completeUsers(c.Context(), users)
	created.User = users[0]
	return created, err
}

// storeUser makes a user, the memberships and the key in one transaction.
func (s *Server) storeUser(ctx context.Context, c *route.Call, user api.User, places []api.Membership, withKey bool) (created userCreated, err error) {
	_, _, err = s.record.Idempotent(ctx, api.Once{}, func(ctx context.Context) ([]byte, error) {
		if created.User, err = s.record.CreateUser(ctx, c.Change, user); err != nil {
			return nil, route.Taken(err, "user_id")
		}
		for _, place := range places {
			if _, err := s.record.CreateMember(ctx, c.Change, place, 0); err != nil {
				return nil, err
			}
			created.Teams = append(created.Teams, place.TeamID)
		}
		if !withKey {
			return nil, nil
		}
		secret := auth.NewSecret()
		key := api.NewKey(auth.NewKeyID())
		key.KeyName, key.UserID = auth.Mask(secret), &user.UserID
		key, err = s.record.CreateKey(ctx, c.Change, key, auth.Hash(s.pepper, secret))
		created.Key, created.KeyID, created.Token, created.KeyName = secret.Reveal(), key.KeyID, key.KeyID, key.KeyName
		return nil, err
	})
	return created, err
}

// completeUsers fills in what the record does not know: spending.
func (s *Server) completeUsers(ctx context.Context, users []api.User) error {
	if len(users) == 0 {
		return nil
	}
	states, err := s.spending.Users(ctx, users)
	if err != nil {
		return route.Unspent(err)
	}
	for i := range users {
		users[i].BudgetState = states[i]
	}
	return nil
}

// userInfo is the answer of GET /user/info: the user's fields at the top level and under user_info.
type userInfo struct {
	api.User
	UserInfo api.User   `json:"user_info"`
	Keys     []api.Key  `json:"keys"`
	Teams    []api.Team `json:"teams"`
}

// infoOfUser is GET /user/info?user_id=.
func (s *Server) infoOfUser(c *route.Call) (any, error) {
	id, err := c.Required("user_id")
	if err != nil {
		return nil, err
	}
	user, err := s.record.User(c.Context(), id)
	if err != nil {
		return nil, err
	}
	users := []api.User{user}
	if err := s.completeUsers(c.Context(), users); err != nil {
		return nil, err
	}
	keys, err := s.keys(c.Context(), api.KeyFilter{UserID: id})
	if err != nil {
		return nil, err
	}
	teams, _, err := s.teams(c.Context(), api.TeamFilter{IDs: notNil(user.Teams)})
	return userInfo{User: users[0], UserInfo: users[0], Keys: keys, Teams: teams}, err
}

// userUpdated is the answer of POST /user/update.
type userUpdated struct {
	api.User
	Data api.User `json:"data"`
}

// updateUser is POST /user/update: user_id or user_email, and the fields to change. With both, the address is one of these.
func (s *Server) updateUser(c *route.Call) (any, error) {
	id, err := c.In.Text("user_id")
	if err != nil {
		return nil, err
	}
	if id == "" {
		if id, err = s.userNamed(c); err != nil {
			return nil, err
		}
	}
	if err := c.In.Expect(&api.UserFields{}); err != nil {
		return nil, err
	}
	revision, err := c.IfRevision()
	if err != nil {
		return nil, err
	}
	user, err := s.record.UpdateUser(c.Context(), c.Change, id, revision, func(user *api.User) error {
		return c.In.Patch(&user.UserFields)
	})
	if err != nil {
		return nil, err
	}
	if err := route.InForce(s.changes.UserChanged(c.Context(), id)); err != nil {
		return nil, err
	}
	users := []api.User{user}
	err = s.completeUsers(c.Context(), users)
	return userUpdated{User: users[0], Data: users[0]}, err
}

// deleteUsers is POST /user/delete {"user_ids"}: all of them with their keys and places in teams, or none.
// The answer is their number, as in LiteLLM.
func (s *Server) deleteUsers(c *route.Call) (any, error) {
	ids, err := c.In.Texts("user_ids")
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, api.FieldErrorf("user_ids", "is required: a list of the users to delete")
	}
	if err := c.In.Expect(&struct{}{}); err != nil {
		return nil, err
	}
	users, keys, err := s.record.DeleteUsers(c.Context(), c.Change, ids)
	if err != nil {
		return nil, err
	}
	var failed error
	for _, user := range users {
		failed = errors.Join(failed, s.changes.UserChanged(c.Context(), user.UserID, keys...))
		for _, team := range user.Teams {
			failed = errors.Join(failed, s.changes.TeamChanged(c.Context(), team))
		}
	}
	return len(users), route.InForce(failed)
}
