package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// modelNoun handles models with their credential; what leaves the store for the API goes through [publicModel].
var modelNoun = noun[api.Model]{
	name: "model", get: (*Store).model, check: (*Store).checkModel, put: (*Store).putModel,
	audit:  auditModel,
	id:     func(model *api.Model) *string { return &model.ModelID },
	record: func(model *api.Model) *api.Record { return &model.Record },
}

// CreateModel stores a new model and returns it as [Store.Model] would. Errors: [api.Invalid], [api.AlreadyExists].
func (s *Store) CreateModel(ctx context.Context, change api.Change, model api.Model) (api.Model, error) {
	stored, err := create(ctx, s, modelNoun, change, model, nothing)
	return publicModel(stored), err
}

// Model returns a model with the fingerprint of its credential instead of the credential. Error: [api.NotFound].
func (s *Store) Model(ctx context.Context, id string) (api.Model, error) {
	model, err := s.model(ctx, id)
	return publicModel(model), err
}

// Models returns the models that the filter selects, with the fingerprints of their credentials instead of
// the credentials, and how many there are without the filter's page.
func (s *Store) Models(ctx context.Context, filter api.ModelFilter) ([]api.Model, int, error) {
	models, total, err := s.models(ctx, filter)
	for i := range models {
		models[i] = publicModel(models[i])
	}
	return models, total, err
}

// ModelTargets returns every model, oldest first, with its credential, for whoever sends to them.
func (s *Store) ModelTargets(ctx context.Context) ([]api.Model, error) {
	models, _, err := s.models(ctx, api.ModelFilter{})
	return models, err
}

// UpdateModel lets edit change a model, if its revision is ifRevision or that is zero, and returns it
// as [Store.Model] would. edit sees no credential: one that it leaves nil stays as it is, an empty one
// takes it off. edit cannot change the id or the record.
// Errors: [api.NotFound], [api.Stale], [api.Invalid], edit's.
func (s *Store) UpdateModel(ctx context.Context, change api.Change, id string, ifRevision int64, edit func(*api.Model) error) (api.Model, error) {
	stored, err := update(ctx, s, modelNoun, change, "update", id, ifRevision,
		func(_ context.Context, model *api.Model) error {
			secret := model.APIKey
			*model = publicModel(*model)
			if err := edit(model); err != nil {
				return err
			}
			if model.APIKey == nil {
				model.APIKey = secret
			}
			return nil
		})
	return publicModel(stored), err
}

// DeleteModels deletes models, all or none, and returns what is gone. Error: [api.NotFound].
func (s *Store) DeleteModels(ctx context.Context, change api.Change, ids []string) ([]api.Model, error) {
	models, err := remove(ctx, s, modelNoun, change, ids, func(context.Context, api.Model) error { return nil })
	for i := range models {
		models[i] = publicModel(models[i])
	}
	return models, err
}

func (s *Store) model(ctx context.Context, id string) (api.Model, error) {
	var row modelRow
	found, err := s.one(ctx, "model_get", args{"id": id}, row.targets(&row.apiKey)...)
	if err != nil {
		return api.Model{}, err
	}
	if !found {
		return api.Model{}, api.Errorf(api.NotFound, "Model with id=%s not found in db: model not found", id)
	}
	return row.model(s)
}

func (s *Store) models(ctx context.Context, filter api.ModelFilter) ([]api.Model, int, error) {
	values := args{}
	values.givenIDs("ids", filter.IDs)
	values.given("name", filter.Name)
	return list(ctx, s, "model", values, filter.Page, func(scan func(...any) error) (api.Model, error) {
		var row modelRow
		if err := scan(row.targets(&row.apiKey)...); err != nil {
			return api.Model{}, err
		}
		return row.model(s)
	})
}

func (s *Store) checkModel(_ context.Context, model api.Model) error { return model.Validate() }

func (s *Store) putModel(ctx context.Context, query string, model api.Model) error {
	sealed, err := sealAPIKey(s.sealing(ctx), model)
	if err != nil {
		return err
	}
	fields := model.ModelFields
	fields.APIKey, fields.HasAPIKey, fields.APIKeyFingerprint = nil, false, ""
	values, err := objectArgs(model.ModelID, model.DeclaredIn, model.Record, modelDocument{fields, model.Judged})
	if err != nil {
		return err
	}
	values["name"], values["name_lower"], values["api_key"] = model.Name, strings.ToLower(model.Name), sealed
	_, err = s.exec(ctx, query, values)
	return err
}

// modelDocument is a model as its column has it.
type modelDocument struct {
	api.ModelFields
	Judged bool `json:"judged,omitempty"`
}

type modelRow struct {
	object
	apiKey []byte
}

func (r *modelRow) model(s *Store) (api.Model, error) {
	model := api.NewModel(r.id) // what an older gateway's document leaves out is as in a create
	model.Record, model.DeclaredIn = r.record(), r.declaredIn
	document := modelDocument{ModelFields: model.ModelFields}
	if err := decode(r.document, &document); err != nil {
		return api.Model{}, err
	}
	model.ModelFields, model.Judged = document.ModelFields, document.Judged
	if r.apiKey == nil {
		return model, nil
	}
	plain, err := s.keys.open(r.apiKey, apiKeyPlace(r.id))
	if err != nil {
		return api.Model{}, fmt.Errorf("open credential of model %s: %w", r.id, err)
	}
	model.APIKey = new(string(plain))
	model.APIKeyFingerprint = s.APIKeyFingerprint(r.id, *model.APIKey)
	return model, nil
}

// sealAPIKey returns nil, which is stored as NULL, for a model without a credential.
func sealAPIKey(sealer Sealer, model api.Model) (any, error) {
	if model.APIKey == nil || *model.APIKey == "" {
		return nil, nil
	}
	sealed, err := sealer.Seal([]byte(*model.APIKey), apiKeyPlace(model.ModelID))
	if err != nil {
		return nil, fmt.Errorf("seal credential of model %s: %w", model.ModelID, err)
	}
	return sealed, nil
}

func apiKeyPlace(id string) string { return "model/" + id + "/api_key" }

// APIKeyFingerprint identifies the credential of a model in answers, "" for none.
func (s *Store) APIKeyFingerprint(modelID, apiKey string) string {
	return s.fingerprint(apiKey, apiKeyPlace(modelID))
}

// publicModel takes out the credential of a model as it was read, and leaves its fingerprint.
func publicModel(model api.Model) api.Model {
	model.HasAPIKey, model.APIKey = model.APIKeyFingerprint != "", nil
	return model
}

func auditModel(model api.Model) any {
	model = publicModel(model)
	return struct {
		ModelID string `json:"model_id"`
		api.ModelFields
		Revision   int64  `json:"revision"`
		DeclaredIn string `json:"declared_in,omitempty"`
	}{model.ModelID, model.ModelFields, model.Revision, model.DeclaredIn}
}
