package proxy

import (
	"context"
	"net/http"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
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
	list, err := p.visibleModels(r)
	if err != nil {
		return err
	}
	return httpx.WriteJSON(w, http.StatusOK, map[string]any{"object": "list", "data": list})
}

// showModel answers one of them.
func (p *Proxy) showModel(w http.ResponseWriter, r *http.Request) error {
	list, err := p.visibleModels(r)
	if err != nil {
		return err
	}
	name := r.PathValue("model")
	for _, model := range list {
		if model.ID == name {
			return httpx.WriteJSON(w, http.StatusOK, model)
		}
	}
	unknown := api.Errorf(api.NotFound, "The model %q is not among those that this key may use. GET /v1/models lists them.", clipName(name))
	unknown.Param = "model"
	return unknown
}

// visibleModels are the models that the key may use, those of the configuration file first; for the admin key all.
func (p *Proxy) visibleModels(r *http.Request) ([]listedModel, error) {
	allowed := func(string) bool { return true }
	secret, err := auth.Presented(r.Header)
	if err != nil {
		return nil, err
	}
	if !p.IsAdminKey(secret) {
		c := p.newCall(r, nil)
		if err := p.identifyFresh(r, c); err != nil {
			return nil, err
		}
		allowed = func(model string) bool {
			may, _ := c.subject.MayUse(model)
			return may
		}
	}
	served, err := p.Models.List(r.Context())
	if err != nil {
		return nil, unavailable(err)
	}
	list := []listedModel{}
	for _, model := range served {
		if allowed(model.Name) && !strings.HasPrefix(model.Name, "/") { // a path is a route that is passed on
			list = append(list, listedModel{ID: model.Name, Object: "model", Created: modelsCreated, OwnedBy: "bursar"})
		}
	}
	return list, nil
}

// findModel finds the deployments of the model that the call asks for.
func (p *Proxy) findModel(ctx context.Context, c *call) error {
	served, found, err := p.Models.Find(ctx, c.model)
	if err != nil {
		return unavailable(err)
	}
	if !found {
		unknown := api.Errorf(api.NotFound, "The model %q is not served here. GET /v1/models lists the models of this key.", c.model)
		unknown.Param = "model"
		return unknown
	}
	c.served = served
	if err := c.pin(); err != nil {
		return err
	}
	return p.checkPrices(c)
}
