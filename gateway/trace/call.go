package trace

import (
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
)

// The attributes, in the words of OpenTelemetry's conventions for generative AI and HTTP, and the gateway's own.
const (
	operationName = attribute.Key("gen_ai.operation.name")
	providerName  = attribute.Key("gen_ai.provider.name")
	requestModel  = attribute.Key("gen_ai.request.model")
	requestStream = attribute.Key("gen_ai.request.stream")
	maxTokens     = attribute.Key("gen_ai.request.max_tokens")
	responseModel = attribute.Key("gen_ai.response.model")
	inputTokens   = attribute.Key("gen_ai.usage.input_tokens")
	outputTokens  = attribute.Key("gen_ai.usage.output_tokens")
	cachedTokens  = attribute.Key("gen_ai.usage.cache_read.input_tokens")

	serverAddress = attribute.Key("server.address")
	errorType     = attribute.Key("error.type")
	requestMethod = attribute.Key("http.request.method")
	httpRoute     = attribute.Key("http.route")
	statusCode    = attribute.Key("http.response.status_code")

	teamID        = attribute.Key("bursar.team_id")
	keyID         = attribute.Key("bursar.key_id")
	requestID     = attribute.Key("bursar.request_id")
	reservationID = attribute.Key("bursar.reservation_id")
	deploymentID  = attribute.Key("bursar.deployment_id")
	refusalReason = attribute.Key("bursar.refusal_reason")
	costUSD       = attribute.Key("bursar.cost_usd")
)

// Call is what a trace tells of one.
type Call struct {
	Operation, Model string
	Method, Route    string
	Stream           bool
	// MaxTokens is what the client asked for at most; 0 is nothing said.
	MaxTokens int64
	// Provider is who answered, as configurations name it, Host where, ProviderModel which of its models; "" is nobody.
	Provider, Host, ProviderModel, DeploymentID string
	TeamID, KeyID, RequestID, ReservationID     string
	InputTokens, OutputTokens, CachedTokens     int64
	// Booked: CostUSD and the tokens are what the call is booked at.
	Booked  bool
	CostUSD float64
	Status  int
	// Reason is why it was refused or failed, "" when it was not.
	Reason string
}

// EndCall ends the span of a request with what became of it.
func (s *Span) EndCall(call Call) {
	if s == nil {
		return
	}
	defer s.span.End()
	if !s.span.IsRecording() {
		return
	}
	s.span.SetName(clip(call.Operation + " " + call.Model))
	s.span.SetAttributes(
		operationName.String(call.Operation), requestModel.String(call.Model), requestMethod.String(call.Method), httpRoute.String(call.Route),
		statusCode.Int(call.Status), requestStream.Bool(call.Stream), requestID.String(call.RequestID), reservationID.String(call.ReservationID))
	s.texts(teamID, call.TeamID, keyID, call.KeyID, providerName, providerOf(call.Provider), serverAddress, call.Host,
		responseModel, call.ProviderModel, deploymentID, call.DeploymentID)
	if call.MaxTokens > 0 {
		s.span.SetAttributes(maxTokens.Int64(call.MaxTokens))
	}
	if call.Booked {
		s.span.SetAttributes(inputTokens.Int64(call.InputTokens), outputTokens.Int64(call.OutputTokens), costUSD.Float64(call.CostUSD))
		if call.CachedTokens > 0 {
			s.span.SetAttributes(cachedTokens.Int64(call.CachedTokens))
		}
	}
	if call.Reason != "" {
		s.span.SetAttributes(errorType.String(call.Reason), refusalReason.String(call.Reason))
	}
	if call.Status >= http.StatusInternalServerError { // what the caller did wrong is no error of the server's span
		s.span.SetStatus(codes.Error, call.Reason)
	}
}

// clip is a name that is as long as a text may be.
func clip(name string) string {
	if len(name) <= longestText {
		return name
	}
	return strings.ToValidUTF8(name[:longestText], "")
}

// texts sets those that are not empty, each a key and its value.
func (s *Span) texts(pairs ...any) {
	for i := 0; i+1 < len(pairs); i += 2 {
		key, _ := pairs[i].(attribute.Key)
		if text, _ := pairs[i+1].(string); text != "" {
			s.span.SetAttributes(key.String(text))
		}
	}
}

// providerOf is what the conventions call a provider.
func providerOf(name string) string {
	if name == "azure" {
		return "azure.ai.openai"
	}
	return name
}
