package api

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

var approvalTime = time.Date(2026, 11, 18, 10, 0, 0, 0, time.UTC)

// What is approved allows itself, in whatever way it is written, and nothing else.
func TestApproved_allowsWhatWasApproved(t *testing.T) {
	team := map[string]string{"team_id": "a"}
	update := ApprovedChange{
		Address: "bursar_team.a", Noun: "team", Action: ChangeUpdate, Identity: team, Open: []string{"webhook.secret", "api_key"},
		Before: json.RawMessage(`{"max_budget":100,"models":[],"blocked":false,"team_member_permissions":null}`),
		After:  json.RawMessage(`{"max_budget":250,"models":[],"blocked":false,"team_member_permissions":null}`),
	}
	create := ApprovedChange{
		Address: "bursar_key.a", Noun: "key", Action: ChangeCreate, Open: []string{"expires"},
		After: json.RawMessage(`{"key_alias":"a","max_budget":5,"duration":"30d","temp_limit_expiry":"2026-12-01T00:00:00Z"}`),
	}
	gone := ApprovedChange{Address: "bursar_team.b", Noun: "team", Action: ChangeDelete, Identity: map[string]string{"team_id": "b"}, Cascade: true, Before: json.RawMessage(`{"max_budget":1}`)}
	person := ApprovedChange{Address: "bursar_team_member.x", Noun: "member", Action: ChangeCreate, Identity: map[string]string{"team_id": "a", "user_email": "x@example.com"}, After: json.RawMessage(`{"role":"user"}`)}
	block := ApprovedChange{Address: "action.bursar_team_block.c", Noun: "team", Action: ChangeUpdate, Identity: map[string]string{"team_id": "c"}, After: json.RawMessage(`{"blocked":true}`)}
	reset := ApprovedChange{Address: "action.bursar_budget_reset.d", Noun: "team", Action: ChangeResetSpend, Identity: map[string]string{"team_id": "d"}, After: json.RawMessage(`{"spend":0}`)}
	nameless := ApprovedChange{Address: "bursar_key.n", Noun: "key", Action: ChangeCreate, Open: []string{"key_alias"}, After: json.RawMessage(`{"team_id":"n"}`)}
	review := QuotaReview{QuotaReviewID: "review_1", QuotaReviewFields: QuotaReviewFields{Changes: []ApprovedChange{update, create, gone, person, block, reset, nameless}}}

	for name, c := range map[string]struct {
		noun, action, object, before, after string
		place                               int
		refused                             string
	}{
		"as approved":             {"team", ChangeUpdate, "a", `{"team_id":"a","max_budget":100.0,"revision":3}`, `{"team_id":"a","max_budget":250,"revision":4}`, 0, ""},
		"open is open":            {"team", ChangeUpdate, "a", `{"max_budget":100,"api_key_fingerprint":"x"}`, `{"max_budget":250,"api_key_fingerprint":"y","has_api_key":true}`, 0, ""},
		"another amount":          {"team", ChangeUpdate, "a", `{"max_budget":100}`, `{"max_budget":5000}`, 0, "max_budget becomes 250 in the approved plan, and comes as 5000"},
		"moved":                   {"team", ChangeUpdate, "a", `{"max_budget":120}`, `{"max_budget":250}`, 0, "max_budget has moved since: it was 100"},
		"more than approved":      {"team", ChangeUpdate, "a", `{"max_budget":100}`, `{"max_budget":250,"rpm_limit":5}`, 0, "rpm_limit"},
		"none and nobody differ":  {"team", ChangeUpdate, "a", `{"max_budget":100,"team_member_permissions":null}`, `{"max_budget":250,"team_member_permissions":[]}`, 0, "team_member_permissions"},
		"blocked at once stays":   {"team", ChangeUpdate, "a", `{"max_budget":100,"blocked":true}`, `{"max_budget":250,"blocked":true}`, 0, ""},
		"another team":            {"team", ChangeUpdate, "z", `{"max_budget":100}`, `{"max_budget":250}`, 0, `update of team "z" is not in the approved review "review_1"`},
		"another noun":            {"budget", ChangeUpdate, "a", `{"max_budget":100}`, `{"max_budget":250}`, 0, "is not in"},
		"a key that lives so":     {"key", ChangeCreate, "k", "", `{"key_id":"k","key_alias":"a","max_budget":5,"hard_cap":false,"expires":"2026-12-18T10:00:01Z","temp_limit_expiry":"2026-12-01T01:00:00+01:00"}`, 1, ""},
		"a key that lives longer": {"key", ChangeCreate, "k", "", `{"key_alias":"a","max_budget":5,"expires":"2027-12-18T10:00:00Z","temp_limit_expiry":"2026-12-01T00:00:00Z"}`, 0, `duration is approved as "30d"`},
		"a key that never ends":   {"key", ChangeCreate, "k", "", `{"key_alias":"a","max_budget":5,"temp_limit_expiry":"2026-12-01T00:00:00Z"}`, 0, `duration is approved as "30d"`},
		"a key with more":         {"key", ChangeCreate, "k", "", `{"key_alias":"a","max_budget":5,"rpm_limit":7,"expires":"2026-12-18T10:00:01Z","temp_limit_expiry":"2026-12-01T00:00:00Z"}`, 0, "rpm_limit is made with null"},
		"a deletion":              {"team", ChangeDelete, "b", `{"max_budget":1,"blocked":true}`, "", 2, ""},
		"a moved deletion":        {"team", ChangeDelete, "b", `{"max_budget":2}`, "", 0, "has moved since"},
		"a key goes with it":      {"key", ChangeDelete, "k", `{"team_id":"b"}`, "", -1, ""},
		"a key does not go":       {"key", ChangeDelete, "k", `{"team_id":"a"}`, "", 0, "is not in"},
		"a member goes with it":   {"member", ChangeDelete, "b#ann", `{"team_id":"b","user_id":"ann"}`, "", -1, ""},
		"somebody comes":          {"user", ChangeCreate, "x", "", `{"user_id":"x","user_email":"X@example.com","max_budget":null,"hard_cap":true,"metadata":{}}`, -1, ""},
		"somebody else comes":     {"user", ChangeCreate, "x", "", `{"user_id":"x","user_email":"y@example.com"}`, 0, "is not in"},
		"somebody with a budget":  {"user", ChangeCreate, "x", "", `{"user_id":"x","user_email":"x@example.com","max_budget":5}`, 0, "is not in"},
		"somebody with a role":    {"user", ChangeCreate, "x", "", `{"user_id":"x","user_email":"x@example.com","user_role":"proxy_admin"}`, 0, "is not in"},
		"blocked":                 {"team", ChangeUpdate, "c", `{"blocked":false,"rpm_limit":3}`, `{"blocked":true,"rpm_limit":3}`, 4, ""},
		"blocked and more":        {"team", ChangeUpdate, "c", `{"blocked":false,"rpm_limit":3}`, `{"blocked":true,"rpm_limit":4}`, 0, "rpm_limit"},
		"set back":                {"team", ChangeResetSpend, "d", `{"spend":7}`, `{"spend":0}`, 5, ""},
		"set back elsewhere":      {"team", ChangeResetSpend, "d", `{"spend":7}`, `{"spend":3}`, 0, "spend"},
		"of any name":             {"key", ChangeCreate, "k", "", `{"key_alias":"z","team_id":"n"}`, 6, ""},
		"rotated":                 {"key", ChangeRotate, "k", `{}`, `{}`, 0, "is not in"},
	} {
		made := MadeChange{Noun: c.noun, Action: c.action, Identity: IdentityOf(c.noun, c.object), Before: json.RawMessage(c.before), After: json.RawMessage(c.after), At: approvalTime}
		place, err := made.Approved(review)
		switch {
		case c.refused == "" && (err != nil || place != c.place):
			t.Errorf("%s: place %d, want %d, %v", name, place, c.place, err)
		case c.refused != "" && (CodeOf(err) != NotApproved || !strings.Contains(err.Error(), c.refused) || !strings.Contains(err.Error(), "bursar approve")):
			t.Errorf("%s: %v", name, err)
		}
		if found := NewApprovals(review).Allow(made); (found == nil) != (err == nil) {
			t.Errorf("%s: the changes with a subject in common say %v", name, found)
		}
	}
	at := approvalTime
	review.Changes[0].UsedAt = &at
	again := MadeChange{Noun: "team", Action: ChangeUpdate, Identity: team, Before: json.RawMessage(`{"max_budget":100}`), After: json.RawMessage(`{"max_budget":250}`), At: approvalTime}
	if _, err := again.Approved(review); CodeOf(err) != NotApproved || !strings.Contains(err.Error(), "was approved once") {
		t.Errorf("a second time: %v", err)
	}
	known := MadeChange{Noun: "member", Action: ChangeCreate, Identity: map[string]string{"team_id": "a", "user_id": "x", "user_email": "X@Example.com"}, After: json.RawMessage(`{"role":"user","user_email":"X@Example.com"}`), At: approvalTime}
	if _, err := known.Approved(review); err != nil {
		t.Errorf("somebody whose address is the approved one in capitals: %v", err)
	}
	unknown := MadeChange{Noun: "member", Action: ChangeCreate, Identity: map[string]string{"team_id": "a", "user_id": "y"}, After: json.RawMessage(`{"role":"user"}`), At: approvalTime}
	if _, err := unknown.Approved(review); CodeOf(err) != NotApproved {
		t.Errorf("somebody whose address is not the approved one: %v", err)
	}
}

func TestQuotaReview_refusesWhatCannotBeKept(t *testing.T) {
	for want, change := range map[string]string{
		"where a secret may stand":         `{"address":"x","noun":"model","action":"create","after":{"api_key":"sk-canary"}}`,
		`"webhook.url" in before`:          `{"address":"x","noun":"alert_route","action":"delete","identity":{"alert_route_id":"a"},"before":{"webhook":[{"url":"https://hooks.example.com/canary"}]}}`,
		`"email.smtp_password" in after`:   `{"address":"x","noun":"alert_route","action":"create","after":{"email":{"smtp_password":["canary"]}}}`,
		`"base_url" in after`:              `{"address":"x","noun":"model","action":"create","after":{"base_url":"https://user:canary@models.example.com/v1"}}`,
		`"metadata[\"a.b\"]" in after`:     `{"address":"x","noun":"team","action":"create","after":{"metadata":{"a.b":["see git+https://canary@git.example.com/x"]}}}`,
		`"max_budget", that no quota is`:   `{"address":"x","noun":"team","action":"create","after":{"max_budget":1e999999}}`,
		`"model_rpm_limit.a", that no`:     `{"address":"x","noun":"team","action":"create","after":{"model_rpm_limit":{"a":[1e-999999]}}}`,
		`"webhook.url" in after`:           `{"address":"x","noun":"alert_route","action":"create","after":{"webhook":{"url":"https://hooks.example.com/canary"}}}`,
		"no field of a team":               `{"address":"x","noun":"team","action":"create","after":{"max_bugdet":5}}`,
		"none that can be approved":        `{"address":"x","noun":"audit","action":"create"}`,
		`action "block", which is none`:    `{"address":"x","noun":"team","action":"block","identity":{"team_id":"a"}}`,
		"identity names team_id":           `{"address":"x","noun":"team","action":"delete"}`,
		"names team_id and user_id":        `{"address":"x","noun":"member","action":"delete","identity":{"team_id":"a"}}`,
		"has no address":                   `{"noun":"team","action":"create"}`,
		"before must be an object or null": `{"address":"x","noun":"team","action":"delete","identity":{"team_id":"a"},"before":[1]}`,
	} {
		var approved ApprovedChange
		if err := json.Unmarshal([]byte(change), &approved); err != nil {
			t.Fatal(err)
		}
		err := QuotaReviewFields{Changes: []ApprovedChange{approved}}.Validate()
		if CodeOf(err) != Invalid || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", change, err)
		}
	}
	fine := ApprovedChange{Address: "x", Noun: "team", Action: ChangeCreate, After: json.RawMessage(`{"metadata":{"site":"https://example.com/@ann","mail":"ann@example.com"},"max_budget":1e3}`)}
	if err := (QuotaReviewFields{Changes: []ApprovedChange{fine}}).Validate(); err != nil {
		t.Error(err)
	}
	if err := (QuotaReviewFields{Changes: []ApprovedChange{fine}, PullRequest: "https://ci:canary@git.example.com/7"}).Validate(); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("a pull request with a password: %v", err)
	}
	if (QuotaReviewFields{}).Validate() == nil {
		t.Error("a review of nothing is valid")
	}
}

// The order of changes, and how their JSON is written, makes no other hash; anything else does.
func TestHashChanges_isOfWhatIsMeant(t *testing.T) {
	first := ApprovedChange{Address: "a", Noun: "team", Action: ChangeCreate, After: json.RawMessage(`{"a":1,"b":2}`)}
	second := ApprovedChange{Address: "b", Noun: "team", Action: ChangeCreate}
	hash := func(changes ...ApprovedChange) string {
		t.Helper()
		sum, err := HashChanges(changes)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	other := first
	other.After = json.RawMessage(`{ "b": 2, "a": 1 }`)
	if hash(first, second) != hash(second, other) {
		t.Error("the same changes have two hashes")
	}
	other.After = json.RawMessage(`{"a":1,"b":3}`)
	if hash(first, second) == hash(other, second) || hash(first, second) == hash(first) {
		t.Error("other changes have the same hash")
	}
}

// Whatever can be approved is told from others of its kind: an approval without an identity is about nothing.
func TestApprovable_hasAnIdentity(t *testing.T) {
	for noun := range approvable {
		if len(ownIDs[noun]) == 0 {
			t.Errorf("nothing says which %s it is", noun)
		}
		change := ApprovedChange{Noun: noun, Action: ChangeUpdate, Identity: map[string]string{}}
		if change.identifies() {
			t.Errorf("a change of any %s can be approved", noun)
		}
	}
	if got := IdentityOf("admin_key", "adminkey_1"); got["admin_key_id"] != "adminkey_1" {
		t.Errorf("an admin key is identified by %v", got)
	}
}
