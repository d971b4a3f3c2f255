package proxy_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
)

// An error that comes in place of a whole answer, though with 200, is a plain failure too, whether a stream was asked for or not.
// What a whole answer says besides an error is an answer.
func TestOpening_anErrorInPlaceOfAWholeAnswer(t *testing.T) {
	failures := map[string]map[string]int{
		"chat":              {`{"error":{"message":"Provider returned error","code":503},"user_id":"u"}`: 503, "\n" + `{"error":"model runner has stopped","choices":[]}`: 502},
		"responses":         {`{"id":"r","object":"response","status":"failed","output":[],"usage":null,"error":{"code":"rate_limit_exceeded","message":"slow"}}`: 429},
		"messages":          {`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`: 529},
		"chat to Anthropic": {`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`: 529},
	}
	for name, answers := range failures {
		spoken := allSpoken[name]
		for text, status := range answers {
			for _, stream := range []string{"true", "false"} {
				spoken.body = strings.Replace(spoken.body, `"stream":true`, `"stream":`+stream, 1)
				provider := answersWith(t, text)
				b := spoken.spread(t, provider, true, 0)
				if got := spoken.ask(b); got.status != http.StatusOK || got.header.Get("X-Bursar-Deployment") != "b" {
					t.Errorf("%s, stream %s: %d %s", text, stream, got.status, got.body)
				}
				b = spoken.spread(t, provider, false, 0)
				if got := spoken.ask(b); got.status != status || b.spent().Settled != 0 || b.spent().Reserved != 0 {
					t.Errorf("%s, stream %s: %d %s, want %d, spent %+v", text, stream, got.status, got.body, status, b.spent())
				}
				spoken.body = strings.Replace(spoken.body, `"stream":false`, `"stream":true`, 1)
			}
		}
	}
	for _, text := range []string{
		`{"error":null,"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":5,"completion_tokens":5}}`,
		`{"error":{"message":"cut short"},"choices":[{"message":{"content":"a"}}]}`,
		`{"error":{"message":"late"},"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":5}}`,
		`{"error":false,"choices":[]}`,
	} {
		spoken := allSpoken["chat"]
		b := spoken.spread(t, answersWith(t, text), false, 0)
		if got := b.send(http.MethodPost, spoken.path, strings.Replace(spoken.body, `"stream":true`, `"stream":false`, 1), nil); got.status != http.StatusOK || strings.TrimSpace(got.body) != text || b.spent().Settled == 0 {
			t.Errorf("%s: %d %s, spent %+v", text, got.status, got.body, b.spent())
		}
	}
}

// A whole answer for a stream is put into the words that were asked in, too, and costs what it says.
func TestOpening_aWholeAnswerForAStreamIsTranslated(t *testing.T) {
	const message = `{"id":"m","type":"message","role":"assistant","content":[{"type":"text","text":"WHOLE"}],"stop_reason":"end_turn","usage":{"input_tokens":5,"output_tokens":3}}`
	spoken := allSpoken["chat to Anthropic"]
	b := spoken.spread(t, answersWith(t, message), false, 0)
	if got := spoken.ask(b); got.status != http.StatusOK || !strings.Contains(got.body, `"content":"WHOLE"`) || !strings.Contains(got.body, `"chat.completion"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if row := b.settled(); row.PromptTokens != 5 || row.CompletionTokens != 3 {
		t.Errorf("%+v", row)
	}
}

// However an error in place of an answer arrives, it is one: behind blanks, in pieces, compressed, and as an object where a stream was asked for.
func TestOpening_anErrorInPlaceOfAnAnswerHoweverItArrives(t *testing.T) {
	const failure = `{"id":"x","error":{"message":"Provider returned error","code":503}}`
	long := `{"id":"` + strings.Repeat("x", 3000) + failure[8:]
	for name, send := range map[string]func(write func(string)){
		"behind blanks":            func(write func(string)) { write("\n \r\n" + failure) },
		"blanks that arrive first": func(write func(string)) { write("\n"); write("  "); write(failure) },
		"many blanks":              func(write func(string)) { write(strings.Repeat(" \n", 5000)); write(failure) },
		"in short pieces": func(write func(string)) {
			for i := range failure {
				write(failure[i : i+1])
			}
		},
		"a long one":        func(write func(string)) { write(long[:2000]); write(long[2000:]) },
		"with a blank line": func(write func(string)) { write(failure + "\r\n\r\n") },
	} {
		for _, encoding := range []string{"", "gzip", "zstd"} {
			for _, kind := range []string{"application/json", "text/event-stream"} {
				provider := arrives(t, kind, encoding, send)
				for _, stream := range []string{"true", "false"} {
					spoken := allSpoken["chat"]
					spoken.body = strings.Replace(spoken.body, `"stream":true`, `"stream":`+stream, 1)
					b := spoken.spread(t, provider, true, 0)
					if got := spoken.ask(b); got.status != http.StatusOK || got.header.Get("X-Bursar-Deployment") != "b" {
						t.Errorf("%s, %q, %s, stream %s: %d %s", name, encoding, kind, stream, got.status, got.body)
					}
					b = spoken.spread(t, provider, false, 0)
					if got := spoken.ask(b); got.status != http.StatusServiceUnavailable || b.spent().Settled != 0 || b.spent().Reserved != 0 {
						t.Errorf("%s, %q, %s, stream %s: %d %s, spent %+v", name, encoding, kind, stream, got.status, got.body, b.spent())
					}
				}
			}
		}
	}
}

// A stream's failure is one behind comments, behind blank lines, without a space and with any line ends.
func TestOpening_aFailureIsOneHoweverItsLinesAreWritten(t *testing.T) {
	const failure = `{"error":{"message":"Provider returned error","code":503}}`
	for _, text := range []string{
		"data:" + failure + "\n\n", "data: " + failure + "\r\n\r\n", "data:" + failure + "\r\r", "\n\n\r\ndata: " + failure + "\n\n",
		": wait\r\n\r\n:\n\ndata:" + failure + "\n\n", "retry: 5\nevent: error\ndata: " + failure + "\n\n", "id: 1\n: a\ndata:" + failure + "\n\n",
	} {
		for _, encoding := range []string{"", "gzip", "zstd"} {
			provider := arrives(t, "text/event-stream", encoding, func(write func(string)) {
				for i := range len(text) {
					write(text[i : i+1])
				}
			})
			b := allSpoken["chat"].spread(t, provider, false, 0)
			if got := allSpoken["chat"].ask(b); got.status != http.StatusServiceUnavailable || b.spent().Settled != 0 {
				t.Errorf("%q, %q: %d %s", text, encoding, got.status, got.body)
			}
		}
	}
}

// A good answer that has begun has all its time, though it says that there is no error, as those of /responses do; what is compressed
// is passed on as what it stands for, and costs what it says.
func TestOpening_aGoodAnswerHasItsTime(t *testing.T) {
	const firstByte = 400 * time.Millisecond
	const begins = `{"id":"r","object":"response","status":"completed","error":null,`
	const ends = `"output":[{"type":"message","content":[{"type":"output_text","text":"a"}]}],"usage":{"input_tokens":5,"output_tokens":5}}`
	for _, encoding := range []string{"", "gzip", "zstd"} {
		provider := arrives(t, "application/json", encoding, func(write func(string)) {
			write(begins)
			time.Sleep(firstByte + firstByte/4)
			write(ends)
		})
		b := newBench(t, func(b *bench) {
			b.routing = deployment.Routing{Timeout: firstByte}
			b.more = append(b.more, b.deployment("spread", provider))
		})
		got := b.send(http.MethodPost, "/v1/responses", `{"model":"spread","input":"hi","max_output_tokens":50}`, nil)
		if got.status != http.StatusOK || strings.TrimSpace(got.body) != begins+ends || got.header.Get("Content-Encoding") != "" {
			t.Errorf("%q: %d %s", encoding, got.status, got.body)
		}
		if rows := b.ledger(); len(rows) != 1 || rows[0].PromptTokens != 5 || rows[0].CompletionTokens != 5 {
			t.Errorf("%q: %+v", encoding, rows)
		}
	}
}

// arrives is a provider whose answer comes in the pieces that send writes.
func arrives(t *testing.T, kind, encoding string, send func(write func(string))) (address string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		to := struct {
			io.Writer
			flush func() error
			close func() error
		}{w, func() error { return nil }, func() error { return nil }}
		switch encoding {
		case "gzip":
			packed := gzip.NewWriter(w)
			to.Writer, to.flush, to.close = packed, packed.Flush, packed.Close
		case "zstd":
			packed, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
			if err != nil {
				t.Error(err)
				return
			}
			to.Writer, to.flush, to.close = packed, packed.Flush, packed.Close
		}
		if encoding != "" {
			w.Header().Set("Content-Encoding", encoding)
		}
		send(func(text string) {
			_, _ = io.WriteString(to, text)
			_ = to.flush()
			_ = http.NewResponseController(w).Flush()
		})
		_ = to.close()
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// answersWith is a provider that answers every request with a text of JSON.
func answersWith(t *testing.T, text string) (address string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(server.Close)
	return server.URL
}
