package app_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/trace"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// traceCollector takes traces as OTLP over HTTP has them.
type traceCollector struct {
	*httptest.Server
	mu     sync.Mutex
	spans  []*otlp.Span
	bodies []byte
}

func startTraceCollector(t *testing.T) *traceCollector {
	t.Helper()
	c := &traceCollector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var request collector.ExportTraceServiceRequest
		if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Authorization") != "Bearer of-traces" || proto.Unmarshal(body, &request) != nil {
			t.Errorf("the collector got %s with %d bytes, %v", r.URL.Path, len(body), err)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.bodies = append(c.bodies, body...)
		for _, resource := range request.GetResourceSpans() {
			if name := attributesOf(resource.GetResource().GetAttributes())["service.name"]; name != "bursar" {
				t.Errorf("traces are of the service %s", name)
			}
			for _, scope := range resource.GetScopeSpans() {
				c.spans = append(c.spans, scope.GetSpans()...)
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func attributesOf(pairs []*common.KeyValue) map[string]string {
	attributes := map[string]string{}
	for _, pair := range pairs {
		switch value := pair.GetValue().GetValue().(type) {
		case *common.AnyValue_StringValue:
			attributes[pair.GetKey()] = value.StringValue
		case *common.AnyValue_IntValue:
			attributes[pair.GetKey()] = fmt.Sprint(value.IntValue)
		case *common.AnyValue_DoubleValue:
			attributes[pair.GetKey()] = fmt.Sprint(value.DoubleValue)
		case *common.AnyValue_BoolValue:
			attributes[pair.GetKey()] = fmt.Sprint(value.BoolValue)
		}
	}
	return attributes
}

// trace are the spans of one trace by their names; the call's own is "".
func (c *traceCollector) trace(t *testing.T, id string) map[string]*otlp.Span {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	spans := map[string]*otlp.Span{}
	for _, span := range c.spans {
		if hex.EncodeToString(span.GetTraceId()) != id {
			continue
		}
		name := span.GetName()
		if span.GetKind() == otlp.Span_SPAN_KIND_SERVER {
			name = ""
		}
		spans[name] = span
	}
	for name, span := range spans {
		if name != "" && !bytes.Equal(span.GetParentSpanId(), spans[""].GetSpanId()) {
			t.Errorf("%s is no child of its call", name)
		}
	}
	return spans
}

func startTraced(t *testing.T, c config.Config, address string) *gateway {
	t.Helper()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20of-traces")
	logger := slog.New(slog.DiscardHandler)
	tracer, err := trace.Open(t.Context(), os.Getenv, "test", logger)
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.New(t.Context(), app.Options{Config: c, Logger: logger, Version: "test", Tracer: tracer})
	if err != nil {
		t.Fatal(err)
	}
	a.Start()
	g := &gateway{App: a, t: t, log: &logBuffer{}}
	t.Cleanup(g.stop)
	return g
}

// Each call is one span with its steps, in the client's trace where clients are trusted, which goes on to the provider; nothing
// of what was said is in it.
func TestGateway_traces(t *testing.T) {
	t.Setenv("OTEL_PROPAGATORS", "tracecontext,baggage")
	traces, upstream := startTraceCollector(t), testenv.StartUpstream(t, testenv.UpstreamOptions{})
	g := startTraced(t, settings(t, upstream), traces.URL)
	g.admin("POST", "/team/new", `{"team_id":"red","max_budget":100}`)
	g.admin("POST", "/team/new", `{"team_id":"blue","rpm_limit":0}`)
	red, blue := g.newKey(`{"team_id":"red"}`), g.newKey(`{"team_id":"blue"}`)
	id := func(n int) string { return fmt.Sprintf("%032x", 0xabc0+n) }
	call := func(n int, key, body string) {
		header := http.Header{"Traceparent": {"00-" + id(n) + "-00000000000000aa-01"}, "Tracestate": {"vendor=1"}, "Baggage": {"whose=client"}}
		g.doWith("POST", "/v1/chat/completions", key, body, header)
	}
	call(1, red, hello)
	call(2, red, strings.Replace(hello, `"max_tokens"`, `"stream":true,"max_tokens"`, 1))
	call(3, blue, hello)
	upstream.Next(testenv.Behaviour{Fail: 500})
	call(4, red, hello)
	g.stop() // writes what is left

	for n, want := range map[int][]string{1: {"", "reserve", "settle", "upstream"}, 2: {"", "reserve", "settle", "upstream"}, 3: {"", "reserve"}, 4: {"", "reserve", "settle", "upstream"}} {
		if got := slices.Sorted(maps.Keys(traces.trace(t, id(n)))); !slices.Equal(got, want) {
			t.Errorf("call %d has the spans %q, want %q", n, got, want)
		}
	}
	assertCallSpan(t, traces.trace(t, id(1)), upstream)
	stream := attributesOf(traces.trace(t, id(2))[""].GetAttributes())
	if stream["gen_ai.request.stream"] != "true" || stream["gen_ai.usage.output_tokens"] != "50" {
		t.Errorf("a stream is told as %v", stream)
	}
	refused := attributesOf(traces.trace(t, id(3))[""].GetAttributes())
	if refused["bursar.refusal_reason"] == "" || refused["bursar.team_id"] != "blue" || refused["http.response.status_code"] != "429" {
		t.Errorf("a refusal is told as %v", refused)
	}
	failed := traces.trace(t, id(4))
	if failed["upstream"].GetStatus().GetCode() != otlp.Status_STATUS_CODE_ERROR || failed[""].GetStatus().GetCode() != otlp.Status_STATUS_CODE_ERROR {
		t.Errorf("a provider's failure is told as %v", failed)
	}
	for _, secret := range []string{"fake: prompt", " the the", red, blue, adminKey, "of-traces", "whose=client"} {
		if bytes.Contains(traces.bodies, []byte(secret)) {
			t.Errorf("traces hold %q", secret)
		}
	}
}

func assertCallSpan(t *testing.T, spans map[string]*otlp.Span, upstream *testenv.Upstream) {
	t.Helper()
	own := attributesOf(spans[""].GetAttributes())
	for _, name := range []string{"bursar.key_id", "bursar.request_id", "bursar.reservation_id", "server.address"} {
		if own[name] == "" {
			t.Errorf("the call has no %s", name)
		}
		delete(own, name)
	}
	want := map[string]string{
		"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4.1-mini", "gen_ai.response.model": "gpt-4.1-mini", "gen_ai.provider.name": "openai",
		"gen_ai.request.max_tokens": "50", "gen_ai.request.stream": "false", "gen_ai.usage.input_tokens": "50", "gen_ai.usage.output_tokens": "50",
		"http.request.method": "POST", "http.route": "/chat/completions", "http.response.status_code": "200",
		"bursar.team_id": "red", "bursar.cost_usd": "1",
	}
	if diff := cmp.Diff(want, own); diff != "" {
		t.Errorf("the call is told as (-want +got):\n%s", diff)
	}
	if spans[""].GetName() != "chat gpt-4.1-mini" || hex.EncodeToString(spans[""].GetParentSpanId()) != "00000000000000aa" {
		t.Errorf("the call is %q below %x", spans[""].GetName(), spans[""].GetParentSpanId())
	}
	sent := upstream.Requests()[0].Header
	if want := fmt.Sprintf("00-%x-%x-01", spans[""].GetTraceId(), spans["upstream"].GetSpanId()); sent.Get("Traceparent") != want ||
		sent.Get("Tracestate") != "" || sent.Get("Baggage") != "" {
		t.Errorf("the provider got %v, want traceparent %s", sent, want)
	}
}

// Clients decide on no trace: one that says it is recorded, or that it is not, is linked to. Who has no key gets no span.
func TestGateway_tracesOfClientsAreLinked(t *testing.T) {
	for name, test := range map[string]struct {
		sampler, flags string
		spans          int
	}{
		"a client asks for nothing":  {"", "00", 4},
		"a client asks for a record": {"parentbased_always_off", "01", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("OTEL_TRACES_SAMPLER", test.sampler)
			traces, upstream := startTraceCollector(t), testenv.StartUpstream(t, testenv.UpstreamOptions{})
			g := startTraced(t, settings(t, upstream), traces.URL)
			const id = "0000000000000000000000000000abcd"
			header := http.Header{"Traceparent": {"00-" + id + "-00000000000000aa-" + test.flags}, "Tracestate": {"vendor=1"}}
			g.doWith("POST", "/v1/chat/completions", g.newKey(`{}`), hello, header)
			g.doWith("POST", "/v1/chat/completions", "sk-nobody-0123456789abcdef", hello, header)
			g.stop() // writes what is left

			if len(traces.spans) != test.spans {
				t.Fatalf("the collector got %v, want %d spans", traces.spans, test.spans)
			}
			for _, span := range traces.spans {
				if hex.EncodeToString(span.GetTraceId()) == id {
					t.Errorf("%s is in the client's trace", span.GetName())
				}
				if links := span.GetLinks(); span.GetKind() == otlp.Span_SPAN_KIND_SERVER && (len(links) != 1 ||
					hex.EncodeToString(links[0].GetTraceId()) != id || links[0].GetTraceState() != "") {
					t.Errorf("the call is linked to %v", links)
				}
			}
			sent := upstream.Requests()[0].Header
			if strings.Contains(sent.Get("Traceparent"), id) || sent.Get("Tracestate") != "" {
				t.Errorf("the provider got %v", sent)
			}
		})
	}
}

// A collector that is away costs no call and no stop anything.
func TestGateway_tracesWithoutACollector(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	away := httptest.NewServer(nil)
	away.Close()
	g := startTraced(t, settings(t, upstream), away.URL)
	key := g.newKey(`{}`)
	if status, _, body := g.do("POST", "/v1/chat/completions", key, hello); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
}
