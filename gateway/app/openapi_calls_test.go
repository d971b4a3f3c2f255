package app_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/storetest"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// caller sends requests to a gateway and holds them and their answers against the description, in which no
// object has fields besides those described.
type caller struct {
	*gateway
	t      *testing.T
	api    *openapi3.T
	called map[string]bool
	// saved are values of answers that later requests name as {name}.
	saved map[string]string
}

func newCaller(t *testing.T, g *gateway) *caller {
	t.Helper()
	document, err := app.StrictDescription()
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		t.Fatal(err)
	}
	return &caller{gateway: g, t: t, api: loaded, called: map[string]bool{}, saved: map[string]string{}}
}

// fill puts saved values in their places.
func (c *caller) fill(text string) string {
	for name, value := range c.saved {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}

// call sends one request of an operation ("POST /team/new") and checks what is sent and what is answered.
// The path's parameters are saved values; target may go on with a query.
func (c *caller) call(pattern, query, key, body string, want int) []byte {
	c.t.Helper()
	method, path, _ := strings.Cut(pattern, " ")
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.URL()+c.fill(path)+query, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	request.Header.Set("Content-Type", "application/json")
	if strings.HasPrefix(body, "--b\r\n") {
		request.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	}
	input := c.input(request, pattern)
	if want == http.StatusOK && body != "" {
		if err := openapi3filter.ValidateRequest(c.t.Context(), input); err != nil {
			c.t.Errorf("%s: the request is not as described: %v", pattern, err)
		}
		request.Body = io.NopCloser(strings.NewReader(body))
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if response.StatusCode != want {
		c.t.Errorf("%s%s %s: status %d, want %d: %s", pattern, query, body, response.StatusCode, want, data)
		return data
	}
	c.check(pattern, input, response, data)
	return data
}

func (c *caller) input(request *http.Request, pattern string) *openapi3filter.RequestValidationInput {
	c.t.Helper()
	method, path, _ := strings.Cut(pattern, " ")
	item := c.api.Paths.Value(path)
	if item == nil || item.GetOperation(method) == nil {
		c.t.Fatalf("%s is not described", pattern)
	}
	parameters := map[string]string{}
	for segment := range strings.SplitSeq(path, "/") {
		if name := strings.Trim(segment, "{}"); name != segment {
			parameters[name] = c.saved[name]
		}
	}
	return &openapi3filter.RequestValidationInput{
		Request: request, PathParams: parameters,
		Route:   &routers.Route{Spec: c.api, Path: path, PathItem: item, Method: method, Operation: item.GetOperation(method)},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
}

// check holds an answer against its description; a refusal must be of a type that is described.
func (c *caller) check(pattern string, input *openapi3filter.RequestValidationInput, response *http.Response, data []byte) {
	c.t.Helper()
	media := response.Header.Get("Content-Type")
	output := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: response.StatusCode, Header: response.Header,
		Body: io.NopCloser(bytes.NewReader(data)), Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if media != "application/json" {
		output.Options.ExcludeResponseBody = true // texts: their media type is what is described
		if described := input.Route.Operation.Responses.Status(response.StatusCode); described == nil || described.Value.Content.Get(media) == nil {
			c.t.Errorf("%s: media type %s is not described", pattern, media)
		}
	}
	if err := openapi3filter.ValidateResponse(c.t.Context(), output); err != nil {
		c.t.Errorf("%s: the answer %s is not as described: %v", pattern, data, err)
	}
	if response.Header.Get("X-Request-Id") == "" {
		c.t.Errorf("%s: the answer has no request id", pattern)
	}
	if response.StatusCode == http.StatusOK {
		c.called[pattern] = true
		return
	}
	var refusal struct {
		Error struct {
			Type string `json:"type"`
			Code string `json:"code"` // Anthropic's routes have the type here
		} `json:"error"`
	}
	if err := json.Unmarshal(data, &refusal); err != nil {
		c.t.Fatalf("%s: %v", pattern, err)
	}
	types, _ := input.Route.Operation.Responses.Status(response.StatusCode).Value.Extensions["x-error-types"].([]any)
	if !slices.Contains(types, any(refusal.Error.Type)) && !slices.Contains(types, any(refusal.Error.Code)) {
		c.t.Errorf("%s: %d %s is not among the types described: %v", pattern, response.StatusCode, refusal.Error.Type, types)
	}
}

// save keeps a text of an answer under a name.
func (c *caller) save(data []byte, field, name string) {
	c.t.Helper()
	var object map[string]any
	if err := json.Unmarshal(data, &object); err != nil {
		c.t.Fatalf("%v in %s", err, data)
	}
	if list, listed := object[field].([]any); listed && len(list) > 0 { // of a list, the first one's id
		object, field = list[0].(map[string]any), "id"
	}
	text, ok := object[field].(string)
	if !ok {
		c.t.Fatalf("no text %s in %s", field, data)
	}
	c.saved[name] = text
}

// example is a request that succeeds, and one that is refused.
type example struct {
	pattern, query, body string
	// save is the field of the answer to keep, and under which name: "key_id=key".
	save string
	// bad is the query or, for a body, the body that is refused with status; without one a request without a key is.
	bad    string
	status int
}

func TestDescription_isTrueOfEveryOperation(t *testing.T) {
	for name, address := range map[string]func(*testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return storetest.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
			c := newCaller(t, start(t, describedSettings(t, upstream, address(t))))
			c.saved["model"], c.saved["id"] = "gpt-4.1-mini", "1"
			c.saved["team_id"] = "team-a"
			c.saved["soon"] = time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
			receiver := testenv.StartWebhook(t, testenv.WebhookOptions{})
			c.saved["receiver"] = receiver.URL()
			for _, one := range slices.Concat(adminExamples, peopleExamples) {
				c.try(one, adminKey)
			}
			secret := c.newKey(`{"team_id":"team-a"}`)
			for _, operation := range app.Operations() {
				if operation.Tag == "model call" {
					c.tryModelCall(operation.Pattern(), secret)
				}
			}
			for _, one := range lastExamples {
				c.try(one, adminKey)
			}
			for _, operation := range app.Operations() {
				if !c.called[operation.Pattern()] {
					t.Errorf("%s was not called; add an example", operation.Pattern())
				}
			}
		})
	}
}

func describedSettings(t *testing.T, upstream *testenv.Upstream, database string) config.Config {
	t.Helper()
	loaded := settings(t, upstream)
	if database != "" {
		loaded.DatabaseURL, loaded.SecretKey = database, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	}
	cent, mill := 10_000*money.USD, 1000*money.USD
	// A picture is reserved at thousands of tokens, which must fit into the example's budget.
	loaded.Models[0].Price = &api.ModelPrice{TokenPrices: api.TokenPrices{Input: &mill, Output: &mill}}
	loaded.FailuresAllowed = 10_000
	loaded.Models = append(loaded.Models, config.Model{
		Name: "claude", Upstream: "anthropic", BaseURL: upstream.URL(), UpstreamModel: "claude-sonnet-4-5",
		Price: &api.ModelPrice{TokenPrices: api.TokenPrices{Input: &cent, Output: &cent}},
	})
	return loaded
}

func (c *caller) try(one example, key string) {
	c.t.Helper()
	answer := c.call(one.pattern, c.fill(one.query), key, c.fill(one.body), http.StatusOK)
	if field, name, found := strings.Cut(one.save, "="); found {
		c.save(answer, field, name)
	}
	if one.status != 0 {
		query, body := c.fill(one.bad), c.fill(one.body)
		if body != "" {
			query, body = c.fill(one.query), query
		}
		c.call(one.pattern, query, key, body, one.status)
		return // one refusal each: an address that sends too many wrong keys is held off
	}
	public := slices.ContainsFunc(app.Operations(), func(o openapi.Operation) bool { return o.Pattern() == one.pattern && o.Public })
	if !public {
		c.call(one.pattern, c.fill(one.query), "", c.fill(one.body), http.StatusUnauthorized)
	}
}

// soundForm is a form with a sound in it.
const soundForm = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ngpt-4.1-mini\r\n" +
	"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\nsound\r\n--b--\r\n"

// calls are examples of model calls, by the path after any prefix.
var calls = []example{
	{pattern: "POST /chat/completions", body: `{"model":"gpt-4.1-mini","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}`, bad: `{}`, status: 400},
	{pattern: "POST /completions", body: `{"model":"gpt-4.1-mini","max_tokens":5,"prompt":"hi"}`, bad: `{"model":1}`, status: 400},
	{pattern: "POST /embeddings", body: `{"model":"gpt-4.1-mini","input":"hi"}`, bad: `{"model":1}`, status: 400},
	{pattern: "POST /moderations", body: `{"model":"gpt-4.1-mini","input":"hi"}`, bad: `{"model":1}`, status: 400},
	{pattern: "POST /responses", body: `{"model":"gpt-4.1-mini","input":"hi","max_output_tokens":16}`, bad: `{"model":1}`, status: 400},
	{pattern: "POST /messages", body: `{"model":"claude","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}`},
	{pattern: "POST /messages/count_tokens", body: `{"model":"claude","messages":[{"role":"user","content":"hi"}]}`},
	{pattern: "POST /images/generations", body: `{"model":"gpt-4.1-mini","prompt":"a cat"}`, bad: `{"model":1}`, status: 400},
	{pattern: "POST /audio/speech", body: `{"model":"gpt-4.1-mini","input":"hi","voice":"alloy"}`, bad: `{"model":1}`, status: 400},
	{pattern: "POST /audio/transcriptions", body: soundForm},
	{pattern: "POST /audio/translations", body: soundForm},
	{pattern: "GET /models"},
	{pattern: "GET /models/{model}"},
	{pattern: "GET /usage/limits"},
	{pattern: "GET /responses/{response}"},
	{pattern: "GET /responses/{response}/input_items"},
	{pattern: "POST /responses/{response}/cancel"},
	{pattern: "DELETE /responses/{response}"},
}

// tryModelCall finds the example for a route under any prefix. A stored response is made anew for each route about one.
func (c *caller) tryModelCall(pattern, secret string) {
	c.t.Helper()
	method, path, _ := strings.Cut(pattern, " ")
	var one example
	for _, candidate := range calls {
		if m, suffix, _ := strings.Cut(candidate.pattern, " "); m == method && strings.HasSuffix(path, suffix) && len(candidate.pattern) > len(one.pattern) {
			one = candidate
		}
	}
	if one.pattern == "" {
		return // reported as not called
	}
	if strings.Contains(path, "{response}") {
		stored := c.call("POST /v1/responses", "", secret, `{"model":"gpt-4.1-mini","input":"hi","store":true,"max_output_tokens":16}`, http.StatusOK)
		c.save(stored, "id", "response")
	}
	one.pattern = pattern
	c.try(one, secret)
}
