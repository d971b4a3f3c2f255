package proxy

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

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

	_ struct{} `openapi:"open"`
}

// modelList is the answer of GET /v1/models.
type modelList struct {
	Object string        `json:"object"`
	Data   []listedModel `json:"data"`
}

// callErrors are the refusals that every call of a model may get.
var callErrors = []api.Code{
	api.BudgetExceeded, api.RateLimited, api.KeyModelDenied, api.TeamModelDenied, api.ExpiredKey, api.Upstream, api.NotFound,
}

// messagesStatuses are those of Anthropic's routes that differ.
var messagesStatuses = map[api.Code]int{api.BudgetExceeded: http.StatusPaymentRequired}

var callDocs = map[string]openapi.Operation{
	"POST /chat/completions": {
		Summary: "Complete a conversation.", Body: callBody{}, Answer: map[string]any{},
		Media: []string{"text/event-stream"}, Errors: callErrors,
	},
	"POST /completions": {
		Summary: "Complete a text.", Body: callBody{}, Answer: map[string]any{}, Media: []string{"text/event-stream"}, Errors: callErrors,
	},
	"POST /embeddings":  {Summary: "Turn texts into vectors.", Body: callBody{}, Answer: map[string]any{}, Errors: callErrors},
	"POST /moderations": {Summary: "Classify what may be harmful.", Body: callBody{}, Answer: map[string]any{}, Errors: callErrors},
	"POST /images/generations": {
		Summary: "Make pictures.", Body: callBody{}, Answer: map[string]any{}, Media: []string{"text/event-stream"}, Errors: callErrors,
	},
	"POST /audio/speech": {Summary: "Speak a text; the answer is sound.", Body: callBody{}, Media: []string{"audio/mpeg", "text/event-stream"}, Errors: callErrors},
	"POST /audio/transcriptions": {
		Summary: "Write down a sound, sent as a form with the fields file and model.", Answer: map[string]any{},
		Media: []string{"text/plain", "text/event-stream"}, Errors: callErrors,
	},
	"POST /audio/translations": {
		Summary: "Write down a sound in English, sent as a form with the fields file and model.", Answer: map[string]any{},
		Media: []string{"text/plain"}, Errors: callErrors,
	},
	"POST /responses": {
		Summary: "Make a response. A WebSocket is not opened.", Body: callBody{}, Answer: map[string]any{}, Media: []string{"text/event-stream"},
		Errors: append(slices.Clone(callErrors), api.UpgradeRequired), Statuses: map[api.Code]int{api.BudgetExceeded: http.StatusBadRequest},
	},
	"GET /responses/{response}":             {Summary: "Show a response of the team's that the provider keeps; it costs nothing.", Answer: map[string]any{}, Errors: callErrors},
	"DELETE /responses/{response}":          {Summary: "Delete a response of the team's that the provider keeps.", Answer: map[string]any{}, Errors: callErrors},
	"GET /responses/{response}/input_items": {Summary: "List what a response of the team's answered to.", Answer: map[string]any{}, Errors: callErrors},
	"POST /responses/{response}/cancel":     {Summary: "Cancel a response of the team's.", Answer: map[string]any{}, Errors: callErrors},
	"POST /messages": {
		Summary: "Complete a conversation in Anthropic's words.", Body: callBody{}, Answer: map[string]any{}, Refusal: anthropicError{},
		Media: []string{"text/event-stream"}, Errors: callErrors, Statuses: messagesStatuses,
	},
	"POST /messages/count_tokens": {
		Summary: "Count the tokens of a prompt in Anthropic's words; it costs nothing and counts as a request.",
		Body:    callBody{}, Answer: map[string]any{}, Errors: callErrors, Refusal: anthropicError{}, Statuses: messagesStatuses,
	},
	"GET /models/{model...}": {Summary: "Show one of the models that the key may use.", Answer: listedModel{}},
	"GET /usage/limits": {
		Summary: "Show every limit that binds the key, with what is used of it. It counts against nothing, and answers a key that is blocked too.",
		Answer:  api.LimitStates{}, Errors: []api.Code{api.ExpiredKey},
	},
	"GET /models": {Summary: "List the models that the key may use.", Answer: modelList{}},
}

// Operations describes every route of the data path. A test fails on one without a summary.
func Operations() []openapi.Operation {
	var operations []openapi.Operation
	for _, route := range routes() {
		for _, prefix := range route.prefixes {
			operation := callDocs[route.method+" "+route.path]
			operation.Method, operation.Tag = route.method, "model call"
			operation.Path = prefix + strings.ReplaceAll(route.path, "...}", "}")
			operations = append(operations, operation)
		}
	}
	return operations
}
