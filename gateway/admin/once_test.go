package admin_test

import (
	"strings"
	"testing"
)

func TestIdempotencyKey(t *testing.T) {
	g := newGateway(t)
	for path, body := range map[string]string{
		"/team/new": `{"team_alias":"A"}`, "/key/generate": `{"key_alias":"k"}`, "/budget/new": `{"max_budget":1}`,
		"/alert_route/new": `{"name":"x","webhook":{"url":"https://a","secret":"` + webhookSecret + `"}}`,
	} {
		key := strings.ReplaceAll(path, "/", "-")
		first := g.post(path, body, "Idempotency-Key", key).ok()
		g.changes.takeTold()
		again := g.post(path, body, "Idempotency-Key", key).ok()
		if first.text != again.text {
			t.Errorf("%s: first %s, again %s", path, first.text, again.text)
		}
		if g.changes.takeTold() == "" {
			t.Errorf("%s: a repetition does not make sure that the change is in force", path)
		}
		g.post(path, " "+body, "Idempotency-Key", key).
			refused(409, "", "was used for a different request")
	}
	g.get("/v2/team/list").ok().has("total", "1")
	g.get("/key/list").ok().has("total_count", "1")
	for _, bad := range []string{strings.Repeat("x", 256), "two words"} {
		g.post("/team/new", `{}`, "Idempotency-Key", bad).refused(400, "Idempotency-Key", "printable")
	}
}

func TestIdempotencyKey_ofARefusedRequestIsFree(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a","rpm_limit":-1}`, "Idempotency-Key", "k").refused(400, "rpm_limit", "")
	g.post("/team/new", `{"team_id":"a"}`).ok()
	g.post("/team/new", `{"team_id":"a","rpm_limit":1}`, "Idempotency-Key", "k").refused(400, "team_id", "already exists")
	g.post("/team/new", `{"team_id":"b","rpm_limit":1}`, "Idempotency-Key", "k").ok()
}
