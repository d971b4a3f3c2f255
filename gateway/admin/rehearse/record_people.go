package rehearse

import (
	"context"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// memberOf names a membership: no id has a zero in it.
func memberOf(teamID, userID string) string { return teamID + "\x00" + userID }

// CreateMember implements [stores.Record].
func (r *rehearsal) CreateMember(ctx context.Context, change api.Change, member api.Membership, place int) (api.Membership, error) {
	stored, err := r.Record.CreateMember(ctx, change, member, place)
	if err == nil {
		r.members.note(memberOf(stored.TeamID, stored.UserID), nil, &stored)
	}
	return stored, err
}

// UpdateMember implements [stores.Record].
func (r *rehearsal) UpdateMember(ctx context.Context, change api.Change, teamID, userID string, ifRevision int64, edit func(*api.MemberFields) error) (api.Membership, error) {
	var fields api.MemberFields
	stored, err := r.Record.UpdateMember(ctx, change, teamID, userID, ifRevision, func(f *api.MemberFields) error {
		fields = *f
		return edit(f)
	})
	if err == nil {
		before := stored
		before.MemberFields = fields
		r.members.note(memberOf(teamID, userID), &before, &stored)
	}
	return stored, err
}

// DeleteMember implements [stores.Record].
func (r *rehearsal) DeleteMember(ctx context.Context, change api.Change, teamID, userID string) (api.Membership, []api.Key, error) {
	gone, keys, err := r.Record.DeleteMember(ctx, change, teamID, userID)
	if err == nil {
		r.members.note(memberOf(teamID, userID), &gone, nil)
		r.gone[memberOf(teamID, userID)] = namesOf(keys)
	}
	return gone, keys, err
}

// CreateUser implements [stores.Record].
func (r *rehearsal) CreateUser(ctx context.Context, change api.Change, user api.User) (api.User, error) {
	stored, err := r.Record.CreateUser(ctx, change, user)
	if err == nil {
		r.users.note(stored.UserID, nil, &stored)
	}
	return stored, err
}

// UpdateUser implements [stores.Record].
func (r *rehearsal) UpdateUser(ctx context.Context, change api.Change, id string, ifRevision int64, edit func(*api.User) error) (api.User, error) {
	var before api.User
	stored, err := r.Record.UpdateUser(ctx, change, id, ifRevision, func(user *api.User) error {
		before = *user
		return edit(user)
	})
	if err == nil {
		r.users.note(id, &before, &stored)
	}
	return stored, err
}

// DeleteUsers implements [stores.Record].
func (r *rehearsal) DeleteUsers(ctx context.Context, change api.Change, ids []string) ([]api.User, []api.Key, error) {
	users, keys, err := r.Record.DeleteUsers(ctx, change, ids)
	if err == nil {
		for _, user := range users {
			r.users.note(user.UserID, &user, nil)
			r.gone[user.UserID] = namesOf(slices.DeleteFunc(slices.Clone(keys), func(key api.Key) bool { return key.UserID == nil || *key.UserID != user.UserID }))
		}
	}
	return users, keys, err
}

func namesOf(keys []api.Key) []api.NamedKey {
	names := make([]api.NamedKey, len(keys))
	for i, key := range keys {
		names[i] = api.NamedKey{KeyID: key.KeyID, KeyAlias: key.KeyAlias}
	}
	return names
}

// CreateModel implements [stores.Record].
func (r *rehearsal) CreateModel(ctx context.Context, change api.Change, model api.Model) (api.Model, error) {
	stored, err := r.Record.CreateModel(ctx, change, model)
	if err == nil {
		r.models.note(stored.ModelID, nil, &stored)
	}
	return stored, err
}

// UpdateModel implements [stores.Record].
func (r *rehearsal) UpdateModel(ctx context.Context, change api.Change, id string, ifRevision int64, edit func(*api.Model) error) (api.Model, error) {
	var before api.Model
	stored, err := r.Record.UpdateModel(ctx, change, id, ifRevision, func(model *api.Model) error {
		before = *model
		return edit(model)
	})
	if err == nil {
		r.models.note(id, &before, &stored)
	}
	return stored, err
}

// DeleteModels implements [stores.Record].
func (r *rehearsal) DeleteModels(ctx context.Context, change api.Change, ids []string) ([]api.Model, error) {
	models, err := r.Record.DeleteModels(ctx, change, ids)
	if err == nil {
		for _, model := range models {
			r.models.note(model.ModelID, &model, nil)
		}
	}
	return models, err
}
