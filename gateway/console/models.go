package console

import (
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/gateway/console/form"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// modelsBody is the list of models with their prices.
type modelsBody struct {
	Models []api.Model
	Health map[string]UpstreamHealth
	// Change says that the caller may change them.
	Change, Done bool
}

// models is the list of deployments, in the order they are served in, as the admin API lists them.
func (s *Server) models(w http.ResponseWriter, r *http.Request, in *session) error {
	var listed struct {
		Models []api.Model `json:"models"`
	}
	if err := s.askFor(r, in, http.MethodGet, "/model/list", nil, &listed); err != nil {
		return err
	}
	body := modelsBody{Models: listed.Models, Health: map[string]UpstreamHealth{}, Change: mayChange(in.caller, form.Model.Name), Done: r.URL.Query().Has("done")}
	for _, upstream := range s.Health(r.Context()).Upstreams {
		body.Health[upstream.ID] = upstream
	}
	return s.show(w, r, in, "models", "Models and prices", false, body)
}
