package meter_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench/meter"
)

func post(t *testing.T, ctx context.Context, url, body string) *http.Response { //nolint:revive // t comes first here
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func body(order meter.Order, more string) string {
	return fmt.Sprintf(`{"model": "m", "messages": [{"role": "user", "content": %q}]%s}`, order.Prompt(), more)
}

func TestMeter(t *testing.T) {
	t.Parallel()
	counted := &meter.Meter{}
	server := httptest.NewServer(counted)
	t.Cleanup(server.Close)
	order := meter.Order{ID: "s-1", Words: 5, Answer: 7}
	var answer struct {
		Usage struct {
			Prompt     int64 `json:"prompt_tokens"`
			Completion int64 `json:"completion_tokens"`
		} `json:"usage"`
	}
	if err := json.NewDecoder(post(t, t.Context(), server.URL, body(order, "")).Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if answer.Usage.Prompt != 4+5+7 || answer.Usage.Completion != 7 {
		t.Errorf("reports %+v", answer.Usage)
	}
	order.ID = "s-2"
	post(t, t.Context(), server.URL, body(order, `, "max_tokens": 3`))
	entries := counted.Entries("s-")
	if len(entries) != 2 || entries[0].Cut || entries[0].Cost() != order.Cost() || !entries[1].Cut || entries[1].Completion != 3 {
		t.Errorf("noted %+v", entries)
	}
	if others := counted.Entries("other-"); len(others) != 0 {
		t.Errorf("noted %+v for another scenario", others)
	}
	for _, wrong := range []string{`{}`, `not JSON`, `{"messages": [{"content": "hello"}]}`} {
		if status := post(t, t.Context(), server.URL, wrong).StatusCode; status != http.StatusBadRequest {
			t.Errorf("%s: %d", wrong, status)
		}
	}
}

// A stream is charged by what was sent before the other side hung up.
func TestMeter_streams(t *testing.T) {
	t.Parallel()
	counted := &meter.Meter{}
	server := httptest.NewServer(counted)
	t.Cleanup(server.Close)
	if _, err := io.Copy(io.Discard, post(t, t.Context(), server.URL, body(meter.Order{ID: "whole", Answer: 4}, `, "stream": true`)).Body); err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	response := post(t, ctx, server.URL, body(meter.Order{ID: "left", Answer: 100_000, Pause: time.Millisecond}, `, "stream": true`))
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "data:") {
	}
	leave()
	server.CloseClientConnections()
	server.Close() // it waits for what is under way
	whole, left := counted.Entries("whole")[0], counted.Entries("left")[0]
	if whole.Completion != 4 || len(whole.Events) != 4 {
		t.Errorf("a whole stream is noted as %+v", whole)
	}
	if left.Completion == 0 || left.Completion == 100_000 {
		t.Errorf("a broken stream is charged %d tokens", left.Completion)
	}
}
