package proxy

import (
	"context"
	"net/http"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
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
	allowed, err := p.allowed(r)
	if err != nil {
		return err
	}
	list, err := p.visibleModels(r.Context(), allowed)
	if err != nil {
		return err
	}
	return httpx.WriteJSON(w, http.StatusOK, map[string]any{"object": "list", "data": list})
}

// showModel answers one of them.
func (p *Proxy) showModel(w http.ResponseWriter, r *http.Request) error {
	allowed, err := p.allowed(r)
	if err != nil {
		return err
	}
	list, err := p.visibleModels(r.Context(), allowed)
	if err != nil {
		return err
	}
	name := r.PathValue("model")
	at := slices.IndexFunc(list, func(model listedModel) bool { return model.ID == name })
	if at >= 0 {
		return httpx.WriteJSON(w, http.StatusOK, list[at])
	}
	// A wildcard serves more than is known here, and lists show no pattern.
	served, found, err := p.Models.Find(r.Context(), name)
	if err != nil {
		return unavailable(err)
	}
	if found && allowed(served.Names, name) {
		return httpx.WriteJSON(w, http.StatusOK, listed(name))
	}
	unknown := api.Errorf(api.NotFound, "The model %q is not among those that this key may use. GET /v1/models lists them.", clipName(name))
	unknown.Param = "model"
	return unknown
}

// allowed says which models the key may use; the admin key may see all.
func (p *Proxy) allowed(r *http.Request) (func(model *modelname.Names, asked string) bool, error) {
	secret, err := auth.Presented(r.Header)
	if err != nil {
		return nil, err
	}
	if p.IsAdminKey(secret) {
		return func(*modelname.Names, string) bool { return true }, nil
	}
	c := p.newCall(r, nil)
	if err := p.identifyFresh(r, c); err != nil {
		return nil, err
	}
	return func(model *modelname.Names, asked string) bool {
		may, _ := c.subject.MayUse(model, asked)
		return may
	}, nil
}

// visibleModels are the names that the caller may ask for, those of the configuration file first: the models'
// own, those that wildcards are known to serve, and aliases. A name stands there once.
func (p *Proxy) visibleModels(ctx context.Context, allowed func(*modelname.Names, string) bool) ([]listedModel, error) {
	served, err := p.Models.List(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	list, seen := []listedModel{}, map[string]bool{}
	for _, model := range served {
		for _, name := range slices.Concat(model.Asked(), model.Aliases) {
			if seen[name] {
				continue
			}
			seen[name] = true
			real, found, err := p.Models.Find(ctx, name)
			if err != nil {
				return nil, unavailable(err)
			}
			if found && allowed(real.Names, name) {
				list = append(list, listed(name))
			}
		}
	}
	return list, nil
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
	served, found, err := find(ctx, c.asked)
	switch {
	case err != nil:
		return unavailable(err)
	case !found:
		c.served, c.model = deployment.Model{Names: &modelname.Names{Name: c.asked}}, c.asked
	default:
		c.served, c.model = served, served.Name
	}
	return nil
}

// checkServed refuses a model that no deployment serves, or whose price nobody knows.
func (p *Proxy) checkServed(c *call) error {
	if len(c.served.Deployments) == 0 {
		unknown := api.Errorf(api.NotFound, "The model %q is not served here. GET /v1/models lists the models of this key.", c.asked)
		unknown.Param = "model"
		return unknown
	}
	if err := c.pin(); err != nil {
		return err
	}
	return p.checkPrices(c)
}
