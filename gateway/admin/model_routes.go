package admin

import (
	"encoding/json"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// modelNew is the body of POST /model/new. LiteLLM's form is understood too: model_name, litellm_params and
// model_info; where both say something, the plain fields hold.
type modelNew struct {
	// ModelID is made when left out.
	ModelID string `json:"model_id"`
	route.Fields[api.ModelFields]
	liteLLMModel
}

// modelUpdate is the body of POST /model/update: what is left out is kept, what is null is cleared.
type modelUpdate struct {
	InPath string `path:"model_id"`
	// ModelID is required, unless model_info.id or the path names the model.
	ModelID string `json:"model_id"`
	route.Fields[api.ModelFields]
	liteLLMModel
}

// liteLLMModel is LiteLLM's form of a model.
type liteLLMModel struct {
	// ModelName is name.
	ModelName *string `json:"model_name"`
	// Params are model (upstream/upstream_model), api_base (base_url), api_key, api_version, rpm, tpm, weight and prices per token.
	Params map[string]json.RawMessage `json:"litellm_params"`
	// Info is id (model_id), base_model, access_groups and, as metadata, anything else.
	Info map[string]json.RawMessage `json:"model_info"`
}

// modelNamed is a body that names one model; either field does.
type modelNamed struct {
	ID string `json:"id"`
	// ModelID is the same.
	ModelID string `json:"model_id"`
}

// modelAsked names one model in the address; without a name it is about all.
type modelAsked struct {
	// The model with this id only.
	ModelID string `query:"model_id"`
	// LiteLLM's name for model_id.
	LiteLLMID string `query:"litellm_model_id"`
}

// modelsWanted selects models.
type modelsWanted struct {
	// The deployments of this name only.
	Name string `query:"name"`
}

// modelGroupAsked names what clients ask for.
type modelGroupAsked struct {
	// This name only.
	ModelGroup string `query:"model_group"`
}

// modelRoutes are the operations on models.
func (s *Server) modelRoutes() []route.Route {
	return []route.Route{
		route.New("POST /model/new", auth.Write, s.createModel, route.Spec{
			Tag: "model", Summary: "Add a model, or a further deployment of one.", Repeatable: true, Rehearsed: true,
			Description: "It is served by every gateway when this is answered. Several with one name share its calls by their weights.",
			Errors:      route.Codes(api.AlreadyExists, api.Conflict),
		}),
		route.New("GET /model/info", auth.Read, s.modelInfo, route.Spec{
			Tag: "model", Summary: "Read one model or all.", Errors: route.Codes(api.NotFound),
		}),
		route.New("GET /v1/model/info", auth.Read, s.modelInfo, route.Spec{
			Tag: "model", Summary: "Read one model or all, at LiteLLM's other path.", Errors: route.Codes(api.NotFound),
		}),
		route.New("GET /v2/model/info", auth.Read, s.modelInfo, route.Spec{
			Tag: "model", Summary: "Read one model or all, at LiteLLM's third path.", Errors: route.Codes(api.NotFound),
		}),
		route.New("GET /model/list", auth.Read, s.listModels, route.Spec{
			Tag: "model", Summary: "List every model, those of the configuration file first.",
		}),
		route.New("POST /model/update", auth.Write, s.updateModel, route.Spec{
			Tag: "model", Summary: "Change a model.", Revised: true, Rehearsed: true,
			Description: "What is left out is kept, what is null is cleared. A credential that is left out stays, one that is null is taken off.",
			Errors:      route.Codes(api.NotFound, api.Conflict),
		}),
		route.New("PATCH /model/{model_id}/update", auth.Write, s.updateModel, route.Spec{
			Tag: "model", Summary: "Change a model that the path names, as LiteLLM has it.", Revised: true,
			Errors: route.Codes(api.NotFound, api.Conflict),
		}),
		route.New("POST /model/delete", auth.Write, s.deleteModel, route.Spec{
			Tag: "model", Summary: "Take a model away.", Rehearsed: true,
			Errors: route.Codes(api.NotFound, api.Conflict),
		}),
		route.New("GET /model_group/info", auth.Read, s.modelGroupInfo, route.Spec{
			Tag: "model", Summary: "Read what the deployments of each name have in common.",
		}),
	}
}
