package admin_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/stores"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func TestKeyGenerate(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a","models":["gpt-4","claude-2"]}`).ok()
	g.changes.takeTold()
	key := g.post("/key/generate", `{"team_id":"a","user_id":"u1","key_alias":"first","models":["gpt-4"],"duration":"30d",
		"max_budget":"","metadata":{"x":1},"speak_for_teams":["b"]}`).ok().has(
		"team_id", `"a"`, "user_id", `"u1"`, "key_alias", `"first"`, "models", `["gpt-4"]`, "expires", `"2026-12-18T10:20:30Z"`,
		"max_budget", "null", "spend", "0", "blocked", "false", "metadata", `{"x":1}`, "speak_for_teams", `["b"]`, "revision", "1")
	secret := auth.Secret(key.textAt("key"))
	if err := auth.CheckSecret(secret); err != nil {
		t.Errorf("key: %v", err)
	}
	if key.textAt("key_name") != auth.Mask(secret) {
		t.Errorf("key_name = %s", key.at("key_name"))
	}
	if id := key.at("key_id"); id != key.at("token") || id != key.at("token_id") || !strings.HasPrefix(id, `"key_`) {
		t.Errorf("key_id %s, token %s, token_id %s", id, key.at("token"), key.at("token_id"))
	}
	if stored, err := g.store.KeyByDigest(t.Context(), auth.Digest(secret)); err != nil || `"`+stored.KeyID+`"` != key.at("key_id") {
		t.Errorf("the key is not found by its secret: %+v, %v", stored, err)
	}
	if told := g.changes.takeTold(); told != "key nil->blocked=false" {
		t.Errorf("told of %q", told)
	}
}

func TestKeyGenerate_emptyMeansNothing(t *testing.T) {
	g := newGateway(t)
	g.post("/key/generate", `{"team_id":"","user_id":"","key_alias":"","duration":"","budget_duration":"","budget_id":"","key":"",
		"rpm_limit":100.0,"tpm_limit":"2000","max_parallel_requests":null}`).ok().has(
		"team_id", "null", "user_id", "null", "key_alias", "null", "expires", "null", "budget_duration", "null", "budget_id", "null",
		"rpm_limit", "100", "tpm_limit", "2000", "max_parallel_requests", "null")
	g.post("/key/generate", `{"duration":"-1"}`).ok().has("expires", "null")
	g.post("/key/generate", `{}`).ok()
}

func TestKeyGenerate_ownSecret(t *testing.T) {
	g := newGateway(t)
	const own = "sk-long-own-secret-of-2026"
	g.post("/key/generate", `{"key":"`+own+`"}`).ok().has("key", `"`+own+`"`, "key_name", `"sk-...2026"`)
	g.post("/key/generate", `{"key":"`+own+`"}`).refused(400, "key", "in use")
	for _, bad := range []string{"own-secret-of-2026-longer", "sk-short", "sk-one-less-than-LiteLLM", "sk-with space in the middle", "sk-" + strings.Repeat("x", 300)} {
		refusal := g.post("/key/generate", `{"key":"`+bad+`"}`).refused(400, "key", "must start with sk-")
		if strings.Contains(refusal.text, bad) {
			t.Errorf("the refusal repeats the secret: %s", refusal.text)
		}
	}
	const earlier = "sk-given-before-2027" // when 16 characters were enough
	key := api.NewKey("key_earlier")
	if _, err := g.store.CreateKey(t.Context(), api.Change{}, key, auth.Digest(earlier)); err != nil {
		t.Fatal(err)
	}
	g.send("GET", "/key/info", "", "Authorization", "Bearer "+earlier).ok().has("key_id", `"key_earlier"`)
	mistyped := auth.NewSecret().Reveal()
	mistyped = mistyped[:len(mistyped)-1] + "_"
	g.post("/key/generate", `{"key":"`+mistyped+`"}`).refused(400, "key", "checksum")
}

func TestKeyGenerate_refuses(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a","models":["m1"],"rpm_limit":10,"tpm_limit":100,"max_parallel_requests":2,"max_budget":5,
		"budget_duration":"1mo","model_rpm_limit":{"m1":3},"model_tpm_limit":{"m1":30}}`).ok()
	g.post("/key/generate", `{"key_alias":"taken"}`).ok()
	g.changes.takeTold()
	for body, want := range map[string][2]string{
		`{"team_id":"b"}`:                                        {"team_id", `names a team that is not there: "b"`},
		`{"team_id":"a","models":["m1","m2"]}`:                   {"models", `holds "m2", which the key's team does not have; it has m1`},
		`{"team_id":"a","rpm_limit":11}`:                         {"rpm_limit", "is 11, above the 10 of the key's team"},
		`{"team_id":"a","tpm_limit":101}`:                        {"tpm_limit", "above the 100"},
		`{"team_id":"a","max_parallel_requests":3}`:              {"max_parallel_requests", "above the 2"},
		`{"team_id":"a","model_rpm_limit":{"m1":4}}`:             {"model_rpm_limit.m1", "above the 3"},
		`{"team_id":"a","model_tpm_limit":{"m1":31}}`:            {"model_tpm_limit.m1", "above the 30"},
		`{"team_id":"a","max_budget":6,"budget_duration":"1mo"}`: {"max_budget", "is 6, above the 5 of the key's team"},
		`{"budget_id":"missing"}`:                                {"budget_id", "missing"},
		`{"key_alias":"taken"}`:                                  {"key_alias", "Key with alias 'taken' already exists. Unique key aliases across all keys are required."},
		`{"duration":"1 month"}`:                                 {"duration", "is not a duration"},
		`{"duration":"30d","expires":"2027-01-01T00:00:00Z"}`:    {"duration", "cannot be set together with expires"},
		`{"duration":30}`:                                        {"duration", "must be a string"},
		`{"expires":"tomorrow"}`:                                 {"expires", "which is no time"},
		`{"max_budget":-1}`:                                      {"max_budget", "cannot be negative"},
		`{"soft_threshold_pct":2}`:                               {"soft_threshold_pct", "is a share"},
	} {
		g.post("/key/generate", body).refused(400, want[0], want[1])
	}
	g.get("/key/list").ok().has("total_count", "1")
	if told := g.changes.takeTold(); told != "" {
		t.Errorf("told of %q", told)
	}
}

func TestKeyGenerate_withinTheTeam(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a","models":["m1"],"rpm_limit":10,"max_budget":5,"budget_duration":"1mo"}`).ok()
	g.post("/team/new", `{"team_id":"all","models":["all-proxy-models"]}`).ok()
	for _, body := range []string{
		`{"team_id":"a","models":["m1"],"rpm_limit":10,"max_budget":5,"budget_duration":"1mo"}`,
		`{"team_id":"a","models":["all-team-models"]}`,
		`{"team_id":"a","models":[],"tpm_limit":1000000}`,
		`{"team_id":"a","max_budget":6,"budget_duration":"1y"}`, // another period: the team's binds in any case
		`{"team_id":"all","models":["anything"],"rpm_limit":1000}`,
	} {
		g.post("/key/generate", body).ok()
	}
}

func TestKeyInfo(t *testing.T) {
	g := newGateway(t)
	key := g.post("/key/generate", `{"user_id":"u1","max_budget":1}`).ok()
	secret, id := key.textAt("key"), key.textAt("key_id")
	g.spending.spent(id, money.USD/4)
	g.get("/key/info?key="+id).ok().has("key", `"`+id+`"`, "key_id", `"`+id+`"`, "info.token", `"`+id+`"`,
		"info.user_id", `"u1"`, "spend", "0.25", "info.spend", "0.25")
	g.get("/key/info?key="+secret).ok().has("key", key.at("key_name"), "key_id", `"`+id+`"`)
	g.get("/key/info").refused(404, "key", "Key not found") // the admin key is none
	for _, missing := range []string{"key_missing", auth.NewSecret().Reveal(), "sk-short", secret[:len(secret)-1] + "_"} {
		refusal := g.get("/key/info?key="+missing).refused(404, "key", "Key not found in database")
		if strings.Contains(refusal.text, missing) {
			t.Errorf("the refusal repeats what was asked for: %s", refusal.text)
		}
	}
}

// countingRecord counts how often a secret is looked up.
type countingRecord struct {
	stores.Record
	lookups int
}

func (r *countingRecord) KeyByDigest(ctx context.Context, hash []byte) (api.Key, error) {
	r.lookups++
	return r.Record.KeyByDigest(ctx, hash)
}

func TestKeyInfo_mistypedIsNotLookedUp(t *testing.T) {
	g := newGateway(t)
	record := &countingRecord{Record: g.store}
	g.serve(record)
	secret := auth.NewSecret().Reveal()
	g.get("/key/info?key="+secret[:len(secret)-1]+"_").refused(404, "key", "")
	if record.lookups != 0 {
		t.Error("a secret with a wrong checksum was looked up")
	}
	g.get("/key/info?key="+secret).refused(404, "key", "")
	if record.lookups != 1 {
		t.Errorf("%d look-ups", record.lookups)
	}
}

func TestKeyUpdate(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a","rpm_limit":10,"models":["m1","m2"]}`).ok()
	key := g.post("/key/generate", `{"team_id":"a","rpm_limit":10,"models":["m2","m1"],"user_id":"u1","duration":"1h"}`).ok()
	secret, id := key.textAt("key"), key.textAt("key_id")
	g.changes.takeTold()
	g.post("/key/update", `{"key":"`+secret+`","user_id":null,"metadata":{"a":1}}`).ok().has(
		"key", key.at("key_name"), "key_id", `"`+id+`"`, "user_id", "null", "rpm_limit", "10", "models", `["m2","m1"]`,
		"expires", `"2026-11-18T11:20:30Z"`, "metadata", `{"a":1}`, "info.revision", "2")
	for duration, want := range map[string]string{`"-1"`: "null", `"2h"`: `"2026-11-18T12:20:30Z"`, `null`: "null"} {
		g.post("/key/update", `{"key":"`+id+`","duration":`+duration+`}`).ok().has("expires", want)
	}
	g.post("/key/update", `{"key":"`+id+`","rpm_limit":11}`).refused(400, "rpm_limit", "above the 10 of the key's team")
	g.post("/key/update", `{"key":"`+id+`","models":["m3"]}`).refused(400, "models", `holds "m3"`)
	g.post("/key/update", `{"key":"`+id+`","key":"x"}`).refused(400, "", `gives "key" twice`)
	g.post("/key/update", `{"key":"key_missing","rpm_limit":1}`).refused(404, "key", "Key not found in database")
	g.post("/key/update", `{"rpm_limit":1}`).refused(400, "key", "is required")
	g.post("/key/update", `{"key":"`+id+`","rpm_limit":1}`, "If-Match", "1").refused(412, "", "yours was 1")
	if told := g.changes.takeTold(); strings.Count(told, "key ") != 4 {
		t.Errorf("told of %q", told)
	}
}

// A team whose limits were lowered must not make its keys' other fields unchangeable.
func TestKeyUpdate_afterTheTeamWasLowered(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a","rpm_limit":10,"models":["m1","m2"],"max_budget":5}`).ok()
	g.post("/team/new", `{"team_id":"b","rpm_limit":1}`).ok()
	id := g.post("/key/generate", `{"team_id":"a","rpm_limit":10,"models":["m2"],"max_budget":5}`).ok().textAt("key_id")
	g.post("/team/update", `{"team_id":"a","rpm_limit":5,"models":["m1"],"max_budget":2}`).ok()
	g.post("/key/update", `{"key":"`+id+`","key_alias":"renamed","rpm_limit":10,"models":["m2"],"max_budget":5}`).ok().
		has("key_alias", `"renamed"`, "rpm_limit", "10")
	g.post("/key/update", `{"key":"`+id+`","rpm_limit":9}`).refused(400, "rpm_limit", "above the 5")
	g.post("/key/update", `{"key":"`+id+`","max_budget":4}`).refused(400, "max_budget", "above the 2")
	g.post("/key/update", `{"key":"`+id+`","team_id":"b"}`).refused(400, "rpm_limit", "above the 1")
	g.post("/key/update", `{"key":"`+id+`","team_id":null}`).ok().has("team_id", "null", "rpm_limit", "10")
}

func TestKeyBlock(t *testing.T) {
	g := newGateway(t)
	key := g.post("/key/generate", `{}`).ok()
	g.changes.takeTold()
	g.post("/key/block", `{"key":"`+key.textAt("key")+`"}`).ok().has("blocked", "true")
	g.post("/key/unblock", `{"key":"`+key.textAt("key_id")+`"}`).ok().has("blocked", "false")
	if told := g.changes.takeTold(); told != "key blocked=false->blocked=true; key blocked=true->blocked=false" {
		t.Errorf("told of %q", told)
	}
	g.post("/key/block", `{"key":"key_missing"}`).refused(404, "key", "Key not found in database")
}

func TestKeyDelete(t *testing.T) {
	g := newGateway(t)
	var keys []answer
	for i := range 4 {
		keys = append(keys, g.post("/key/generate", fmt.Sprintf(`{"key_alias":"k%d"}`, i)).ok())
	}
	id := func(i int) string { return keys[i].textAt("key_id") }
	g.post("/key/delete", `{"keys":["`+id(0)+`","key_missing"]}`).refused(404, "key", "Key not found in database")
	g.post("/key/delete", `{"keys":["`+id(0)+`"],"key_aliases":["missing"]}`).refused(404, "", "")
	g.post("/key/delete", `{}`).refused(400, "keys", "is required")
	g.get("/key/list").ok().has("total_count", "4")
	g.changes.takeTold()
	g.post("/key/delete", `{"keys":["`+id(0)+`"]}`).ok().has("deleted_keys", `["`+id(0)+`"]`)
	g.post("/key/delete", `{"keys":["`+keys[1].textAt("key")+`","`+id(1)+`"]}`).ok()
	g.post("/key/delete", `{"key_aliases":["k2"]}`).ok().has("deleted_keys", `["k2"]`)
	if told := g.changes.takeTold(); strings.Count(told, "key blocked=false->nil") != 3 {
		t.Errorf("told of %q", told)
	}
	g.get("/key/list").ok().has("keys", `["`+id(3)+`"]`, "total_count", "1")
}

func TestKeyRotate(t *testing.T) {
	g := newGateway(t)
	key := g.post("/key/generate", `{"key_alias":"k","rpm_limit":7}`).ok()
	id, first := key.textAt("key_id"), key.textAt("key")
	second := g.post("/key/rotate", `{"key":"`+id+`","grace_period":"1h"}`).ok().
		has("key_id", `"`+id+`"`, "rpm_limit", "7", "key_alias", `"k"`, "revision", "2").textAt("key")
	works := func(secret string) bool {
		_, err := g.store.KeyByDigest(t.Context(), auth.Digest(auth.Secret(secret)))
		if err != nil && api.CodeOf(err) != api.NotFound {
			t.Fatal(err)
		}
		return err == nil
	}
	if first == second || !works(first) || !works(second) {
		t.Error("within the grace period both secrets work")
	}
	g.wait(time.Hour + time.Second)
	if works(first) || !works(second) {
		t.Error("after it only the new one does")
	}
	third := g.post("/key/"+id+"/regenerate", "").ok().textAt("key")
	if works(second) || !works(third) {
		t.Error("without a grace period the old secret stops at once")
	}
	g.post("/key/regenerate", `{"key":"`+third+`","new_key":"sk-chosen-by-its-own-owner"}`).ok().has("key", `"sk-chosen-by-its-own-owner"`)
	if works(third) || !works("sk-chosen-by-its-own-owner") {
		t.Error("the owner's secret has not taken the old one's place")
	}
	again := g.post("/key/rotate", `{"key":"`+id+`"}`, "Idempotency-Key", "one").ok()
	if repeated := g.post("/key/rotate", `{"key":"`+id+`"}`, "Idempotency-Key", "one").ok(); repeated.text != again.text {
		t.Errorf("a repetition rotates again: %s, then %s", again.text, repeated.text)
	}
	if !works(again.textAt("key")) {
		t.Error("the secret that is answered twice does not work")
	}
	g.post("/key/rotate", `{"key":"`+id+`","new_key":"`+again.textAt("key")+`"}`).refused(400, "new_key", "in use already")
	g.post("/key/rotate", `{"key":"`+id+`","grace_period":"1y"}`).refused(400, "grace_period", "longer than 90 days")
	g.post("/key/rotate", `{"key":"`+id+`","grace_period":"soon"}`).refused(400, "grace_period", "is not a duration")
	g.post("/key/rotate", `{}`).refused(400, "key", "is required")
	g.post("/key/rotate", `{"key":"key_missing"}`).refused(404, "key", "Key not found in database")
}

func TestKeyList(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a"}`).ok()
	var made []string
	for i, body := range []string{`{"team_id":"a","user_id":"u1","key_alias":"z"}`, `{"team_id":"a"}`, `{"user_id":"u1","key_alias":"y"}`} {
		made = append(made, g.post("/key/generate", body).ok().textAt("key_id"))
		g.wait(time.Duration(i+1) * time.Second)
	}
	g.get("/key/list").ok().has("keys", `["`+made[2]+`","`+made[1]+`","`+made[0]+`"]`,
		"total_count", "3", "current_page", "1", "total_pages", "1")
	g.get("/key/list?page=2&size=2").ok().has("keys", `["`+made[0]+`"]`, "total_count", "3", "current_page", "2", "total_pages", "2")
	g.get("/key/list?page=9").ok().has("keys", "[]", "total_count", "3")
	for query, want := range map[string]string{
		"team_id=a": made[1] + "," + made[0], "user_id=u1": made[2] + "," + made[0], "key_alias=y": made[2], "key_alias=x": "",
		"team_id=a&user_id=u1": made[0], "key_hash=" + made[1]: made[1], "sort_by=key_alias&user_id=u1": made[0] + "," + made[2],
		"sort_by=key_alias&sort_order=asc&user_id=u1": made[2] + "," + made[0],
	} {
		if got := ids(t, g.get("/key/list?return_full_object=true&"+query), "keys", "token"); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for query, param := range map[string]string{
		"page=0": "page", "size=0": "size", "sort_by=secret": "sort_by", "return_full_object=maybe": "return_full_object",
	} {
		g.get("/key/list?"+query).refused(400, param, "must be")
	}
}
