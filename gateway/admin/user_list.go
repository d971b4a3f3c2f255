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
func (s *Server) listUsers(c *route.Call, in usersWanted) (userPage, error) {
	page := in.Order.Page
	filter := api.UserFilter{EmailContains: in.UserEmail, Role: in.Role, TeamID: in.Team, IDs: in.UserIDs, Page: page.Order}
	users, total, err := s.record.Users(c.Context(), filter)
	if err != nil {
		return userPage{}, err
	}
	return userPage{
		Users: notNil(users), Total: total, Page: page.Number, PageSize: page.Size, TotalPages: page.Pages(total),
	}, s.completeUsers(c.Context(), users)
}
