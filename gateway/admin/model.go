package admin

import (
	"context"
	"encoding/json"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Models are what is served, from the configuration file and from the record.
type Models interface {
	// Declared are the configuration file's, in its order; Model names the file that declares one.
	Declared() []api.Model
	Model(id string) (file string, ok bool)
	// Facts are what the gateway goes by when it serves a model, the catalogue's where the model says nothing.
	Facts(model api.Model) ModelFacts
	// Names are all that the model with the name is called by.
	Names(name string) *modelname.Names
	// Judge says whether models that are made through the API may be at the address: nil, or an [api.Error].
	Judge(ctx context.Context, address string) error
	// Changed puts stored changes in force. When it returns, every gateway serves them.
	Changed(ctx context.Context) error
}

// ModelFacts are what is known of a model. Prices are in USD per million tokens; nil is not known, for
// limits 0 is.
type ModelFacts struct {
	Input, Output   *money.Nano
	MaxInputTokens  int64
	MaxOutputTokens int64
}

// noModels are those of a gateway that serves none.
type noModels struct{}

func (noModels) Declared() []api.Model       { return nil }
func (noModels) Model(string) (string, bool) { return "", false }
func (noModels) Facts(api.Model) ModelFacts  { return ModelFacts{} }
func (noModels) Names(name string) *modelname.Names {
	return &modelname.Names{Name: name}
}
func (noModels) Judge(context.Context, string) error { return nil }
func (noModels) Changed(context.Context) error       { return nil }

// createModel is POST /model/new: a model's fields, in our form or LiteLLM's, and model_id unless one is to be made.
func (s *Server) createModel(c *route.Call) (any, error) {
	edit, err := readModelEdit(c.In, false)
	if err != nil {
		return nil, err
	}
	if edit.id == "" {
		edit.id = auth.NewModelID()
	}
	model := api.NewModel(edit.id)
	if err := c.In.Expect(&model.ModelFields); err != nil {
		return nil, err
	}
	if err := edit.apply(c.In, &model); err != nil {
		return nil, err
	}
	if err := model.Validate(); err != nil {
		return nil, err
	}
	if err := undeclared("model", s.models.Model, edit.id); err != nil {
		return nil, err
	}
	if err := s.checkNames(c.Context(), model); err != nil {
		return nil, err
	}
	if err := s.judgeAddress(c.Context(), &model); err != nil {
		return nil, err
	}
	created, err := route.Once(c, s.record, func(ctx context.Context) (api.Model, error) {
		stored, err := s.record.CreateModel(ctx, c.Change, model)
		return stored, route.Taken(err, "model_id")
	})
	if err != nil {
		return nil, err
	}
	return s.modelAnswer(created), route.InForce(s.models.Changed(c.Context()))
}

// updateModel is POST /model/update and PATCH /model/{model_id}/update: the fields to change, in our form or LiteLLM's.
func (s *Server) updateModel(c *route.Call) (any, error) {
	edit, err := readModelEdit(c.In, true)
	if err != nil {
		return nil, err
	}
	id := c.Request.PathValue("model_id")
	if id == "" {
		id = edit.id
	}
	if id == "" || edit.id != "" && edit.id != id {
		return nil, api.FieldErrorf("model_id", "is required, once: the model to change")
	}
	if err := c.In.Expect(&api.ModelFields{}); err != nil {
		return nil, err
	}
	revision, err := c.IfRevision()
	if err != nil {
		return nil, err
	}
	if err := undeclared("model", s.models.Model, id); err != nil {
		return nil, err
	}
	if base, given := c.In.Fields["base_url"]; given {
		planned := api.Model{}
		if json.Unmarshal(base, &planned.BaseURL) == nil { // what is no text was refused already
			if err := s.judgeAddress(c.Context(), &planned); err != nil {
				return nil, err
			}
		}
	}
	model, err := s.record.UpdateModel(c.Context(), c.Change, id, revision, func(model *api.Model) error {
		before := *model
		if err := edit.apply(c.In, model); err != nil {
			return err
		}
		if err := checkCredential(before, *model); err != nil {
			return err
		}
		model.Judged = model.Judged || c.In.Has("base_url")
		return s.checkNames(c.Context(), *model)
	})
	if err != nil {
		return nil, err
	}
	return s.modelAnswer(model), route.InForce(s.models.Changed(c.Context()))
}

// judgeAddress refuses a model at an address where those of the API may not be.
func (s *Server) judgeAddress(ctx context.Context, model *api.Model) error {
	model.Judged = true
	if model.BaseURL == nil {
		return nil
	}
	return s.models.Judge(ctx, *model.BaseURL)
}

// checkCredential refuses to send a credential that is stored to another host than it was given for: who may change
// an address must not learn a secret by it.
func checkCredential(before, after api.Model) error {
	if !before.HasAPIKey || after.APIKey != nil || before.Origin() == after.Origin() {
		return nil
	}
	return api.FieldErrorf("api_key", "is needed again: the stored one was given for %s and the change leads to %s; null takes it off", before.Origin(), after.Origin())
}

// checkNames refuses a model one of whose names means another already.
func (s *Server) checkNames(ctx context.Context, model api.Model) error {
	all, err := s.allModels(ctx)
	if err != nil {
		return err
	}
	return model.CheckAgainst(all)
}

// modelDeleted is the answer of POST /model/delete. Message is LiteLLM's.
type modelDeleted struct {
	Message       string   `json:"message"`
	DeletedModels []string `json:"deleted_models"`
}

// deleteModel is POST /model/delete {"id"}, which is model_id elsewhere; both are read.
func (s *Server) deleteModel(c *route.Call) (any, error) {
	id, err := c.In.Text("id")
	if err != nil {
		return nil, err
	}
	other, err := c.In.Text("model_id")
	if err != nil {
		return nil, err
	}
	if id == "" {
		id = other
	}
	if id == "" || (other != "" && other != id) {
		return nil, api.FieldErrorf("id", "is required: the one model to delete")
	}
	if err := c.In.Expect(&struct{}{}); err != nil {
		return nil, err
	}
	if err := undeclared("model", s.models.Model, id); err != nil {
		return nil, err
	}
	if _, err := s.record.DeleteModels(c.Context(), c.Change, []string{id}); err != nil {
		return nil, err
	}
	answer := modelDeleted{Message: "Model: " + id + " deleted successfully", DeletedModels: []string{id}}
	return answer, route.InForce(s.models.Changed(c.Context()))
}

// modelData is the answer of GET /model/info, as LiteLLM writes it.
type modelData struct {
	Data []modelAnswer `json:"data"`
}

// modelInfo is GET /model/info: every model, or the one that model_id, LiteLLM's litellm_model_id, names.
func (s *Server) modelInfo(c *route.Call) (any, error) {
	id := c.Query.Get("model_id")
	if id == "" {
		id = c.Query.Get("litellm_model_id")
	}
	all, err := s.allModels(c.Context())
	if err != nil {
		return nil, err
	}
	data := modelData{Data: []modelAnswer{}}
	for _, model := range all {
		if id == "" || model.ModelID == id {
			data.Data = append(data.Data, s.modelAnswer(model))
		}
	}
	if id != "" && len(data.Data) == 0 {
		return nil, api.Errorf(api.NotFound, "Model with id=%s not found in db", id)
	}
	return data, nil
}

// modelsListed is the answer of GET /model/list.
type modelsListed struct {
	Models []modelAnswer `json:"models"`
}

// listModels is GET /model/list: every model, or those with the name asked for.
func (s *Server) listModels(c *route.Call) (any, error) {
	name := c.Query.Get("name")
	all, err := s.allModels(c.Context())
	if err != nil {
		return nil, err
	}
	list := modelsListed{Models: []modelAnswer{}}
	for _, model := range all {
		if name == "" || model.Name == name {
			list.Models = append(list.Models, s.modelAnswer(model))
		}
	}
	return list, nil
}

// allModels are the configuration file's models, then the record's, oldest first. The file's win over
// those with the same id, as they do when they are served.
func (s *Server) allModels(ctx context.Context) ([]api.Model, error) {
	stored, _, err := s.record.Models(ctx, api.ModelFilter{})
	if err != nil {
		return nil, err
	}
	all := append([]api.Model{}, s.models.Declared()...)
	for _, model := range stored {
		if _, again := s.models.Model(model.ModelID); !again {
			all = append(all, model)
		}
	}
	return all, nil
}
