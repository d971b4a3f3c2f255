package testenv_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

type chatAnswer struct {
	Choices []struct {
		Message      struct{ Content string }
		FinishReason string `json:"finish_reason"`
	}
	Usage *struct {
		PromptTokens        int64 `json:"prompt_tokens"`
		CompletionTokens    int64 `json:"completion_tokens"`
		TotalTokens         int64 `json:"total_tokens"`
		PromptTokensDetails struct {
			CachedTokens int64 `json:"cached_tokens"`
		} `json:"prompt_tokens_details"`
		CompletionTokensDetails struct {
			ReasoningTokens int64 `json:"reasoning_tokens"`
		} `json:"completion_tokens_details"`
	}
	Error *struct{ Type, Code, Message string }
}

// ask posts a chat request with this user text and extra fields such as `"max_tokens":5`.
func ask(t *testing.T, u *testenv.Upstream, text string, extra ...string) (*http.Response, []byte, error) {
	t.Helper()
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	fields := append([]string{`"model":"m"`, `"messages":[{"role":"user","content":` + string(quoted) + `}]`}, extra...)
	return post(t, u.URL()+"/chat/completions", "{"+strings.Join(fields, ",")+"}", nil)
}

func post(t *testing.T, url, body string, header http.Header) (*http.Response, []byte, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	return response, data, err
}

func mustAsk(t *testing.T, u *testenv.Upstream, text string, extra ...string) (int, chatAnswer) {
	t.Helper()
	response, body, err := ask(t, u, text, extra...)
	if err != nil {
		t.Fatal(err)
	}
	var answer chatAnswer
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%s: %s", err, body)
	}
	return response.StatusCode, answer
}

func TestUpstream_answersPlain(t *testing.T) {
	u := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	status, answer := mustAsk(t, u, "hello fake: completion_tokens=4 reasoning_tokens=1 cached_tokens=2")
	if status != 200 || answer.Choices[0].Message.Content != " the the the" || answer.Choices[0].FinishReason != "stop" {
		t.Errorf("status %d, answer %+v", status, answer)
	}
	// 4 for the message and 67 bytes of text in fours, rounded up.
	want := testenv.Bill{Requests: 1, Usage: testenv.Usage{PromptTokens: 4 + 17, CachedTokens: 2, CompletionTokens: 4, ReasoningTokens: 1}}
	if diff := cmp.Diff(want, u.Billed()); diff != "" {
		t.Error("billed:", diff)
	}
	usage := answer.Usage
	if usage.PromptTokens != 21 || usage.CompletionTokens != 4 || usage.TotalTokens != 25 ||
		usage.PromptTokensDetails.CachedTokens != 2 || usage.CompletionTokensDetails.ReasoningTokens != 1 {
		t.Errorf("claimed: %+v", usage)
	}
}

func TestUpstream_honoursOutputCaps(t *testing.T) {
	u := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	for _, test := range []struct {
		text, extra string
		want        int64
		finish      string
	}{
		{"fake: completion_tokens=20", `"max_tokens":5`, 5, "length"},
		{"fake: completion_tokens=20", `"max_completion_tokens":6`, 6, "length"},
		{"fake: completion_tokens=20", `"max_tokens":9,"max_completion_tokens":7`, 7, "length"},
		{"fake: completion_tokens=20", `"max_tokens":null`, 20, "stop"},
		{"fake: completion_tokens=20", `"n":3`, 60, "stop"},
		{"fake: completion_tokens=20 ignore_cap", `"max_tokens":5`, 20, "stop"},
		{"no instructions", `"max_tokens":100`, 10, "stop"},
	} {
		_, answer := mustAsk(t, u, test.text, test.extra)
		if answer.Usage.CompletionTokens != test.want || answer.Choices[0].FinishReason != test.finish {
			t.Errorf("%s with %s: %d tokens, %s; want %d, %s", test.text, test.extra,
				answer.Usage.CompletionTokens, answer.Choices[0].FinishReason, test.want, test.finish)
		}
	}
}

// events returns the data of all server-sent events in a body.
func events(body []byte) []string {
	var data []string
	for event := range strings.SplitSeq(string(body), "\n\n") {
		if payload, ok := strings.CutPrefix(event, "data: "); ok {
			data = append(data, payload)
		}
	}
	return data
}

func TestUpstream_streams(t *testing.T) {
	u := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	_, body, err := ask(t, u, "fake: completion_tokens=3", `"stream":true`, `"stream_options":{"include_usage":true}`)
	if err != nil {
		t.Fatal(err)
	}
	got := events(body)
	if len(got) != 7 { // role, three tokens, finish, usage, done
		t.Fatalf("%d events: %q", len(got), got)
	}
	if !strings.Contains(got[1], `"content":" the"`) || !strings.Contains(got[4], `"finish_reason":"stop"`) ||
		!strings.Contains(got[5], `"completion_tokens":3`) || !strings.Contains(got[5], `"choices":[]`) || got[6] != "[DONE]" {
		t.Errorf("events: %q", got)
	}
	for _, extra := range []string{`"stream_options":{}`, `"stream_options":{"include_usage":false}`} {
		if _, body, _ := ask(t, u, "hi", `"stream":true`, extra); strings.Contains(string(body), "usage") {
			t.Errorf("usage although %s", extra)
		}
	}
	if _, body, _ := ask(t, u, "fake: no_usage", `"stream":true`, `"stream_options":{"include_usage":true}`); strings.Contains(string(body), "usage") {
		t.Error("usage although no_usage")
	}
}

func TestUpstream_fails(t *testing.T) {
	u := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	response, body, err := ask(t, u, "fake: fail=429 retry_after=7")
	if err != nil || response.StatusCode != 429 || response.Header.Get("Retry-After") != "7" || !strings.Contains(string(body), `"code":"rate_limit_exceeded"`) {
		t.Errorf("429: %v %s", err, body)
	}
	response, body, err = ask(t, u, "fake: fail=503 html")
	if err != nil || response.StatusCode != 503 || response.Header.Get("Content-Type") != "text/html" || !strings.Contains(string(body), "<h1>Service Unavailable") {
		t.Errorf("503: %v %s", err, body)
	}
	response, body, err = ask(t, u, "fake: completion_tokens=3 fial=503")
	if err != nil || response.StatusCode != 400 || !strings.Contains(string(body), "fial=503") {
		t.Errorf("a typo: %v %s", err, body)
	}
	if billed := u.Billed(); billed != (testenv.Bill{}) {
		t.Errorf("failures were billed: %+v", billed)
	}
}

func TestUpstream_nextServesRetries(t *testing.T) {
	u := testenv.StartUpstream(t, testenv.UpstreamOptions{Default: testenv.Behaviour{CompletionTokens: 2}})
	u.Next(testenv.Behaviour{Fail: 500}, testenv.Behaviour{Fail: 502})
	for _, want := range []int{500, 502, 200, 200} {
		if status, _ := mustAsk(t, u, "hi"); status != want {
			t.Errorf("status %d, want %d", status, want)
		}
	}
	u.Behave(testenv.Behaviour{Fail: 504})
	if status, _ := mustAsk(t, u, "hi"); status != 504 {
		t.Errorf("status %d, want 504", status)
	}
	if got := u.Billed().CompletionTokens; got != 4 {
		t.Errorf("%d tokens billed, want 4", got)
	}
}

func TestUpstream_breaks(t *testing.T) {
	u := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	_, body, err := ask(t, u, "fake: completion_tokens=9 break_after=3", `"stream":true`)
	if err == nil || len(events(body)) != 4 || strings.Contains(string(body), "[DONE]") {
		t.Errorf("stream: error %v after %q", err, events(body))
	}
	if _, body, err = ask(t, u, "fake: break_after=1"); err == nil || json.Valid(body) {
		t.Errorf("plain: error %v after %q", err, body)
	}
	if _, _, err = ask(t, u, "fake: drop"); err == nil {
		t.Error("drop: no error")
	}
	if err := u.WaitFinished(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	if got := u.Requests()[0]; got.Billed.CompletionTokens != 3 || got.Chunks != 3 {
		t.Errorf("a stream cut after three tokens is billed %+v after %d chunks", got.Billed, got.Chunks)
	}
}

func TestUpstream_spoilsAnswers(t *testing.T) {
	u := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	if _, body, _ := ask(t, u, "fake: invalid_json"); json.Valid(body) {
		t.Errorf("valid JSON: %s", body)
	}
	_, body, _ := ask(t, u, "fake: invalid_json", `"stream":true`)
	if got := events(body); json.Valid([]byte(got[2])) || !json.Valid([]byte(got[3])) {
		t.Errorf("events: %q", got)
	}
	_, answer := mustAsk(t, u, "fake: huge_bytes=200000 usage_tokens=1")
	if got := len(answer.Choices[0].Message.Content); got != 200_000 || answer.Usage.CompletionTokens != 1 {
		t.Errorf("%d bytes, usage %+v", got, answer.Usage)
	}
	if _, answer := mustAsk(t, u, "fake: no_usage"); answer.Usage != nil {
		t.Errorf("usage although no_usage: %+v", answer.Usage)
	}
}

func TestUpstream_hangsUntilReleased(t *testing.T) {
	u := testenv.StartUpstream(t, testenv.UpstreamOptions{Default: testenv.Behaviour{Hang: true}})
	done := make(chan error, 2)
	for range 2 {
		go func() {
			_, _, err := post(t, u.URL()+"/chat/completions", `{"model":"m","messages":[]}`, nil)
			done <- err
		}()
	}
	if err := u.WaitRunning(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	u.Release()
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if err := u.WaitFinished(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if now, peak := u.Running(); now != 0 || peak != 2 {
		t.Errorf("%d running, peak %d", now, peak)
	}
}

func TestUpstream_noticesThatTheClientLeft(t *testing.T) {
	u := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	ctx, leave := context.WithCancel(t.Context())
	body := strings.NewReader(`{"messages":[{"role":"user","content":"fake: completion_tokens=9 hang_after=2"}],"stream":true}`)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.URL()+"/chat/completions", body)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	leave()
	if err := u.WaitFinished(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if got := u.Requests()[0]; !got.ClientGone || got.Billed.CompletionTokens > 2 {
		t.Errorf("client gone %v, billed %+v", got.ClientGone, got.Billed)
	}
}

func TestUpstream_delays(t *testing.T) {
	u := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	start := time.Now()
	if _, _, err := ask(t, u, "fake: completion_tokens=3 delay_ms=30 chunk_delay_ms=20", `"stream":true`); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 70*time.Millisecond {
		t.Errorf("took %s, want at least 70ms", took)
	}
}

func TestUpstream_checksKeyModelAndHeader(t *testing.T) {
	u := testenv.StartUpstream(t, testenv.UpstreamOptions{APIKey: "secret", Models: []string{"m"}, ControlHeader: true, KeepRequests: 2})
	url := u.URL() + "/chat/completions"
	authorized := http.Header{"Authorization": {"Bearer secret"}, testenv.HeaderFake: {"completion_tokens=3"}}
	for body, want := range map[string]int{
		`{"model":"other","messages":[]}`: 404, `{"model":"m"}`: 400, `not json`: 400, `{"model":"m","messages":[]}`: 200,
	} {
		response, data, err := post(t, url, body, authorized)
		if err != nil || response.StatusCode != want {
			t.Errorf("%s: %v, %s; want %d", body, err, data, want)
		}
	}
	response, _, err := post(t, url, `{"model":"m","messages":[]}`, nil)
	if err != nil || response.StatusCode != 401 {
		t.Errorf("without a key: %v, %v", response, err)
	}
	if got := u.Billed().CompletionTokens; got != 3 {
		t.Errorf("%d tokens billed, want the header's 3", got)
	}
	if got := u.Requests(); len(got) != 2 || got[1].Status != 401 {
		t.Errorf("%d requests kept, want the last two", len(got))
	}
}

func TestUpstream_servesEmbeddingsAndModels(t *testing.T) {
	u := testenv.StartUpstream(t, testenv.UpstreamOptions{Models: []string{"a", "b"}})
	_, body, err := post(t, u.URL()+"/embeddings", `{"model":"e","input":["four","fifteen"],"dimensions":3}`, nil)
	if err != nil || !strings.Contains(string(body), `"embedding":[0.5,0.5,0.5]`) || !strings.Contains(string(body), `"prompt_tokens":3`) {
		t.Errorf("embeddings: %v %s", err, body)
	}
	response, err := http.Get(u.URL() + "/models")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var list struct{ Data []struct{ ID string } }
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil || len(list.Data) != 2 || list.Data[1].ID != "b" {
		t.Errorf("models: %v %+v", err, list)
	}
}
