// Package trace writes OpenTelemetry traces: one span a call, with children for its steps.
//
// It promises that nothing is traced, and nothing costs anything, unless the usual OTEL_ variables ask for it, that a variable
// which cannot be used is told at the start, and that a slow or lost collector holds up no call. It must never know what was
// asked and answered: prompts, answers and secrets are none of its attributes.
package trace

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	otrace "go.opentelemetry.io/otel/trace"
)

// Tracer makes spans. A nil one makes none.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   otrace.Tracer
	log      *slog.Logger
	// joins: a client's trace goes on here, and its word on whether that is recorded counts.
	joins bool
}

// w3c is how a trace goes from one program to the next. Baggage and tracestate are the client's own and go nowhere.
var w3c propagation.TraceContext

// Open returns a tracer as the environment asks for, nil when it asks for none. The exporters read their variables themselves.
// Its errors name the variable, and never a header's value.
func Open(ctx context.Context, getenv func(string) string, version string, logger *slog.Logger) (*Tracer, error) {
	wanted, err := read(getenv)
	if err != nil || !wanted.on {
		return nil, err
	}
	exporter, err := wanted.exporter(ctx)
	if err != nil {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	described, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "bursar"), attribute.String("service.version", version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	otel.SetErrorHandler(teller(logger))
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(described), sdk.WithRawSpanLimits(limits()))
	logger.Info("traces are exported", slog.String("protocol", wanted.protocol))
	tracer := provider.Tracer("github.com/bursarhq/terraform-provider-bursar/gateway", otrace.WithInstrumentationVersion(version))
	return &Tracer{provider: provider, tracer: tracer, log: logger, joins: wanted.joins}, nil
}

// limits are the usual ones, and one for the length of values: spans that wait for a collector are held in memory.
func limits() sdk.SpanLimits {
	l := sdk.NewSpanLimits()
	if l.AttributeValueLengthLimit < 0 || l.AttributeValueLengthLimit > longestText {
		l.AttributeValueLengthLimit = longestText
	}
	return l
}

// longestText is how many characters of a text a span has at most.
const longestText = 1024

func (s settings) exporter(ctx context.Context) (*otlptrace.Exporter, error) {
	if s.protocol == overGRPC {
		return otlptracegrpc.New(ctx)
	}
	return otlptracehttp.New(ctx)
}

// Close exports what is left. A collector that is away is told of and keeps nobody.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		t.log.Warn("the last traces were not exported", slog.String("error", err.Error()))
	}
	return nil
}

const (
	closeTimeout = 5 * time.Second
	// tellEvery is how often a collector that does not take traces is told of.
	tellEvery = time.Minute
)

// teller logs what goes wrong with exports, which it is asked to every few seconds, now and then.
func teller(logger *slog.Logger) otel.ErrorHandlerFunc {
	var last atomic.Int64
	return func(err error) {
		now := time.Now().UnixNano()
		if told := last.Load(); now-told < int64(tellEvery) || !last.CompareAndSwap(told, now) {
			return
		}
		logger.Warn("traces were not exported", slog.String("error", err.Error()))
	}
}

// Span is a piece of work. A nil one takes everything and keeps nothing.
type Span struct {
	tracer otrace.Tracer
	ctx    context.Context //nolint:containedctx // it is how OpenTelemetry names a span to its children
	span   otrace.Span
}

// Start begins the span of a request. The trace that a client brings is linked to; it decides on nothing unless the operator
// trusts clients with that.
func (t *Tracer) Start(r *http.Request, name string, at time.Time) *Span {
	if t == nil {
		return nil
	}
	options := []otrace.SpanStartOption{otrace.WithSpanKind(otrace.SpanKindServer), otrace.WithTimestamp(at)}
	ctx := context.Background()
	client := otrace.SpanContextFromContext(w3c.Extract(ctx, propagation.HeaderCarrier(r.Header))).WithTraceState(otrace.TraceState{})
	switch {
	case !client.IsValid():
	case t.joins:
		ctx = otrace.ContextWithRemoteSpanContext(ctx, client)
	default:
		options = append(options, otrace.WithLinks(otrace.Link{SpanContext: client}))
	}
	ctx, span := t.tracer.Start(ctx, name, options...)
	return &Span{t.tracer, ctx, span}
}

// Step begins a piece of the work within the gateway.
func (s *Span) Step(name string) *Span { return s.child(name, otrace.SpanKindInternal) }

// Ask begins a piece of the work that another program does.
func (s *Span) Ask(name string) *Span { return s.child(name, otrace.SpanKindClient) }

func (s *Span) child(name string, kind otrace.SpanKind) *Span {
	if s == nil {
		return nil
	}
	ctx, span := s.tracer.Start(s.ctx, name, otrace.WithSpanKind(kind))
	return &Span{s.tracer, ctx, span}
}

// Header is what names the span to the program that is asked; nil of no span.
func (s *Span) Header() http.Header {
	if s == nil {
		return nil
	}
	header := http.Header{}
	w3c.Inject(s.ctx, propagation.HeaderCarrier(header))
	return header
}

// Provider says who is asked, and for which of its models.
func (s *Span) Provider(provider, host, model, deployment string) {
	if s == nil || !s.span.IsRecording() {
		return
	}
	s.texts(providerName, providerOf(provider), serverAddress, host, responseModel, model, deploymentID, deployment)
}

// End ends the span; reason says why it failed, "" when it did not.
func (s *Span) End(reason string) {
	if s == nil {
		return
	}
	if reason != "" {
		s.span.SetAttributes(errorType.String(reason))
		s.span.SetStatus(codes.Error, reason)
	}
	s.span.End()
}
