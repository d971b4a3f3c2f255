package client

import (
	"context"
	"strconv"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// CreateUser makes a user without a key. It returns [api.AlreadyExists] when there is one with that id or address.
func (c *Client) CreateUser(ctx context.Context, id string, fields api.UserFields) (api.User, error) {
	body := struct {
		UserID        string `json:"user_id"`
		AutoCreateKey bool   `json:"auto_create_key"`
		api.UserFields
	}{UserID: id, UserFields: fields}
	var user api.User
	err := c.create(ctx, "/user/new", body, &user)
	err = whole(err, user.UserID != "", "POST /user/new")
	return user, wrap(err, "%s", creating("user", id))
}

// ListUsers returns every user, over as many pages as it takes.
func (c *Client) ListUsers(ctx context.Context) ([]api.User, error) {
	var all []api.User
	for number := 1; ; number++ {
		var page struct {
			Users      []api.User `json:"users"`
			TotalPages int        `json:"total_pages"`
		}
		query := pageQuery("page_size", "user_id", "")
		query["page"] = strconv.Itoa(number)
		err := c.get(ctx, "/user/list", query, &page)
		if err = whole(err, page.Users != nil, "GET /user/list"); err != nil {
			return nil, wrap(err, "list users")
		}
		all = append(all, page.Users...)
		if number >= page.TotalPages {
			return all, nil
		}
	}
}

// UpdateUser replaces all fields of a user; nil ones are cleared. Errors are as for [Client.UpdateTeam].
func (c *Client) UpdateUser(ctx context.Context, id string, fields api.UserFields, revision int64) (api.User, error) {
	body := struct {
		UserID string `json:"user_id"`
		api.UserFields
	}{id, fields}
	var user api.User
	err := c.update(ctx, "/user/update", body, revision, &user)
	err = whole(err, user.UserID != "", "POST /user/update")
	return user, wrap(err, "update user %q", id)
}

// DeleteUser deletes a user with the user's keys and places in teams; [api.NotFound] when it is gone already.
func (c *Client) DeleteUser(ctx context.Context, id string) error {
	return wrap(c.post(ctx, "/user/delete", map[string][]string{"user_ids": {id}}, nil), "delete user %q", id)
}
