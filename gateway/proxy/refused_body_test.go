package proxy_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Reading a body is work: a call that is refused for its body counts as a request, so that bad bodies have an end. One
// that a limit refused does not count.
func TestRefusedBody_countsAsARequest(t *testing.T) {
	for name, test := range map[string]struct {
		path, body string
		status     int
	}{
		"no JSON":        {"/v1/chat/completions", `{"model`, 400},
		"too many names": {"/v1/chat/completions", `{"model":"m","x":[` + strings.TrimSuffix(strings.Repeat(`{"a":0},`, 110_000), ",") + `]}`, 400},
		"a wrong field":  {"/v1/chat/completions", `{"model":"m","messages":[{}],"n":-1}`, 400},
		"too large":      {"/v1/chat/completions", `{"model":"m","messages":["` + strings.Repeat("x", 21<<20) + `"]}`, 413},
		"no sound":       {"/v1/audio/transcriptions", `{}`, 400},
		"responses":      {"/v1/responses", `{"model":"m","background":true}`, 400},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, func(b *bench) { b.team.RPMLimit = new(int64(2)) })
			for call, want := range []int{test.status, test.status, 429, 429} {
				if got := b.send("POST", test.path, test.body, nil); got.status != want {
					t.Fatalf("call %d: %d %.300s, want %d", call, got.status, got.body, want)
				}
			}
			for _, row := range b.ledger() {
				if row.Kind != api.LedgerVoid || row.Cost != 0 || row.Model != "" || row.TeamID != "marketing" {
					t.Errorf("row: %+v", row)
				}
			}
			if n := len(b.upstream.Requests()); n != 0 {
				t.Errorf("%d requests were forwarded", n)
			}
			b.ahead.Add(int64(61 * time.Second))
			if got := b.post(`{"model":"m","messages":[{"role":"user","content":"hi"}]}`); got.status != http.StatusOK {
				t.Errorf("a minute later: %d %s", got.status, got.body)
			}
		})
	}
}

// What a limit refused, or nobody is known for, leaves the requests of the minute as they are.
func TestRefusedBody_refusedByLimitsCountsNothing(t *testing.T) {
	b := newBench(t, func(b *bench) { b.team.RPMLimit, b.team.TPMLimit = new(int64(1)), new(int64(100)) })
	for range 3 { // more than a whole minute may use, which is a 400 as well
		if got := b.post(`{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":5000}`); got.status != 400 {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	if got := b.postAs("sk-nobody-knows-this-one-at-all", `{"model`); got.status != 401 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := b.post(`{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":10}`); got.status != http.StatusOK {
		t.Errorf("the one request of the minute: %d %s", got.status, got.body)
	}
}
