package console

import (
	"net/http"
	"net/url"

	"github.com/bursarhq/terraform-provider-bursar/gateway/console/form"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// keyBody is the page of one key.
type keyBody struct {
	Key    keyRow
	Limits []limitRow
	Pace   []chart
	Spend  spendBody
	// Change says that the caller may change the key.
	Change, Done bool
}

// key shows what binds a key: the one that is asked for, or the one that the caller came with.
func (s *Server) key(w http.ResponseWriter, r *http.Request, in *session) error {
	id := r.URL.Query().Get("id")
	if id == "" {
		id = in.caller.KeyID
	}
	found, err := s.find(r.Context(), in, form.Key, id)
	if err != nil {
		return err
	}
	key, _ := found.value.(api.Key)
	rows, err := s.keyRows(r.Context(), in, []api.Key{key})
	if err != nil {
		return err
	}
	body := keyBody{Key: rows[0], Change: mayChange(in.caller, "key") && key.DeclaredIn == "", Done: r.URL.Query().Has("done")}
	bindings, err := s.Spending.KeyBindings(r.Context(), key)
	if err != nil {
		return err
	}
	body.Limits = limitRows(bindings)
	if body.Pace, err = s.pace(r.Context(), "", key.KeyID, body.Limits); err != nil {
		return err
	}
	if body.Spend, err = s.spend(r.Context(), api.UsageQuery{KeyID: key.KeyID}, api.GroupModel); err != nil {
		return err
	}
	return s.show(w, r, in, "key", body.Key.Name(), true, body)
}

// keysBody is the list of keys.
type keysBody struct {
	Search, Status, Team string
	Statuses             []filterEntry
	Rows                 []keyRow
	Total                int
	First                bool
	// Next is the address of the page behind this one, "" on the last.
	Next   string
	Change bool
	Done   bool
}

var keyStatuses = []filterEntry{{"", "All"}, {api.KeyActive, "Active"}, {api.KeyBlocked, "Blocked"}, {api.KeyExpired, "Expired"}}

// keys is the list of all keys, the newest first.
func (s *Server) keys(w http.ResponseWriter, r *http.Request, in *session) error {
	query := r.URL.Query()
	body := keysBody{
		Search: query.Get("q"), Status: query.Get("status"), Team: query.Get("team"), Statuses: keyStatuses,
		First: query.Get("after") == "", Change: mayChange(in.caller, "key"), Done: query.Has("done"),
	}
	filter := api.KeyFilter{
		AliasContains: body.Search, Status: body.Status, TeamID: body.Team,
		Page: api.Page{Limit: perPage, SortBy: api.SortByCreatedAt, Desc: true, After: query.Get("after")},
	}
	keys, total, err := s.Record.Keys(r.Context(), filter)
	if err != nil {
		return err
	}
	body.Total = total
	if body.Rows, err = s.keyRows(r.Context(), in, keys); err != nil {
		return err
	}
	if len(keys) == perPage {
		last := keys[len(keys)-1]
		query.Set("after", filter.CursorOf(last.KeyID, last.KeyAlias, last.Record))
		body.Next = Root + "keys?" + without(query, "done").Encode()
	}
	return s.show(w, r, in, "keys", "Keys", false, body)
}

func without(query url.Values, name string) url.Values {
	query.Del(name)
	return query
}
