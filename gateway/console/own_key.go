package console

import (
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// keyBody is the page of the key that somebody signed in with.
type keyBody struct {
	Key    keyRow
	Limits []limitRow
	Pace   []chart
	Spend  spendBody
}

// ownKey shows what binds the caller's own key.
func (s *Server) ownKey(w http.ResponseWriter, r *http.Request, in *session) error {
	if in.caller.KeyID == "" {
		return errNoPage()
	}
	key, err := s.Record.Key(r.Context(), in.caller.KeyID)
	if err != nil {
		return err
	}
	rows, err := s.keyRows(r.Context(), in, []api.Key{key})
	if err != nil {
		return err
	}
	body := keyBody{Key: rows[0]}
	bindings, err := s.Spending.KeyBindings(r.Context(), in.Hash)
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
