package proxy_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func readBody(t *testing.T, response *http.Response) string {
	t.Helper()
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestStream_passesOnAndSettlesBeforeTheEnd(t *testing.T) {
	b := newBench(t, nil)
	got := b.post(say("m", "prompt_tokens=20 completion_tokens=5", `,"stream":true`))
	if got.status != http.StatusOK || !strings.HasPrefix(got.header.Get("Content-Type"), "text/event-stream") {
		t.Fatalf("%d %v", got.status, got.header)
	}
	if !strings.HasSuffix(got.body, "data: [DONE]\n\n") {
		t.Errorf("the end mark is missing: %q", got.body)
	}
	if strings.Contains(got.body, `"choices":[]`) {
		t.Error("the client was sent a usage event it did not ask for")
	}
	if rows := b.ledger(); len(rows) != 1 || rows[0].PromptTokens != 20 || rows[0].CompletionTokens != 5 {
		t.Errorf("ledger: %+v", rows)
	}
}

func TestStream_usageIsPassedOnWhenAskedFor(t *testing.T) {
	b := newBench(t, nil)
	got := b.post(say("m", "completion_tokens=5", `,"stream":true,"stream_options":{"include_usage":true}`))
	if !strings.Contains(got.body, `"completion_tokens":5`) {
		t.Error(got.body)
	}
}

func TestStream_isCountedWhenTheUpstreamSendsNoUsage(t *testing.T) {
	b := newBench(t, nil)
	b.post(say("m", "completion_tokens=9 no_usage", `,"stream":true`))
	if rows := b.ledger(); len(rows) != 1 || rows[0].CompletionTokens < 9 || rows[0].CompletionTokens > 18 || rows[0].PromptTokens == 0 {
		t.Errorf("ledger: %+v", rows)
	}
}

func TestStream_brokenEndsWithAnErrorAndIsCharged(t *testing.T) {
	b := newBench(t, nil)
	got := b.post(say("m", "completion_tokens=50 break_after=4", `,"stream":true`))
	if strings.Contains(got.body, "[DONE]") {
		t.Error("a broken stream has an end mark")
	}
	last := got.body[strings.LastIndex(got.body, "data: ")+len("data: "):]
	var body api.ErrorBody
	if err := json.Unmarshal([]byte(last), &body); err != nil || body.Error.Type != "upstream_error" {
		t.Errorf("last event: %q", last)
	}
	if rows := b.ledger(); len(rows) != 1 || rows[0].CompletionTokens < 2 || rows[0].CompletionTokens > 5 {
		t.Errorf("ledger: %+v", rows)
	}
}

func TestStream_endMarkIsWithheldWhenTheRecordIsDown(t *testing.T) {
	b := newBench(t, nil)
	b.setDown(true)
	got := b.post(say("m", "completion_tokens=3", `,"stream":true`))
	if strings.Contains(got.body, "[DONE]") || !strings.Contains(got.body, "store_unavailable_error") {
		t.Error(got.body)
	}
}

func TestStream_firstBytePassesWhileTheRestIsWaitedFor(t *testing.T) {
	b := newBench(t, nil)
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, b.gateway.URL+"/v1/chat/completions",
		strings.NewReader(say("m", "completion_tokens=5 hang_after=2", `,"stream":true`)))
	request.Header.Set("Authorization", "Bearer "+b.secret)
	response, err := b.gateway.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(response.Body).ReadString('\n'); err != nil || !strings.HasPrefix(line, "data: ") {
		t.Fatalf("%q %v", line, err) // the upstream hangs: only an event that was not kept back can be here
	}
	b.upstream.Release()
	readBody(t, response)
}

// What comes in one piece with the end mark goes out before the call is settled, which alone holds the end mark back.
func TestStream_contentDoesNotWaitForTheRecord(t *testing.T) {
	chat := allSpoken["chat"]
	b := chat.spread(t, plays(t, chat.openings[2]+chat.content+"data: [DONE]\n\n").URL, false, time.Hour)
	settled := make(chan struct{})
	b.recording = func() { <-settled }
	if err := b.readUntil(chat, "FIRST"); err != nil {
		t.Error("the answer's last words wait for its record:", err)
	}
	close(settled)
}

func TestStream_clientThatHangsUpEndsTheUpstreamAndIsCharged(t *testing.T) {
	b := newBench(t, nil)
	ctx, hangUp := context.WithCancel(t.Context())
	request, _ := http.NewRequestWithContext(ctx, http.MethodPost, b.gateway.URL+"/v1/chat/completions",
		strings.NewReader(say("m", "completion_tokens=500 chunk_delay_ms=5", `,"stream":true`)))
	request.Header.Set("Authorization", "Bearer "+b.secret)
	response, err := b.gateway.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(response.Body)
	for range 6 {
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	hangUp()
	_ = response.Body.Close()
	waiting, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := b.upstream.WaitFinished(waiting, 1); err != nil {
		t.Fatal("the upstream works on:", err)
	}
	for len(b.ledger()) == 0 && waiting.Err() == nil {
		time.Sleep(time.Millisecond) // awaited: the row comes after the client is gone
	}
	rows := b.ledger()
	if len(rows) != 1 || rows[0].CompletionTokens == 0 || rows[0].CompletionTokens > 499 {
		t.Fatalf("ledger: %+v", rows)
	}
	if state := b.spent(); state.Reserved != 0 || state.Settled != rows[0].Cost {
		t.Errorf("budget: %+v", state)
	}
}

func TestLog_oneLineWithThePromisedFields(t *testing.T) {
	b := newBench(t, nil)
	b.post(say("m", "prompt_tokens=20 completion_tokens=7", ""))
	b.gateway.Close() // the line is written after the answer
	var line map[string]any
	if err := json.Unmarshal(b.log.Bytes(), &line); err != nil {
		t.Fatalf("%v in %s", err, b.log)
	}
	for field, want := range map[string]any{
		"team_id": "marketing", "key_id": "key_1", "user_id": "user-1", "model": "m",
		"prompt_tokens": 20.0, "completion_tokens": 7.0, "total_tokens": 27.0, "cost_usd": 0.000027, "status": 200.0,
	} {
		if line[field] != want {
			t.Errorf("%s: %v, want %v", field, line[field], want)
		}
	}
	for _, field := range []string{"timestamp", "upstream", "request_id", "latency_ms", "overhead_ms"} {
		if line[field] == nil {
			t.Errorf("%s is missing", field)
		}
	}
}
