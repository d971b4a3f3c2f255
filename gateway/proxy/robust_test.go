package proxy_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const (
	chatBegins = `{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"the the the"},"finish_reason":"stop"}]`
	chunkThe   = `data: {"choices":[{"index":0,"delta":{"content":" the"}}]}` + "\n\n"
)

// whole answers with a content type and a text.
func whole(kind, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = io.WriteString(w, text)
	}
}

// Whatever a provider does, the client gets one clear error or the answer, nothing stays reserved, and what
// may be billed is in the ledger.
func TestRobust_oddUpstreams(t *testing.T) {
	for name, test := range map[string]struct {
		upstream http.HandlerFunc
		stream   bool
		status   int
		want     string
		kind     string
		// tokens are the least and the most completion tokens that may be booked.
		least, most int64
	}{
		"negative usage":   {whole("application/json", chatBegins+`,"usage":{"prompt_tokens":-5,"completion_tokens":3}}`), false, 200, "the the", api.LedgerSettle, 1000, 1000},
		"absurd usage":     {whole("application/json", chatBegins+`,"usage":{"prompt_tokens":5,"completion_tokens":900000000}}`), false, 200, "the the", api.LedgerSettle, 1000, 1000},
		"absurd prompt":    {whole("application/json", chatBegins+`,"usage":{"prompt_tokens":900000000,"completion_tokens":3}}`), false, 200, "the the", api.LedgerSettle, 3, 3},
		"no usage":         {whole("application/json", chatBegins+`}`), false, 200, "the the", api.LedgerSettle, 3, 4},
		"a page":           {whole("text/html", "<html>captive portal</html>"), false, 502, "broke off", api.LedgerSettle, 0, 0},
		"nothing":          {whole("application/json", ""), false, 502, "broke off", api.LedgerSettle, 0, 0},
		"half an answer":   {whole("application/json", chatBegins), false, 502, "broke off", api.LedgerSettle, 0, 0},
		"a wrong type":     {whole("text/plain", chatBegins+`,"usage":{"prompt_tokens":5,"completion_tokens":3}}`), false, 200, "the the", api.LedgerSettle, 3, 3},
		"an endless one":   {endless, false, 502, "broke off", api.LedgerSettle, 0, 0},
		"gzip unasked":     {zipped("gzip", 0), false, 200, "the the", api.LedgerSettle, 3, 4},
		"half a gzip":      {zipped("gzip", 9), false, 502, "broke off", api.LedgerSettle, 0, 0},
		"unknown encoding": {zipped("br", 0), false, 502, "broke off", api.LedgerSettle, 0, 0},
		"a redirect":       {http.RedirectHandler("https://elsewhere.example/", http.StatusTemporaryRedirect).ServeHTTP, false, 502, "makes no sense", api.LedgerVoid, 0, 0},
		"a page of errors": {pageOfErrors, false, 503, "provider failed (503)", api.LedgerVoid, 0, 0},

		"a page for a stream":      {whole("text/html", "<html>"), true, 502, "broke off", api.LedgerSettle, 0, 0},
		"an answer for a stream":   {whole("application/json", chatBegins+`,"usage":{"prompt_tokens":5,"completion_tokens":3}}`), true, 200, "the the", api.LedgerSettle, 3, 3},
		"an error in a stream":     {whole("text/event-stream", chunkThe+`data: {"error":{"message":"overloaded"}}`+"\n\n"), true, 200, "overloaded", api.LedgerSettle, 1, 2},
		"half a stream":            {whole("text/event-stream", chunkThe+chunkThe), true, 200, "broke off", api.LedgerSettle, 2, 3},
		"half an event":            {whole("text/event-stream", chunkThe+`data: {"cho`), true, 200, "broke off", api.LedgerSettle, 1, 2},
		"a stream that hangs":      {hangs, true, 200, "broke off", api.LedgerSettle, 1, 2},
		"absurd usage of a stream": {whole("text/event-stream", chunkThe+`data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":900000000}}`+"\n\ndata: [DONE]\n\n"), true, 200, "[DONE]", api.LedgerSettle, 1000, 1000},
		"returns and comments":     {whole("text/event-stream", ": hi\r\r"+strings.ReplaceAll(chunkThe, "\n", "\r")+"data: [DONE]\r\r"), true, 200, "[DONE]", api.LedgerSettle, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			odd := httptest.NewServer(test.upstream)
			defer odd.Close()
			b := newBench(t, func(b *bench) {
				b.idle = 200 * time.Millisecond
				d := b.deployment("odd", odd.URL)
				d.MaxInputTokens = 900
				b.more = append(b.more, d)
			})
			more := ""
			if test.stream {
				more = `,"stream":true`
			}
			got := b.post(say("odd", "", more))
			if got.status != test.status || !strings.Contains(got.body, test.want) {
				t.Errorf("%d %.500s, want %d with %q", got.status, got.body, test.status, test.want)
			}
			row := b.settled()
			if row.Kind != test.kind || row.CompletionTokens < test.least || row.CompletionTokens > test.most {
				t.Errorf("row: %+v", row)
			}
			if test.kind == api.LedgerSettle && (row.PromptTokens == 0 || row.PromptTokens > 1000) {
				t.Errorf("%d prompt tokens are booked", row.PromptTokens)
			}
			if state := b.spent(); state.Reserved != 0 || state.Settled != row.Cost {
				t.Errorf("budget: %+v", state)
			}
		})
	}
}

func endless(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	part := []byte(strings.Repeat(" ", 1<<20))
	for range 1024 { // a gibibyte, of which the gateway reads a part
		if _, err := w.Write(part); err != nil || r.Context().Err() != nil {
			return
		}
	}
}

// zipped is an answer in gzip under an encoding's name, without its last bytes if it is cut.
func zipped(encoding string, cut int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		var packed bytes.Buffer
		writer := gzip.NewWriter(&packed)
		_, _ = io.WriteString(writer, chatBegins+`}`)
		_ = writer.Close()
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", encoding)
		_, _ = w.Write(packed.Bytes()[:packed.Len()-cut])
	}
}

func pageOfErrors(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, "<html>sorry</html>")
}

func hangs(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, chunkThe)
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

func TestHeaders_tellCostBudgetAndTime(t *testing.T) {
	b := newBench(t, func(b *bench) { b.team.MaxBudget, b.key.MaxBudget = new(money.USD), new(money.USD/2) })
	got := b.post(say("m", "prompt_tokens=20 completion_tokens=5", ""))
	for header, want := range map[string]string{
		"x-bursar-cost-usd": "0.000025", "x-litellm-response-cost": "0.000025", "x-bursar-model": "m",
		"x-bursar-budget": "key", "x-bursar-budget-limit-usd": "0.5", "x-bursar-budget-remaining-usd": "0.499975",
		"x-litellm-key-spend": "0.000025", "x-litellm-key-max-budget": "0.5", "x-litellm-model-id": "m@" + b.upstream.URL(),
	} {
		if value := got.header.Get(header); value != want {
			t.Errorf("%s: %q, want %q", header, value, want)
		}
	}
	for _, header := range []string{"x-request-id", "x-bursar-overhead-ms", "x-litellm-overhead-duration-ms", "x-litellm-response-duration-ms"} {
		if got.header.Get(header) == "" {
			t.Errorf("%s is missing", header)
		}
	}
}

func TestHeaders_aStreamsCostIsInItsTrailer(t *testing.T) {
	b := newBench(t, nil)
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, b.gateway.URL+"/v1/chat/completions",
		strings.NewReader(say("m", "prompt_tokens=20 completion_tokens=5", `,"stream":true`)))
	request.Header.Set("Authorization", "Bearer "+b.secret)
	response, err := b.gateway.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	readBody(t, response)
	if cost := response.Trailer.Get("x-litellm-response-cost"); cost != "0.000025" {
		t.Errorf("trailer: %v", response.Trailer)
	}
}

func TestRefusals_thatNoRetryHelpsSaySo(t *testing.T) {
	b := newBench(t, func(b *bench) { b.team.TPMLimit = new(int64(500)) })
	if got := b.post(say("m", "", `,"max_tokens":600`)); got.header.Get("x-should-retry") != "false" {
		t.Errorf("too large: %v", got.header)
	}
	b = newBench(t, func(b *bench) { b.team.MaxBudget = new(money.Nano(0)) })
	if got := b.post(say("m", "", "")); got.header.Get("x-should-retry") != "false" {
		t.Errorf("exhausted: %v", got.header)
	}
}
