package trace_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
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

// spans counts those that a collector got over gRPC.
type spans struct {
	collector.UnimplementedTraceServiceServer
	names chan string
}

func (s spans) Export(_ context.Context, request *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	for _, resource := range request.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				s.names <- span.GetName()
			}
		}
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

func TestOpen_overGRPC(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, got := grpc.NewServer(), spans{names: make(chan string, 10)}
	collector.RegisterTraceServiceServer(server, got)
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://"+listener.Addr().String())
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
	tracer, err := trace.Open(t.Context(), os.Getenv, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	step(tracer, request, time.Now())
	if err := tracer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(got.names)
	names := []string{}
	for name := range got.names {
		names = append(names, name)
	}
	if want := []string{"reserve", "upstream", "chat m"}; !slices.Equal(names, want) {
		t.Errorf("the collector got %q, want %q", names, want)
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
