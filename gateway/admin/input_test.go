package admin_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
)

func TestBadBody_isRefusedOnEveryRoute(t *testing.T) {
	g := newGateway(t)
	deep := strings.Repeat(`{"metadata":`, 1000) + "1" + strings.Repeat("}", 1000)
	for _, route := range admin.Routes() {
		if route.Method != http.MethodPost {
			continue
		}
		at := path(route)
		g.post(at, "{not json").refused(400, "", "is not valid JSON at byte 1")
		g.post(at, `[1]`).refused(400, "", "must be a JSON object, not a list")
		g.post(at, deep).refused(400, "", "nests deeper than 64 levels")
		g.post(at, "{\"team_id\":\"\xff\"}").refused(400, "", "is not valid UTF-8")
		g.post(at, `{"team_id":"a","team_id":"b"}`).refused(400, "", `gives "team_id" twice`)
		g.post(at, `{} {}`).refused(400, "", "goes on after its JSON object")
		if !route.BodyOptional {
			g.post(at, "").refused(400, "", "is empty")
		}
	}
	g.get("/team/list").ok().has("teams", "[]")
	if told := g.changes.takeTold(); told != "" {
		t.Errorf("told of %q", told)
	}
}

func TestBadBody_tooLarge(t *testing.T) {
	g := newGateway(t)
	body := io.LimitReader(neverending{}, 50<<20)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.URL+"/team/new", body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+adminKey)
	response, err := g.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	answer{t: t, status: response.StatusCode, text: string(text)}.
		refused(413, "", "the request body is larger than the limit of 10485760 bytes")
}

type neverending struct{}

func (neverending) Read(p []byte) (int, error) {
	return copy(p, bytes.Repeat([]byte(" "), len(p))), nil
}

func TestBody_whateverItsContentType(t *testing.T) {
	g := newGateway(t)
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-8"} {
		g.post("/team/new", `{}`, "Content-Type", kind).ok()
	}
}

func TestQuery_malformed(t *testing.T) {
	g := newGateway(t)
	g.get("/team/list?a=%zz").refused(400, "", "query of the address is not well formed")
}

func TestUnknownFields(t *testing.T) {
	g := newGateway(t)
	const body = `{"team_id":"a","organization_id":"o","guardrails":["x"],"spend":5,"created_at":"2020-01-01","revision":9}`
	const unknown = "created_at, guardrails, organization_id, revision, spend"
	g.post("/team/new?strict=true", body).refused(400, "created_at", "unknown fields, refused because of strict=true: "+unknown)
	g.get("/team/info?team_id=a").refused(404, "", "")
	got := g.post("/team/new", body).ok().has("spend", "0", "revision", "1")
	if header := got.header.Get("X-Bursar-Unknown-Fields"); header != unknown {
		t.Errorf("header = %q", header)
	}
	got = g.post("/team/update", `{"team_id":"a","rpm_limit":1}`).ok()
	if header, found := got.header["X-Bursar-Unknown-Fields"]; found {
		t.Errorf("header = %q without unknown fields", header)
	}
}

// A name that nobody has is a mistake, and on a route that changes something a dear one: a limit that is misspelt is no
// limit. LiteLLM's own fields that limit nothing, and what the gateway answered itself, may come along.
func TestUnknownFields_refusedWhereSomethingChanges(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a"}`).ok()
	g.post("/budget/new", `{"budget_id":"b"}`).ok()
	key := g.post("/key/generate", `{"team_id":"a"}`).ok().textAt("key_id")
	g.changes.takeTold()
	for path, body := range map[string]string{
		"/team/new": `{`, "/team/update": `{"team_id":"a",`, "/team/delete": `{"team_ids":["a"],`, "/team/block": `{"team_id":"a",`,
		"/key/generate": `{"team_id":"a",`, "/key/service-account/generate": `{"team_id":"a",`, "/key/update": `{"key":"` + key + `",`,
		"/key/rotate": `{"key":"` + key + `",`, "/key/delete": `{"keys":["` + key + `"],`, "/user/new": `{`, "/user/update": `{"user_id":"u",`,
		"/team/member_add": `{"team_id":"a","member":{"user_id":"u"},`, "/team/bulk_member_add": `{"team_id":"a","members":[{"user_id":"u"}],`,
		"/team/member_update": `{"team_id":"a","user_id":"u",`, "/budget/new": `{`, "/budget/update": `{"budget_id":"b",`,
		"/budget/delete": `{"id":"b",`, "/budget/reset": `{"budget_id":"b",`, "/budget/opening": `{"budget_id":"b","opening_id":"o","spend":0,`, "/usage/bring": `{"origin":"o","day":"2026-11-01","sums":[],`, "/admin_key/new": `{"role":"viewer",`, "/admin_key/update": `{"admin_key_id":"x",`, "/admin_key/rotate": `{"admin_key_id":"x",`,
		"/alert_route/new": `{"name":"n",`, "/model/new": `{"name":"m",`, "/team/model/add": `{"team_id":"a","models":["m"],`,
	} {
		g.post(path, body+`"max_bugdet":1}`).refused(400, "max_bugdet", "is not known here")
	}
	if told := g.changes.takeTold(); told != "" {
		t.Errorf("refused requests changed something: %s", told)
	}
	g.post("/team/new", `{"team_id":"c","members_with_roles":[{"user_id":"u","rol":"admin"}]}`).refused(400, "members_with_roles.rol", "")
	g.get("/team/info?team_id=c").refused(404, "", "")
	if got := g.post("/v2/key/info", `{"keys":["x"],"odd":1}`).ok(); got.header.Get("X-Bursar-Unknown-Fields") != "odd" {
		t.Errorf("LiteLLM's own route that only reads: %v", got.header)
	}
}

func TestUnknownFields_withOddNames(t *testing.T) {
	g := newGateway(t)
	got := g.post("/v2/key/info", `{"keys":["k"],"a\nSet-Cookie: x":1,"ключ":2,"`+strings.Repeat("x", 100)+`":3,"b":4}`).ok()
	want := `"a\nSet-Cookie: x", b, "` + strings.Repeat("x", 64) + `", "\u043a\u043b\u044e\u0447"`
	if header := got.header.Get("X-Bursar-Unknown-Fields"); header != want {
		t.Errorf("header = %q, want %q", header, want)
	}
	if got.header.Get("Set-Cookie") != "" {
		t.Error("a field name became a header")
	}
}

func TestUnknownFields_nested(t *testing.T) {
	g := newGateway(t)
	g.post("/alert_route/new", `{"name":"x","webhook":{"url":"https://a","heades":{}}}`).refused(400, "webhook.heades", "is not known here")
	g.post("/alert_route/new", `{"name":"y","webhook":{"url":"https://a","URL":"https://other"}}`).refused(400, "webhook.URL", "is not known here")
	g.post("/alert_route/new", `{"name":"y","webhook":{"url":"https://a?b=c&d=<e>"}}`).ok().has("webhook.url", `"https://a?b=c\u0026d=\u003ce\u003e"`)
	g.post("/budget/new?strict=true", `{"on_soft_limit":{"reduce_tpm_pct":1}}`).refused(400, "on_soft_limit.reduce_tpm_pct", "")
}

func TestUnknownFields_strictOnEveryRoute(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a"}`).ok()
	g.post("/budget/new", `{"budget_id":"b"}`).ok()
	g.post("/alert_route/new", `{"alert_route_id":"r","name":"x","webhook":{"url":"https://a"}}`).ok()
	key := g.post("/key/generate", `{"key_alias":"k"}`).ok().textAt("key_id")
	g.changes.takeTold()
	named := map[string]string{
		"/key/service-account/generate": `"team_id":"a"`, "/v2/key/info": `"keys":["k"]`, "/key/bulk_update": `"keys":[{}]`,
		"/key/health":  "",
		"/team/delete": `"team_ids":["a"]`, "/key/delete": `"key_aliases":["k"]`, "/budget/info": `"budgets":["b"]`,
		"/budget/delete": `"id":"b"`, "/alert_route/delete": `"alert_route_ids":["r"]`, "/alert_route/check": `"event":"budget.hard_limit"`, "/alert_route/new": `"name":"y","webhook":{"url":"https://a"}`,
		"/team/member_add": `"team_id":"a","member":{"user_id":"u"}`, "/team/bulk_member_add": `"team_id":"a","members":[{"user_id":"u"}]`,
		"/team/member_update": `"team_id":"a","user_id":"u"`, "/team/member_delete": `"team_id":"a","user_id":"u"`,
		"/budget/opening": `"budget_id":"b","opening_id":"o","spend":0`, "/usage/bring": `"origin":"o","day":"2026-11-01"`,
		"/team/model/add": `"team_id":"a","models":["m"]`, "/team/model/delete": `"team_id":"a","models":["m"]`,
		"/team/permissions_update": `"team_id":"a","team_member_permissions":[]`, "/user/update": `"user_id":"u"`,
		"/user/delete": `"user_ids":["u"]`, "/admin_key/delete": `"admin_key_ids":["x"]`, "/admin_key/new": `"role":"viewer"`,
	}
	byNoun := map[string]string{
		"/team/": `"team_id":"a"`, "/key/": `"key":"` + key + `"`, "/budget/": `"budget_id":"b"`, "/alert_route/": `"alert_route_id":"r"`,
		"/model/": `"model_id":"m"`, "/admin_key/": `"admin_key_id":"x"`,
	}
	for _, route := range admin.Routes() {
		if route.Method != http.MethodPost {
			continue
		}
		fields, known := named[route.Path]
		for noun, field := range byNoun {
			creates := strings.HasSuffix(route.Path, "/new") || strings.HasSuffix(route.Path, "/generate")
			if strings.HasPrefix(route.Path, noun) && !known && !creates {
				fields = field
			}
		}
		body := `{` + strings.Trim(fields+`,"surplus":1`, ",") + `}`
		g.post(strings.ReplaceAll(route.Path, "{key}", key)+"?strict=true", body).refused(400, "surplus", "unknown fields")
	}
	if told := g.changes.takeTold(); told != "" || len(g.tester.tested) != 0 {
		t.Errorf("refused requests changed something: %q, %v", told, g.tester.tested)
	}
}

// No answer but the one that makes a key, and no line of the log, may carry a secret.
func TestSecrets_areNeverRepeated(t *testing.T) {
	g := newGateway(t)
	secret := g.post("/key/generate", `{"team_id":""}`).ok().textAt("key")
	own := "sk-canary-own-canary-key-x"
	g.post("/key/generate", `{"key":"`+own+`","key_alias":"own"}`).ok()
	before := len(g.said.String())
	for _, name := range []string{secret, own, own + "x", auth.NewSecret().Reveal()} {
		g.get("/key/info?key=" + name)
		g.post("/key/update", `{"key":"`+name+`","user_id":"u","rpm_limit":-1}`)
		g.post("/key/update", `{"key":"`+name+`","user_id":"u"}`)
		g.post("/key/block", `{"key":"`+name+`"}`)
		g.post("/key/generate", `{"key":"`+name+`"}`, "Idempotency-Key", "i")
		g.post("/key/delete", `{"keys":["`+name+`","key_missing"]}`)
		g.post("/team/info?key="+name, `{"key":"`+name+`"`)
		g.send("GET", "/team/list", "", "Authorization", "Bearer "+name)
		g.send("GET", "/team/list", "", "X-Api-Key", name)
	}
	for place, text := range map[string]string{"answers": g.said.String()[before:], "log": g.log.String()} {
		for _, canary := range []string{secret, own, adminKey} {
			if at := strings.Index(text, canary); at >= 0 {
				// A key that is generated answers its own secret; nothing else does.
				if place == "answers" && strings.Contains(text[max(0, at-10):at], `"key":"`) && canary != adminKey && created(text, at) {
					continue
				}
				t.Errorf("%s carry %q: %s", place, canary, text[max(0, at-200):at])
			}
		}
	}
}

// created says whether the answer that goes on at this place is that of a key being made.
func created(text string, at int) bool {
	line, _, _ := strings.Cut(text[at:], "\n")
	return strings.Contains(line, `"token_id"`) && !strings.Contains(line, `"info"`)
}
