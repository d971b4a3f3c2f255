package proxy_test

import (
	"net/http"
	"strings"
	"testing"
)

// What is too long for a model's name is not repeated in the log: a body's length of it would fill the disk.
func TestLongModel_isNotLogged(t *testing.T) {
	b := newBench(t, nil)
	long := strings.Repeat("long-name ", 100)
	if got := b.send("POST", "/v1/chat/completions", `{"model":"`+long+`","messages":[{}]}`, nil); got.status != http.StatusBadRequest {
		t.Errorf("%d %s", got.status, got.body)
	}
	if log := b.logged(); strings.Contains(log, "long-name") || !strings.Contains(log, `"model":""`) {
		t.Errorf("the log says %s", log)
	}
}

// A secret that was sent for a model stands neither in the log nor in the record, and goes to no provider.
func TestSecretModel_isNotLogged(t *testing.T) {
	for secret, status := range map[string]int{
		"sk-brs_0123456789abcdefghij": 400, "Sk-Proj-0123456789abcdefghij": 400, "AKIAIOSFODNN7EXAMPLE": 400, "AIzaSyA0123456789-0123456789": 400,
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln": 400, "Bearer 0123456789abcdef0123": 400,
		"0123456789abcdef0123456789abcdef": 404, "team/0123456789ABCDEFghijklmnopqrstuvwxyz": 404,
	} {
		b := newBench(t, nil)
		for _, path := range []string{"/v1/chat/completions", "/openai/deployments/" + strings.ReplaceAll(secret, " ", "%20") + "/chat/completions"} {
			got := b.send("POST", path, `{"model":"`+secret+`","messages":[{"role":"user","content":"hi"}]}`, nil)
			if got.status != status && !(strings.Contains(secret, "/") && got.status == 404) {
				t.Errorf("%s: %d %s", secret, got.status, got.body)
			}
		}
		if log := b.logged(); strings.Contains(log, secret) || !strings.Contains(log, `"model":"[redacted]"`) {
			t.Errorf("the log says %s", log)
		}
		if n := len(b.upstream.Requests()); n != 0 {
			t.Errorf("%s: %d requests were forwarded", secret, n)
		}
	}
	b := newBench(t, nil)
	for _, name := range []string{"gpt-4o-mini-2024-07-18-preview", "ft:gpt-4.1-mini-2025-04-14:acme:support:9aBcDeF1", "bedrock/us.anthropic.claude-sonnet-4-20250514-v1:0"} {
		if got := b.send("POST", "/v1/chat/completions", `{"model":"`+name+`","messages":[{}]}`, nil); got.status != http.StatusNotFound || !strings.Contains(b.logged(), name) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}
