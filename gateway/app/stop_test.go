package app_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// A gateway that is told to stop does not wait for ever: what has not ended by then is settled at what is known of it,
// and every client is told in its own dialect.
func TestStop_settlesWhatItDoesNotWaitFor(t *testing.T) {
	t.Parallel()
	i := install(t, 1)
	key := i.team("marketing", `,"max_budget":50`)
	second := i.settings
	second.DataDir, second.DrainTimeout = t.TempDir(), 200*time.Millisecond
	stopping := start(t, second)

	calls := map[string]struct {
		path, body string
		status     int
		says       string
		// least is what the call is charged at least, in cents: its prompt, and the tokens that have come.
		least int
	}{
		"plain": {
			"/v1/chat/completions", `{"model":"gpt-4.1-mini","max_tokens":50,"messages":[{"role":"user","content":"fake: prompt_tokens=5 completion_tokens=9 hang"}]}`,
			http.StatusServiceUnavailable, `"type":"gateway_stopping_error"`, 5,
		},
		"chat": {
			"/v1/chat/completions", `{"model":"gpt-4.1-mini","stream":true,"max_tokens":50,"messages":[{"role":"user","content":"fake: prompt_tokens=5 completion_tokens=9 hang_after=4"}]}`,
			http.StatusOK, `data: {"error":`, 7,
		},
		"response": {
			"/v1/responses", `{"model":"gpt-4.1-mini","stream":true,"max_output_tokens":50,"input":"fake: prompt_tokens=5 completion_tokens=9 hang_after=4"}`,
			http.StatusOK, `"type":"error"`, 5,
		},
	}
	answers := make(chan outcome, len(calls))
	for id, call := range calls {
		go func() { answers <- tryAt(t.Context(), stopping.URL()+call.path, key, id, call.body) }()
	}
	waiting, cancel := context.WithTimeout(t.Context(), awaitLong)
	defer cancel()
	if err := i.upstream.WaitRunning(waiting, len(calls)); err != nil {
		t.Fatal(err)
	}
	if err := stopping.Stop(t.Context()); err != nil {
		t.Errorf("stop: %v", err)
	}
	for range calls {
		o := <-answers
		call := calls[o.id]
		if o.interrupted != nil || o.status != call.status || !strings.Contains(o.body, call.says) || !strings.Contains(o.body, "the gateway stops") {
			t.Errorf("%s: %d %v %s, want %d and %s", o.id, o.status, o.interrupted, o.body, call.status, call.says)
		}
	}
	rows := map[string]ledgerRow{}
	for _, row := range i.awaitLedger("marketing") {
		rows[row.RequestID] = row
	}
	for id, call := range calls {
		if row := rows[id]; row.Kind != "settle" || row.Cost < cent*money.Nano(call.least) {
			t.Errorf("%s is booked as %+v, want at least %d cents", id, row, call.least)
		}
	}
	if !strings.Contains(stopping.log.String(), `"msg":"calls were cut off after the drain timeout and settled at what is known of them","timeout_ms":200,"calls":3`) {
		t.Error("the log does not say that calls were cut off")
	}
}
