package proxy

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/proxy/asked"
	"github.com/bursarhq/terraform-provider-bursar/gateway/trace"
	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
)

// operations are what the conventions for generative AI call what a route does, where they have a word for it.
var operations = map[string]string{
	"/chat/completions": "chat", "/responses": "chat", upstream.PathMessages: "chat",
	"/completions": "text_completion", "/embeddings": "embeddings", "/images/generations": "generate_content",
}

// endTrace ends the call's trace with what the log line says of it.
func endTrace(c *call, r *http.Request, status int) {
	if c.span == nil {
		return
	}
	c.endAsking(nil)
	told := trace.Call{
		Operation: cmp.Or(operations[c.endpoint.path], strings.Trim(c.endpoint.path, "/")),
		Model:     asked.NameForLog(cmp.Or(c.model, c.Model), c.served.Label != ""),
		Method:    r.Method, Route: c.endpoint.path, Stream: c.Stream, MaxTokens: c.ClientCap,
		RequestID: c.requestID, ReservationID: c.id, Status: status, Reason: c.reason,
		Booked: c.booked, CostUSD: float64(c.cost) / 1e9,
		InputTokens: c.usage.PromptTokens, OutputTokens: c.usage.CompletionTokens, CachedTokens: c.usage.CachedTokens,
	}
	if c.deployment.BaseURL != "" {
		told.Provider, told.Host = c.deployment.Provider, c.deployment.Host()
		told.ProviderModel, told.DeploymentID = c.deployment.UpstreamModel, c.deployment.ID
	}
	if c.subject != nil {
		told.KeyID = c.subject.Key.KeyID
		if team := c.subject.Key.TeamID; team != nil {
			told.TeamID = *team
		}
	}
	c.span.EndCall(told)
}

// beginAsking begins the span of the deployment that is asked now.
func (c *call) beginAsking() {
	if c.span == nil {
		return
	}
	c.asking = c.span.Ask("upstream")
	c.asking.Provider(c.deployment.Provider, c.deployment.Host(), c.deployment.UpstreamModel, c.deployment.ID)
}

// endAsking ends it when the deployment has failed, or its answer is here.
func (c *call) endAsking(err error) {
	c.asking.End(failing(err))
	c.asking = nil
}

// failing is why a step failed, in the words of the log; "" when it did not.
func failing(err error) string {
	if err == nil {
		return ""
	}
	return reasonOf(err)
}
