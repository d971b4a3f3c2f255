package console

import (
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/gateway/console/form"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// usersBody is a page of the list of users.
type usersBody struct {
	Search string
	Rows   []userRow
	Total  int
	First  bool
	Next   string
	// Change says that the caller may make and change users.
	Change, Done bool
}

type userRow struct {
	api.User
	Budget capped
}

// users is the list of people and services, the newest first.
func (s *Server) users(w http.ResponseWriter, r *http.Request, in *session) error {
	query := r.URL.Query()
	body := usersBody{
		Search: query.Get("q"), First: query.Get("after") == "", Change: mayChange(in.caller, form.User.Name), Done: query.Has("done"),
	}
	filter := api.UserFilter{
		EmailContains: body.Search,
		Page:          api.Page{Limit: perPage, SortBy: api.SortByCreatedAt, Desc: true, After: query.Get("after")},
	}
	users, total, err := s.Record.Users(r.Context(), filter)
	if err != nil {
		return err
	}
	states, err := s.Spending.Users(r.Context(), users)
	if err != nil {
		return err
	}
	body.Total = total
	for i, user := range users {
		body.Rows = append(body.Rows, userRow{user, cappedBy(form.User.Name, user.UserID, valueOr(user.UserAlias, ""), user.HardCap, states[i])})
	}
	if len(users) == perPage {
		last := users[len(users)-1]
		query.Set("after", filter.CursorOf(last.UserID, last.UserAlias, last.Record))
		body.Next = Root + "users?" + without(query, "done").Encode()
	}
	return s.show(w, r, in, "users", "Users", false, body)
}
