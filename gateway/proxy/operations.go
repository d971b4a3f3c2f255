package proxy

import (
	"encoding/json"

	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Tags are the headings that the operations stand under.
var Tags = []openapi.Tag{
	{Name: "model call", Text: "Calls of models, in the provider's own shapes. Fields that are not described here are passed on as they are."},
}

// callBody is what the gateway reads of a call; everything else is for the upstream.
type callBody struct {
	Model    string            `json:"model" required:"true"`
	Messages []json.RawMessage `json:"messages"`
	Stream   bool              `json:"stream"`
	// MaxTokens caps the answer; without a cap the gateway sets one that the limits still allow.
	MaxTokens           *int64 `json:"max_tokens"`
	MaxCompletionTokens *int64 `json:"max_completion_tokens"`
}

// modelList is the answer of GET /v1/models.
type modelList struct {
	Object string        `json:"object"`
	Data   []listedModel `json:"data"`
}

// callErrors are the refusals that every call of a model may get.
var callErrors = []api.Code{
	api.BudgetExceeded, api.RateLimited, api.ModelDenied, api.Upstream, api.NotFound,
}

var callDocs = map[string]openapi.Operation{
	"POST /chat/completions": {
		Summary: "Complete a conversation.", Body: callBody{}, Answer: map[string]any{},
		Media: []string{"text/event-stream"}, Errors: callErrors,
	},
	"GET /models": {Summary: "List the models that the key may use.", Answer: modelList{}},
}

// Operations describes every route of the data path. A test fails on one without a summary.
func Operations() []openapi.Operation {
	var operations []openapi.Operation
	add := func(method, prefix, path string) {
		operation := callDocs[method+" "+path]
		operation.Method, operation.Path, operation.Tag = method, prefix+path, "model call"
		operations = append(operations, operation)
	}
	for _, prefix := range []string{"/v1", ""} {
		for _, e := range endpoints {
			add("POST", prefix, e.path)
		}
		add("GET", prefix, "/models")
	}
	return operations
}
