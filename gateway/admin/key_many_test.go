package admin_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// LiteLLM's clients know keys by the SHA-256 of the secret.
func TestKey_isNamedByItsSHA256(t *testing.T) {
	g := newGateway(t)
	key := g.post("/key/generate", `{"key_alias":"k"}`).ok()
	secret, id := key.textAt("key"), key.textAt("key_id")
	sum := sha256.Sum256([]byte(secret))
	digest := hex.EncodeToString(sum[:])
	g.get("/key/info?key="+digest).ok().has("key_id", `"`+id+`"`)
	g.post("/key/update", `{"key":"`+strings.ToUpper(digest)+`","rpm_limit":7}`).ok().has("rpm_limit", "7")
	g.get("/key/info?key="+strings.Repeat("0", 64)).refused(404, "key", "Key not found")
	// The digest names the key and is not the key.
	g.send("GET", "/key/info", "", "Authorization", "Bearer "+digest).refused(401, "", "Authentication Error")
	g.post("/key/delete", `{"keys":["`+digest+`"]}`).ok().has("deleted_keys", `["`+digest+`"]`)
	g.get("/key/info?key="+id).refused(404, "key", "Key not found")
}

func TestKeyServiceAccount(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a","rpm_limit":5}`).ok()
	path := "/key/service-account/generate"
	g.post(path, `{"team_id":"a","user_id":"u","key_alias":"s"}`).ok().has("team_id", `"a"`, "user_id", "null", "key_alias", `"s"`)
	for _, missing := range []string{`{}`, `{"team_id":null}`, `{"team_id":""}`, `{"team_id":"none"}`} {
		g.post(path, missing).refused(400, "team_id", "team")
	}
	g.post(path, `{"team_id":"a","rpm_limit":6}`).refused(400, "rpm_limit", "above the 5 of the key's team")
	g.get("/key/list").ok().has("total_count", "1")
}

func TestKeysInfo_inTheOrderAsked(t *testing.T) {
	g := newGateway(t)
	first, second := g.post("/key/generate", `{"user_id":"1"}`).ok(), g.post("/key/generate", `{"user_id":"2"}`).ok()
	g.spending.spent(second.textAt("key_id"), money.USD)
	got := g.post("/v2/key/info", fmt.Sprintf(`{"keys":[%s,"none",%s]}`, second.at("key"), first.at("key_id"))).ok()
	if jsonList(t, got.at("info"), "user_id", "2,1") == false || strings.Contains(got.text, second.textAt("key")) {
		t.Errorf("%s", got.text)
	}
	got.has("key", "["+second.at("key_name")+","+first.at("key_id")+"]")
	if !strings.Contains(got.at("info"), `"spend":1,`) {
		t.Errorf("spending is missing: %s", got.text)
	}
	g.post("/v2/key/info", `{"keys":[`+strings.Repeat(`"a",`, 1000)+`"b"]}`).ok()
	g.post("/v2/key/info", `{}`).refused(400, "keys", "is required")
}

func TestKeyBulkUpdate_eachForItself(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a","rpm_limit":5}`).ok()
	first := g.post("/key/generate", `{"team_id":"a","max_budget":3,"rpm_limit":1,"metadata":{"kept":true}}`).ok()
	second := g.post("/key/generate", `{"team_id":"a"}`).ok()
	got := g.post("/key/bulk_update", fmt.Sprintf(
		`{"keys":[{"key":%s,"rpm_limit":"4","guardrails":[]},{"key":%s,"rpm_limit":6},{"key":"none"},{"key":%s,"max_budget":null}]}`,
		first.at("key"), second.at("key_id"), first.at("key_id"))).ok()
	got.has("total_requested", "4")
	if !jsonList(t, got.at("successful_updates"), "key", first.textAt("key_name")+","+first.textAt("key_id")) ||
		!jsonList(t, got.at("failed_updates"), "key", second.textAt("key_id")+",none") {
		t.Errorf("%s", got.text)
	}
	if !strings.Contains(got.at("failed_updates"), "above the 5 of the key's team") || strings.Contains(got.text, first.textAt("key")) {
		t.Errorf("%s", got.text)
	}
	if header := got.header.Get("X-Bursar-Unknown-Fields"); header != "keys.0.guardrails" {
		t.Errorf("unknown fields are %q", header)
	}
	g.post("/key/bulk_update", fmt.Sprintf(`{"keys":[{"key":%s,"max_bugdet":1}]}`, first.at("key"))).ok().has("successful_updates", "[]")
	// What an entry leaves out is kept, what it calls null is cleared.
	g.get("/key/info?key="+first.textAt("key_id")).ok().
		has("rpm_limit", "4", "max_budget", "null", "metadata", `{"kept":true}`, "team_id", `"a"`)
	g.get("/key/info?key="+second.textAt("key_id")).ok().has("rpm_limit", "null")
	g.post("/key/bulk_update?strict=true", fmt.Sprintf(`{"keys":[{"key":%s,"odd":1}]}`, first.at("key_id"))).ok().has("successful_updates", "[]")
	g.post("/key/bulk_update", `{"keys":[`+strings.Repeat(`{},`, 500)+`{}]}`).refused(400, "keys", "1 to 500")
	g.post("/key/bulk_update", `{"keys":["a"]}`).refused(400, "keys", "list of objects")
}

func TestKeyAliases(t *testing.T) {
	g := newGateway(t)
	for _, alias := range []string{`"Prod-b"`, `"prod-a"`, `"test"`, `null`} {
		g.post("/key/generate", `{"key_alias":`+alias+`}`).ok()
	}
	g.get("/key/aliases").ok().has("aliases", `["prod-a","Prod-b","test"]`)
	g.get("/key/aliases?search=PROD&size=1&page=2").ok().has("aliases", `["Prod-b"]`, "current_page", "2", "size", "1")
	g.get("/key/aliases?search=x").ok().has("aliases", "[]")
}

func TestKeyList_cursorsLeadThroughAllOfIt(t *testing.T) {
	g := newGateway(t)
	for i := range 5 {
		g.post("/key/generate", fmt.Sprintf(`{"key_alias":"k%d"}`, i)).ok()
	}
	var seen []string
	query := "size=2&sort_by=key_alias&sort_order=asc&return_full_object=true"
	for next := ""; ; {
		page := g.get("/key/list?"+query+next).ok().has("total_count", "5")
		seen = append(seen, ids(t, page, "keys", "key_alias"))
		if page.at("next_cursor") == "null" {
			break
		}
		next = "&cursor=" + page.textAt("next_cursor")
		if len(seen) == 1 { // what is made or deleted meanwhile neither shifts nor repeats the rest
			g.post("/key/generate", `{"key_alias":"k00"}`).ok()
			g.post("/key/delete", `{"key_aliases":["k0"]}`).ok()
		}
	}
	if got := strings.Join(seen, ";"); got != "k0,k1;k2,k3;k4" {
		t.Errorf("pages %s", got)
	}
	first := g.get("/key/list?" + query).ok().textAt("next_cursor")
	g.get("/key/list?size=2&cursor="+first).refused(400, "cursor", "another order")
	g.get("/key/list?"+query+"&page=2&cursor="+first).refused(400, "cursor", "together with page")
	teams := g.get("/v2/team/list").ok().has("next_cursor", "null")
	teams.has("total", "0")
}

func TestUnknownParameters_areNamed(t *testing.T) {
	g := newGateway(t)
	got := g.get("/key/list?teamid=a&page=1").ok()
	if header := got.header.Get("X-Bursar-Unknown-Fields"); header != "?teamid" {
		t.Errorf("unknown fields are %q", header)
	}
	g.get("/key/list?strict=true&teamid=a").refused(400, "teamid", "unknown parameters of the address")
	g.post("/team/new?dry_run=true", `{"team_id":"b"}`).refused(400, "dry_run", "no parameter ?dry_run; nothing was changed")
	g.post("/team/new?strict=true&dry_run=true", `{"team_id":"b"}`).refused(400, "dry_run", "")
	g.get("/team/info?team_id=b").refused(404, "", "")
	if got := g.get("/key/list?" + strings.Repeat("x", 200) + "%0d%0aSet-Cookie:a=1").ok(); got.header.Get("Set-Cookie") != "" {
		t.Error("a parameter became a header")
	}
}

func TestIdempotencyKey_coversTheAddress(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_alias":"A"}`, "Idempotency-Key", "k").ok()
	g.post("/team/new?strict=true", `{"team_alias":"A"}`, "Idempotency-Key", "k").refused(409, "", "was used for a different request")
}
