package proxy

import (
	"context"
	"net/http"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/proxy/asked"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
)

// listedModel is one entry of GET /v1/models, as OpenAI writes it.
type listedModel struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

// modelsCreated is answered as every model's date: OpenAI's clients want one and nobody keeps it.
const modelsCreated = 1677610602

// listModels answers the models that the key may use.
func (p *Proxy) listModels(w http.ResponseWriter, r *http.Request) error {
	viewer, err := p.viewer(r)
	if err != nil {
		return err
	}
	list, err := p.visibleModels(r.Context(), viewer)
	if err != nil {
		return err
	}
	return httpx.WriteJSON(w, http.StatusOK, modelList{Object: "list", Data: list})
}

// showModel answers one of them. A wildcard serves more than lists show.
func (p *Proxy) showModel(w http.ResponseWriter, r *http.Request) error {
	viewer, err := p.viewer(r)
	if err != nil {
		return err
	}
	name := r.PathValue("model")
	visible, err := p.visible(r.Context(), viewer, name)
	if err != nil {
		return err
	}
	if visible {
		return httpx.WriteJSON(w, http.StatusOK, listed(name))
	}
	unknown := api.Errorf(api.NotFound, "The model %q is not among those that this key may use. GET /v1/models lists them.", asked.Clip(name))
	unknown.Param = "model"
	return unknown
}

// viewer is who looks at the models; nil is the admin key, which sees all.
func (p *Proxy) viewer(r *http.Request) (*policy.Subject, error) {
	secret, err := auth.Presented(r.Header)
	if err != nil || p.IsAdminKey(secret) {
		return nil, err
	}
	c := p.newCall(r, nil)
	if err := p.authenticateFresh(r, c); err != nil {
		return nil, err
	}
	return c.subject, nil
}

// visible says whether the viewer may ask for a model by the name, and it is served.
func (p *Proxy) visible(ctx context.Context, viewer *policy.Subject, name string) (bool, error) {
	served, found, err := p.Models.Find(ctx, name)
	if err != nil {
		return false, unavailable(err)
	}
	if !found || viewer == nil {
		return found, nil
	}
	may, _ := viewer.MayUse(served.Names, name)
	return may, nil
}

// visibleModels are the names that the viewer may ask for, those of the configuration file first: the models'
// own, aliases, those that wildcards are known to serve, and those that the viewer's lists name. Each stands
// there once.
func (p *Proxy) visibleModels(ctx context.Context, viewer *policy.Subject) ([]listedModel, error) {
	served, err := p.Models.List(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	list, seen := []listedModel{}, map[string]bool{}
	var names, groups []string
	for _, model := range served {
		names = slices.Concat(names, model.Asked(), model.Aliases)
		groups = append(groups, model.Groups...)
	}
	for _, name := range listedNames(viewer) {
		// A wildcard may serve everything, but who lists a group or a reserved name means no model.
		if !slices.Contains(groups, name) && !api.ReservedModel(name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if seen[name] {
			continue
		}
		seen[name] = true
		visible, err := p.visible(ctx, viewer, name)
		if err != nil {
			return nil, err
		}
		if visible {
			list = append(list, listed(name))
		}
	}
	return list, nil
}

// listedNames are what the lists of the viewer's key and team name.
func listedNames(viewer *policy.Subject) []string {
	switch {
	case viewer == nil:
		return nil
	case viewer.Team == nil:
		return viewer.Key.Models
	default:
		return slices.Concat(viewer.Key.Models, viewer.Team.Models)
	}
}

func listed(name string) listedModel {
	return listedModel{ID: name, Object: "model", Created: modelsCreated, OwnedBy: "bursar"}
}

// findModel finds out which model the call asks for. One that is not served has no deployments and the name
// that was asked for.
func (p *Proxy) findModel(ctx context.Context, c *call) error {
	find := p.Models.Find
	if c.endpoint.opaque {
		find = p.Models.Route
	}
	served, found, err := find(ctx, c.Model)
	switch {
	case err != nil:
		return unavailable(err)
	case !found:
		c.served, c.model = deployment.Model{Names: &modelname.Names{Name: c.Model}}, c.Model
	default:
		c.served, c.model = served, served.Name
	}
	return nil
}

// checkServed refuses a model that no deployment serves, or whose price nobody knows.
func (p *Proxy) checkServed(c *call) error {
	if len(c.served.Deployments) == 0 {
		unknown := api.Errorf(api.NotFound, "The model %q is not served here. GET /v1/models lists the models of this key.", c.Model)
		unknown.Param = "model"
		return unknown
	}
	if err := c.pin(); err != nil {
		return err
	}
	return p.checkPrices(c)
}
