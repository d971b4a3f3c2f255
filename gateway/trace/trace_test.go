package trace_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"

	"github.com/bursarhq/terraform-provider-bursar/gateway/trace"
)

func environment(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

// A variable that cannot be used is named, with what would be right, and without what may be a secret.
func TestCheck(t *testing.T) {
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for says, values := range map[string]map[string]string{
		"": {endpoint: "https://collector.internal:4318", "OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"},
		"OTEL_EXPORTER_OTLP_ENDPOINT is no address; write one such as http://collector.internal:4318": {endpoint: "collector:4318"},
		"OTEL_TRACES_EXPORTER is \"zipkin\"; it must be otlp or none":                                 {"OTEL_TRACES_EXPORTER": "zipkin"},
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL is \"http/json\"; it must be http/protobuf or grpc":       {endpoint: "http://c", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"},
		"OTEL_EXPORTER_OTLP_HEADERS is a list of name=value":                                          {endpoint: "http://c", "OTEL_EXPORTER_OTLP_HEADERS": "s3cret"},
		"OTEL_EXPORTER_OTLP_TIMEOUT is \"10s\"; it must be a whole number":                            {endpoint: "http://c", "OTEL_EXPORTER_OTLP_TIMEOUT": "10s"},
		"OTEL_EXPORTER_OTLP_CERTIFICATE names a file that cannot be read":                             {endpoint: "http://c", "OTEL_EXPORTER_OTLP_CERTIFICATE": "/nowhere.pem"},
		"OTEL_TRACES_SAMPLER is \"sometimes\"":                                                        {endpoint: "http://c", "OTEL_TRACES_SAMPLER": "sometimes"},
		"OTEL_TRACES_SAMPLER_ARG is \"10\"; it must be a share from 0 to 1":                           {endpoint: "http://c", "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "10"},
		"OTEL_SDK_DISABLED is \"yes\"; it must be true or false":                                      {"OTEL_SDK_DISABLED": "yes"},
		"OTEL_RESOURCE_ATTRIBUTES is a list of name=value":                                            {endpoint: "http://c", "OTEL_RESOURCE_ATTRIBUTES": "production"},
		"OTEL_PROPAGATORS is \"b3\"; it must be none, or tracecontext":                                {endpoint: "http://c", "OTEL_PROPAGATORS": "b3"},
	} {
		err := trace.Check(environment(values))
		if says == "" && err != nil || says != "" && (err == nil || !strings.HasPrefix(err.Error(), says)) {
			t.Errorf("%v: %v, want %q", values, err, says)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("it tells a secret: %v", err)
		}
	}
}

// Nothing is traced unless the environment asks for it.
func TestOpen_offUnlessAsked(t *testing.T) {
	for _, values := range []map[string]string{
		{},
		{"OTEL_SERVICE_NAME": "llm"},
		{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"},
		{"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"},
	} {
		tracer, err := trace.Open(t.Context(), environment(values), "test", slog.New(slog.DiscardHandler))
		if tracer != nil || err != nil {
			t.Errorf("%v: %v, %v", values, tracer, err)
		}
	}
}

// received are the spans that a collector got over gRPC.
type received struct {
	collector.UnimplementedTraceServiceServer
	mu    sync.Mutex
	spans []*otlp.Span
}

func (r *received) Export(_ context.Context, request *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, resource := range request.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			r.spans = append(r.spans, scope.GetSpans()...)
		}
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

// exported are the spans that a collector has got when the work is done.
func exported(t *testing.T, work func(*trace.Tracer)) []*otlp.Span {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, got := grpc.NewServer(), &received{}
	collector.RegisterTraceServiceServer(server, got)
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://"+listener.Addr().String())
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
	tracer, err := trace.Open(t.Context(), os.Getenv, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	work(tracer)
	if err := tracer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	got.mu.Lock()
	defer got.mu.Unlock()
	return got.spans
}

func TestOpen_overGRPC(t *testing.T) {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, span := range exported(t, func(tracer *trace.Tracer) { step(tracer, request, time.Now()) }) {
		names = append(names, span.GetName())
	}
	if want := []string{"reserve", "upstream", "chat m"}; !slices.Equal(names, want) {
		t.Errorf("the collector got %q, want %q", names, want)
	}
}

// Whatever a text is, a span holds little of it: spans wait in memory for a collector.
func TestSpan_holdsLittleOfALongText(t *testing.T) {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	const most = 1024
	for _, span := range exported(t, func(tracer *trace.Tracer) {
		tracer.Start(request, "/chat/completions", time.Now()).EndCall(trace.Call{Operation: "chat", Model: strings.Repeat("m", 1<<20)})
	}) {
		if len(span.GetName()) > most {
			t.Errorf("a span's name has %d characters", len(span.GetName()))
		}
		for _, pair := range span.GetAttributes() {
			if n := len(pair.GetValue().GetStringValue()); n > most {
				t.Errorf("%s has %d characters", pair.GetKey(), n)
			}
		}
	}
}

// step is what the data path does with a call's trace.
func step(tracer *trace.Tracer, r *http.Request, at time.Time) {
	span := tracer.Start(r, "/chat/completions", at)
	reserve := span.Step("reserve")
	reserve.End("")
	asking := span.Ask("upstream")
	asking.Provider("openai", "host", "m", "d")
	_ = asking.Header()
	asking.End("")
	span.EndCall(trace.Call{Operation: "chat", Model: "m", Status: 200})
}

// What is off costs nothing.
func TestTracer_offAllocatesNothing(t *testing.T) {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { step(nil, request, time.Time{}) }); n != 0 {
		t.Errorf("a call that is not traced allocates %g times for that", n)
	}
}

func BenchmarkTracer_off(b *testing.B) {
	request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "/", nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		step(nil, request, time.Time{})
	}
}
