package admin

import (
	"cmp"
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
func (s *Server) createModel(c *route.Call, in modelNew) (answer modelAnswer, err error) {
	edit, err := in.into(c, in.ModelID, &in.Fields, false)
	if err != nil {
		return answer, err
	}
	model := api.NewModel(cmp.Or(edit.id, auth.NewModelID()))
	if err := edit.apply(&model); err != nil {
		return answer, err
	}
	if err := s.checkNewModel(c.Context(), &model); err != nil {
		return answer, err
	}
	created, err := route.Once(c, s.record, func(ctx context.Context) (api.Model, error) {
		stored, err := s.record.CreateModel(ctx, c.Change, model)
		return stored, route.Taken(err, "model_id")
	})
	if err != nil {
		return answer, err
	}
	return s.modelAnswer(created), route.InForce(s.models.Changed(c.Context()))
}

// checkNewModel refuses a model that cannot be, or not at its address or under its names.
func (s *Server) checkNewModel(ctx context.Context, model *api.Model) error {
	if err := model.Validate(); err != nil {
		return err
	}
	if err := route.Undeclared("model", s.models.Model, model.ModelID); err != nil {
		return err
	}
	if err := s.checkNames(ctx, *model); err != nil {
		return err
	}
	return s.judgeAddress(ctx, model)
}

// updateModel is POST /model/update and PATCH /model/{model_id}/update: the fields to change, in our form or LiteLLM's.
func (s *Server) updateModel(c *route.Call, in modelUpdate) (answer modelAnswer, err error) {
	edit, err := in.into(c, in.ModelID, &in.Fields, true)
	if err != nil {
		return answer, err
	}
	id := cmp.Or(in.InPath, edit.id)
	if id == "" || edit.id != "" && edit.id != id {
		return answer, api.FieldErrorf("model_id", "is required, once: the model to change")
	}
	revision, err := c.IfRevision()
	if err != nil {
		return answer, err
	}
	if err := route.Undeclared("model", s.models.Model, id); err != nil {
		return answer, err
	}
	if base := in.Raw("base_url"); base != nil {
		planned := api.Model{}
		if json.Unmarshal(base, &planned.BaseURL) == nil { // what is no text is refused below
			if err := s.judgeAddress(c.Context(), &planned); err != nil {
				return answer, err
			}
		}
	}
	model, err := s.record.UpdateModel(c.Context(), c.Change, id, revision, func(model *api.Model) error {
		before := *model
		if err := edit.apply(model); err != nil {
			return err
		}
		if err := checkCredential(before, *model); err != nil {
			return err
		}
		model.Judged = model.Judged || in.Has("base_url")
		return s.checkNames(c.Context(), *model)
	})
	if err != nil {
		return answer, err
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
func (s *Server) deleteModel(c *route.Call, in modelNamed) (answer modelDeleted, err error) {
	id := cmp.Or(in.ID, in.ModelID)
	if id == "" || in.ModelID != "" && in.ModelID != id {
		return answer, api.FieldErrorf("id", "is required: the one model to delete")
	}
	if err := route.Undeclared("model", s.models.Model, id); err != nil {
		return answer, err
	}
	if _, err := s.record.DeleteModels(c.Context(), c.Change, []string{id}); err != nil {
		return answer, err
	}
	answer = modelDeleted{Message: "Model: " + id + " deleted successfully", DeletedModels: []string{id}}
	return answer, route.InForce(s.models.Changed(c.Context()))
}

// modelData is the answer of GET /model/info, as LiteLLM writes it.
type modelData struct {
	Data []modelAnswer `json:"data"`
}

// modelInfo is GET /model/info: every model, or the one that model_id, LiteLLM's litellm_model_id, names.
func (s *Server) modelInfo(c *route.Call, in modelAsked) (data modelData, err error) {
	id := cmp.Or(in.ModelID, in.LiteLLMID)
	all, err := s.allModels(c.Context())
	if err != nil {
		return data, err
	}
	data = modelData{Data: []modelAnswer{}}
	for _, model := range all {
		if id == "" || model.ModelID == id {
			data.Data = append(data.Data, s.modelAnswer(model))
		}
	}
	if id != "" && len(data.Data) == 0 {
		return data, api.Errorf(api.NotFound, "Model with id=%s not found in db: model not found", id)
	}
	return data, nil
}

// modelsListed is the answer of GET /model/list.
type modelsListed struct {
	Models []modelAnswer `json:"models"`
}

// listModels is GET /model/list: every model, or those with the name asked for.
func (s *Server) listModels(c *route.Call, in modelsWanted) (list modelsListed, err error) {
	all, err := s.allModels(c.Context())
	if err != nil {
		return list, err
	}
	list = modelsListed{Models: []modelAnswer{}}
	for _, model := range all {
		if in.Name == "" || model.Name == in.Name {
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
