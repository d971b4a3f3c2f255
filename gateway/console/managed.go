package console

import (
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/gateway/console/form"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// What a configuration has is changed there: an apply would take back what is changed here. Blocking, letting through and
// rotating are done at once all the same.

// managedBody shows the lines that a configuration needs for what was typed.
type managedBody struct {
	ID        string
	Noun      form.Noun
	ManagedBy api.ManagedBy
	HCL       string
}

// showLines shows the lines of a change that is to be made in the configuration.
func (s *Server) showLines(w http.ResponseWriter, r *http.Request, in *session, plan rehearsalBody, by api.ManagedBy, lines string) error {
	shown := managedBody{ID: plan.ID, Noun: plan.Noun, ManagedBy: by, HCL: lines}
	return s.render(w, http.StatusOK, "managed", s.signedIn(r, in, "Change "+plan.Name+" in its configuration", shown))
}
