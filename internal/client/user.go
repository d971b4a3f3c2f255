package client

import (
	"cmp"
	"context"
	"fmt"
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

// UserInfo is a user with all keys that are the user's, in whatever team.
type UserInfo struct {
	api.User
	Keys []api.Key
}

// GetUser returns a user with the keys that the user has, or [api.NotFound].
func (c *Client) GetUser(ctx context.Context, id string) (UserInfo, error) {
	var answer struct {
		User api.User  `json:"user_info"`
		Keys []api.Key `json:"keys"`
	}
	err := c.get(ctx, "/user/info", map[string]string{"user_id": id}, &answer)
	err = whole(err, answer.User.UserID != "", "GET /user/info")
	return UserInfo{answer.User, answer.Keys}, wrap(err, "read user %q", id)
}

// ListUsers returns every user, over as many pages as it takes.
func (c *Client) ListUsers(ctx context.Context) ([]api.User, error) {
	users, err := everyPage(ctx, c.pageOfUsers)
	return users, wrap(err, "list users")
}

// pageOfUsers takes the number of a page for its cursor, as the gateway numbers the pages of users.
func (c *Client) pageOfUsers(ctx context.Context, cursor string) (page[api.User], error) {
	number, err := strconv.Atoi(cmp.Or(cursor, "1"))
	if err != nil {
		return page[api.User]{}, fmt.Errorf("the page %q of users is no number: %w", cursor, err)
	}
	var answer struct {
		Users      []api.User `json:"users"`
		Total      int        `json:"total"`
		TotalPages int        `json:"total_pages"`
	}
	query := pageQuery("page_size", "user_id", "")
	query["page"] = strconv.Itoa(number)
	err = c.get(ctx, "/user/list", query, &answer)
	read := page[api.User]{objects: answer.Users, rows: len(answer.Users), total: answer.Total}
	if number < answer.TotalPages {
		read.next = strconv.Itoa(number + 1)
	}
	return read, whole(err, answer.Users != nil, "GET /user/list")
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
