package admin

import (
	"cmp"
	"context"
	"encoding/json"
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
func (s *Server) createUser(c *route.Call, in userNew) (created userCreated, err error) {
	user := api.NewUser(cmp.Or(in.UserID, auth.NewUserID()))
	if err := in.Apply(&user.UserFields); err != nil {
		return created, err
	}
	if err := user.Validate(); err != nil {
		return created, err
	}
	for _, place := range in.Teams {
		if err := route.Undeclared("team", s.declared.Team, place.TeamID); err != nil {
			return created, err
		}
	}
	created, err = route.Once(c, s.record, func(ctx context.Context) (userCreated, error) {
		return s.storeUser(ctx, c, user, in)
	})
	if err != nil {
		return created, err
	}
	failed := s.changes.UserChanged(c.Context(), created.UserID)
	for _, team := range created.Teams {
		failed = errors.Join(failed, s.changes.TeamChanged(c.Context(), team))
	}
	if err := route.InForce(failed); err != nil {
		return created, err
	}
	users := []api.User{created.User}
	err = s.completeUsers(c.Context(), users)
	created.User = users[0]
	return created, err
}

// storeUser makes a user, the memberships and the key in one transaction.
func (s *Server) storeUser(ctx context.Context, c *route.Call, user api.User, in userNew) (created userCreated, err error) {
	err = s.record.Transaction(ctx, func(ctx context.Context) error {
		if created.User, err = s.record.CreateUser(ctx, c.Change, user); err != nil {
			return route.Taken(err, "user_id")
		}
		for _, place := range in.Teams {
			if _, err := s.record.CreateMember(ctx, c.Change, place.membership(user.UserID), 0); err != nil {
				return err
			}
			created.Teams = append(created.Teams, place.TeamID)
		}
		if in.AutoCreateKey != nil && !*in.AutoCreateKey {
			return nil
		}
		secret := auth.NewSecret()
		key := api.NewKey(auth.NewKeyID())
		key.KeyName, key.UserID = auth.Mask(secret), &user.UserID
		key, err = s.record.CreateKey(ctx, c.Change, key, auth.Digest(secret))
		created.Key, created.KeyID, created.Token, created.KeyName = secret.Reveal(), key.KeyID, key.KeyID, key.KeyName
		return err
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
func (s *Server) infoOfUser(c *route.Call, in userAsked) (info userInfo, err error) {
	user, err := s.record.User(c.Context(), in.UserID)
	if err != nil {
		return info, err
	}
	users := []api.User{user}
	if err := s.completeUsers(c.Context(), users); err != nil {
		return info, err
	}
	keys, err := s.keys(c.Context(), api.KeyFilter{UserID: in.UserID})
	if err != nil {
		return info, err
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
func (s *Server) updateUser(c *route.Call, in userUpdate) (updated userUpdated, err error) {
	id, err := s.userToUpdate(c, in)
	if err != nil {
		return updated, err
	}
	revision, err := c.IfRevision()
	if err != nil {
		return updated, err
	}
	user, err := s.record.UpdateUser(c.Context(), c.Change, id, revision, func(user *api.User) error { return in.Apply(&user.UserFields) })
	if err != nil {
		return updated, err
	}
	if err := route.InForce(s.changes.UserChanged(c.Context(), id)); err != nil {
		return updated, err
	}
	users := []api.User{user}
	err = s.completeUsers(c.Context(), users)
	return userUpdated{User: users[0], Data: users[0]}, err
}

// userToUpdate is the user whom user_id names, or else user_email, which then is no field to change.
func (s *Server) userToUpdate(c *route.Call, in userUpdate) (string, error) {
	if in.UserID != "" {
		return in.UserID, nil
	}
	var named namedPerson
	if email := in.Raw("user_email"); email != nil {
		_ = json.Unmarshal(email, &named.UserEmail) // what is no text was refused already
		in.Drop("user_email")
	}
	return s.userNamed(c, named)
}

// deleteUsers is POST /user/delete {"user_ids"}: all of them with their keys and places in teams, or none.
// The answer is their number, as in LiteLLM.
func (s *Server) deleteUsers(c *route.Call, in usersNamed) (int, error) {
	users, keys, err := s.record.DeleteUsers(c.Context(), c.Change, in.UserIDs)
	if err != nil {
		return 0, err
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
