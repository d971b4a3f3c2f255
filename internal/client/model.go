package client

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

type modelBody struct {
	ModelID string `json:"model_id,omitempty"`
	api.ModelFields
}

func (b modelBody) secrets() []string { return given(b.APIKey) }

// CreateModel adds a model; with an empty id the gateway chooses one. When it returns, every gateway serves it.
// It returns [api.AlreadyExists] when there is a model with that id.
func (c *Client) CreateModel(ctx context.Context, id string, fields api.ModelFields) (api.Model, error) {
	var model api.Model
	err := c.create(ctx, "/model/new", modelBody{id, fields}, &model)
	err = whole(err, model.ModelID != "", "POST /model/new")
	return model, wrap(err, "%s", creating("model", id))
}

// GetModel returns a model, or [api.NotFound]. Its credential is answered as a fingerprint only.
func (c *Client) GetModel(ctx context.Context, id string) (api.Model, error) {
	var answer struct {
		Data []api.Model `json:"data"`
	}
	err := c.get(ctx, "/model/info", map[string]string{"model_id": id}, &answer)
	if err = whole(err, answer.Data != nil, "GET /model/info"); err != nil {
		return api.Model{}, wrap(err, "read model %q", id)
	}
	for _, model := range answer.Data {
		if model.ModelID == id {
			return model, nil
		}
	}
	return api.Model{}, api.Errorf(api.NotFound, "model %q does not exist", id)
}

// ListModels returns every model, those of the gateway's configuration file first.
func (c *Client) ListModels(ctx context.Context) ([]api.Model, error) {
	var answer struct {
		Models []api.Model `json:"models"`
	}
	err := c.get(ctx, "/model/list", nil, &answer)
	err = whole(err, answer.Models != nil, "GET /model/list")
	return answer.Models, wrap(err, "list models")
}

// UpdateModel replaces all fields of a model; nil ones are cleared, except that a nil APIKey keeps the
// credential it has; an empty one takes it off. Errors are as for [Client.UpdateTeam].
func (c *Client) UpdateModel(ctx context.Context, id string, fields api.ModelFields, revision int64) (api.Model, error) {
	var model api.Model
	err := c.update(ctx, "/model/update", modelBody{id, fields}, revision, &model)
	err = whole(err, model.ModelID != "", "POST /model/update")
	return model, wrap(err, "update model %q", id)
}

// DeleteModel takes a model away; [api.NotFound] when it is gone already.
func (c *Client) DeleteModel(ctx context.Context, id string) error {
	return wrap(c.post(ctx, "/model/delete", map[string]string{"id": id}, nil), "delete model %q", id)
}
