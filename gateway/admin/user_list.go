package admin

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// userColumns are what lists of users can be sorted by.
var userColumns = map[string]string{
	"user_id": api.SortByID, "user_alias": api.SortByAlias,
	"created_at": api.SortByCreatedAt, "updated_at": api.SortByUpdatedAt,
}

// userPage is the answer of GET /user/list.
type userPage struct {
	Users      []api.User `json:"users"`
	Total      int        `json:"total"`
	Page       int        `json:"page"`
	PageSize   int        `json:"page_size"`
	TotalPages int        `json:"total_pages"`
}

// listUsers is GET /user/list: a page of the users by role, user_ids, user_email (a part of it) or team.
func (s *Server) listUsers(c *route.Call) (any, error) {
	page, err := c.Page("page_size", userColumns)
	if err != nil {
		return nil, err
	}
	filter := api.UserFilter{
		EmailContains: c.Query.Get("user_email"), Role: c.Query.Get("role"), TeamID: c.Query.Get("team"), Page: page.Order,
		IDs: c.List("user_ids"),
	}
	users, total, err := s.record.Users(c.Context(), filter)
	if err != nil {
		return nil, err
	}
	return userPage{
		Users: notNil(users), Total: total, Page: page.Number, PageSize: page.Size, TotalPages: page.Pages(total),
	}, s.completeUsers(c.Context(), users)
}
