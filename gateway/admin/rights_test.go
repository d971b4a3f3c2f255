package admin_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
)

const leading = auth.RoleTeamAdmin

// A team's admin makes keys for themselves and the team's members, never for somebody elsewhere, known or not.
func TestTeamAdmin_keysAreForMembersOnly(t *testing.T) {
	c := newCompany(t)
	c.post("/user/new", `{"user_id":"bob","user_email":"bob@example.com","max_budget":1,"auto_create_key":false}`).ok()
	c.post("/team/member_add", `{"team_id":"own","member":{"user_id":"ann"}}`).ok()
	made := c.as(leading, "POST", "/key/generate", `{"team_id":"own","user_id":"ann"}`).ok()
	var refusals []string
	for _, stranger := range []string{"bob", "nobody"} {
		got := c.as(leading, "POST", "/key/generate", `{"team_id":"own","user_id":"`+stranger+`"}`).refused(403, "user_id", "a member of the key's team")
		refusals = append(refusals, got.text)
		c.as(leading, "POST", "/key/update", `{"key":"`+made.textAt("key_id")+`","user_id":"`+stranger+`"}`).refused(403, "user_id", "a member of the key's team")
	}
	if strip(refusals[0]) != strip(refusals[1]) {
		t.Errorf("a refusal tells whom the gateway knows: %s, %s", refusals[0], refusals[1])
	}
	c.as(leading, "POST", "/key/update", `{"key":"`+made.textAt("key_id")+`","user_id":null}`).ok()

	// The platform's keys may be for anybody, as LiteLLM's documentation has it; a team's admin does not get their secrets.
	theirs := c.post("/key/generate", `{"team_id":"own","user_id":"bob"}`).ok().textAt("key_id")
	c.as(leading, "POST", "/key/update", `{"key":"`+theirs+`","key_alias":"of bob","rpm_limit":1}`).ok().has("user_id", `"bob"`)
	for _, path := range []string{"/key/rotate", "/key/regenerate", "/key/" + theirs + "/regenerate"} {
		c.as(leading, "POST", path, `{"key":"`+theirs+`"}`).refused(403, "user_id", "a member of the key's team")
	}
	c.as(leading, "POST", "/team/member_add", `{"team_id":"own","member":{"user_id":"bob"}}`).ok()
	// It spends what is bob's own, also now that the team has made him a member; a key that the team makes for him does not.
	c.as(leading, "POST", "/key/rotate", `{"key":"`+theirs+`"}`).refused(403, "user_id", "a budget of their own")
	ofTeam := c.as(leading, "POST", "/key/generate", `{"team_id":"own","user_id":"bob"}`).ok().textAt("key_id")
	c.as(leading, "POST", "/key/rotate", `{"key":"`+ofTeam+`"}`).ok()
	// Whom the platform made a member spends for the team.
	c.post("/user/new", `{"user_id":"eve","max_budget":1,"auto_create_key":false}`).ok()
	c.post("/team/member_add", `{"team_id":"own","member":{"user_id":"eve"}}`).ok()
	eves := c.post("/key/generate", `{"team_id":"own","user_id":"eve"}`).ok().textAt("key_id")
	c.as(leading, "POST", "/key/rotate", `{"key":"`+eves+`"}`).ok()
}

// strip leaves out what differs between any two answers.
func strip(text string) string {
	text, _, _ = strings.Cut(text, `"request_id"`)
	return text
}

// What a team's admin is told of somebody who is put into the team does not go beyond it.
func TestTeamAdmin_seesNothingOfPeopleBeyondTheTeam(t *testing.T) {
	c := newCompany(t)
	c.post("/user/new", `{"user_id":"bob","user_email":"bob@secret.example","user_alias":"Bobby","max_budget":77,"metadata":{"x":"hidden"},"teams":["other"],"auto_create_key":false}`).ok()
	c.post("/user/new", `{"user_id":"eve","user_email":"eve@known.example","teams":["other"],"auto_create_key":false}`).ok()
	answers := []answer{
		c.as(leading, "POST", "/team/member_add", `{"team_id":"own","member":{"user_id":"bob"},"max_budget_in_team":1}`).ok(),
		c.as(leading, "POST", "/team/bulk_member_add", `{"team_id":"own","members":[{"user_email":"eve@known.example"}]}`).ok().has("successful_additions", "1"),
		c.as(leading, "GET", "/team/info?team_id=own", "").ok(),
		c.as(leading, "POST", "/team/member_update", `{"team_id":"own","user_id":"bob","role":"admin"}`).ok(),
		c.as(leading, "GET", "/team/list", "").ok(),
	}
	for _, got := range answers {
		for _, secret := range []string{"bob@secret", "Bobby", "77", "hidden", `"other"`} {
			if strings.Contains(got.text, secret) {
				t.Errorf("a team's admin sees %s: %s", secret, got.text)
			}
		}
	}
	if !strings.Contains(answers[2].text, "eve@known.example") {
		t.Errorf("who was named by address is not shown by it: %s", answers[2].text)
	}
	c.post("/team/member_add", `{"team_id":"own","member":{"user_id":"eve"}}`).refused(400, "member", "already a member")
	// Which address is whose is not for them to find out, or to say.
	for _, body := range []string{
		`{"team_id":"own","member":{"user_id":"x","user_email":"bob@secret.example"}}`, `{"team_id":"own","member":{"user_id":"bob","user_email":"no@secret.example"}}`,
	} {
		c.as(leading, "POST", "/team/member_add", body).refused(400, "user_email", "cannot be sent together with user_id")
	}
	for _, path := range []string{"/team/member_update", "/team/member_delete"} {
		for _, body := range []string{`"user_email":"bob2@secret.example"`, `"user_id":"x","user_email":"bob@secret.example"`, `"user_id":"x"`} {
			if path == "/team/member_update" {
				body += `,"role":"user"`
			}
			c.as(leading, "POST", path, `{"team_id":"own",`+body+`}`).refused(400, "user_id", "User not found in team")
		}
	}
}

// A refusal is the same for what is another team's and for what is nowhere.
func TestTeamAdmin_refusalsTellNotWhatExists(t *testing.T) {
	c := newCompany(t)
	c.post("/budget/new", `{"budget_id":"secret-plan","max_budget":5}`).ok()
	mine := c.as(leading, "POST", "/key/generate", `{"team_id":"own"}`).ok().textAt("key_id")
	for _, role := range []auth.Role{leading, auth.RoleTeamViewer, auth.RoleKey} {
		for _, route := range []struct{ method, path, body string }{
			{"GET", "/key/info?key=%s", ""},
			{"GET", "/team/info?team_id=%[2]s", ""},
			{"POST", "/v2/key/info", `{"keys":["%s"]}`},
			{"POST", "/key/update", `{"key":"%s","rpm_limit":1}`},
			{"POST", "/key/block", `{"key":"%s"}`},
			{"POST", "/key/delete", `{"keys":["%s"]}`},
			{"POST", "/key/delete", `{"key_aliases":["%[3]s"]}`},
			{"POST", "/key/rotate", `{"key":"%s"}`},
			{"POST", "/key/generate", `{"team_id":"%[2]s"}`},
			{"POST", "/key/generate", `{"team_id":"own","budget_id":"%[4]s"}`},
			{"POST", "/key/generate", `{"team_id":"own","speak_for_teams":["%[2]s"]}`},
			{"POST", "/key/update", `{"key":"` + mine + `","budget_id":"%[4]s"}`},
			{"POST", "/team/member_delete", `{"team_id":"%[2]s","user_id":"ann"}`},
		} {
			ask := func(names ...any) answer {
				path, body := fmt.Sprintf(route.path+"%.0[1]s", names...), fmt.Sprintf(route.body+"%.0[1]s", names...)
				return c.as(role, route.method, clean(path), clean(body))
			}
			there, nowhere := ask(c.keys["other"], "other", "of-other", "secret-plan"), ask("key_nowhere", "nowhere", "of-nowhere", "no-plan")
			if there.status != 403 || strip(there.text) != strip(nowhere.text) || there.status != nowhere.status {
				t.Errorf("%s %s as %s: %d %s, of what is nowhere %d %s", route.method, route.path, role, there.status, there.text, nowhere.status, nowhere.text)
			}
		}
	}
	c.post("/team/update", `{"team_id":"own","budget_id":"secret-plan","max_budget":null}`).ok()
	c.as(leading, "POST", "/key/generate", `{"team_id":"own","budget_id":"secret-plan"}`).ok()
}

// A key of the team that somebody else has deleted is gone for the team's admins, as Terraform has to know; one of
// another team is as one that never was.
func TestTeamAdmin_learnsThatAKeyOfTheTeamIsGone(t *testing.T) {
	c := newCompany(t)
	mine := c.as(leading, "POST", "/key/generate", `{"team_id":"own"}`).ok().textAt("key_id")
	c.post("/key/delete", `{"keys":["`+mine+`","`+c.keys["other"]+`"]}`).ok()
	for _, role := range []auth.Role{leading, auth.RoleTeamViewer} {
		c.as(role, "GET", "/key/info?key="+mine, "").refused(404, "key", "not found")
		for _, key := range []string{c.keys["other"], "key_nowhere"} {
			c.as(role, "GET", "/key/info?key="+key, "").refused(403, "", "its own teams only")
		}
	}
	c.as(leading, "POST", "/key/update", `{"key":"`+mine+`","rpm_limit":1}`).refused(404, "key", "not found")
}

// clean takes out what Sprintf says of names that a text has no place for.
func clean(text string) string {
	text, _, _ = strings.Cut(text, "%!(EXTRA")
	return text
}

func TestTeamAdmin_doesNotUndoWhatThePlatformBlocked(t *testing.T) {
	c := newCompany(t)
	c.post("/team/member_add", `{"team_id":"own","member":{"user_id":"ann"}}`).ok()
	const secret = "sk-0123456789abcdefghijklm"
	key := c.post("/key/generate", `{"team_id":"own","user_id":"ann","key":"`+secret+`"}`).ok().textAt("key_id")
	named := `{"key":"` + key + `"`
	c.as(leading, "POST", "/key/block", named+`}`).ok().has("blocked", "true")
	c.as(leading, "POST", "/key/unblock", named+`}`).ok().has("blocked", "false")
	c.as(leading, "POST", "/key/update", named+`,"blocked":true}`).ok()

	c.post("/key/block", named+`}`).ok() // the platform, over the team's own
	c.as(leading, "POST", "/key/block", named+`}`).ok()
	c.as(leading, "POST", "/key/update", named+`,"key_alias":"renamed"}`).ok().has("blocked", "true")
	c.as(leading, "POST", "/key/unblock", named+`}`).refused(403, "", "blocked by the platform")
	c.as(leading, "POST", "/key/update", named+`,"blocked":false}`).refused(403, "", "blocked by the platform")
	c.as(leading, "POST", "/key/rotate", named+`}`).ok().has("blocked", "true")
	c.as(leading, "POST", "/key/delete", `{"keys":["`+key+`"]}`).refused(403, "", "blocked by the platform")
	c.as(leading, "POST", "/team/member_delete", `{"team_id":"own","user_id":"ann"}`).refused(403, "", "blocked by the platform")
	c.get("/key/info?key="+key).ok().has("blocked", "true")
	c.post("/key/unblock", named+`}`).ok().has("blocked", "false")
	c.as(leading, "POST", "/key/delete", `{"keys":["`+key+`"]}`).ok()
}

// A key that makes somebody a team's admin does so for as long as the credential that made it, and the one that made that.
func TestTeamAdmin_keysEndWithTheCredentialThatMadeThem(t *testing.T) {
	for name, end := range map[string]func(c *company, id string){
		"deleted": func(c *company, id string) { c.post("/admin_key/delete", `{"admin_key_ids":["`+id+`"]}`).ok() },
		"expired": func(c *company, _ string) { c.wait(25 * time.Hour) },
		"demoted": func(c *company, id string) {
			c.post("/admin_key/update", `{"admin_key_id":"`+id+`","role":"team_viewer"}`).ok()
		},
		"sees everything now, and changes nothing": func(c *company, id string) {
			c.post("/admin_key/update", `{"admin_key_id":"`+id+`","role":"viewer","team_ids":[]}`).ok()
		},
		"given another team": func(c *company, id string) {
			c.post("/admin_key/update", `{"admin_key_id":"`+id+`","team_ids":["other"]}`).ok()
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCompany(t)
			c.post("/team/member_add", `{"team_id":"own","member":{"user_id":"lead","role":"admin"}}`).ok()
			made := c.post("/admin_key/new", `{"role":"team_admin","team_ids":["own"],"duration":"1d"}`).ok()
			c.callers["helper"] = made.textAt("key")
			c.callers["first"] = c.as("helper", "POST", "/key/generate", `{"team_id":"own","user_id":"lead"}`).ok().textAt("key")
			c.callers["second"] = c.as("first", "POST", "/key/generate", `{"team_id":"own","user_id":"lead"}`).ok().textAt("key")
			own := c.post("/key/generate", `{"team_id":"own","user_id":"lead"}`).ok()
			c.callers["platform's"] = own.textAt("key")
			rotated := c.post("/key/generate", `{"team_id":"own","user_id":"lead"}`).ok().textAt("key_id")
			c.callers["rotated"] = c.as("helper", "POST", "/key/rotate", `{"key":"`+rotated+`"}`).ok().textAt("key")
			for _, role := range []auth.Role{"first", "second", "platform's", "rotated"} {
				c.as(role, "POST", "/key/generate", `{"team_id":"own"}`).ok()
			}
			end(c, made.textAt("admin_key_id"))
			for _, role := range []auth.Role{"first", "second", "rotated"} {
				c.as(role, "POST", "/key/generate", `{"team_id":"own"}`).refused(403, "", "does not have permissions")
			}
			c.as("platform's", "POST", "/key/generate", `{"team_id":"own"}`).ok()
		})
	}
}

// Two credentials of one name have nothing in common: not each other's answers, and not each other's words for them.
func TestIdempotencyKey_belongsToTheCredential(t *testing.T) {
	c := newCompany(t)
	for _, team := range []string{"own", "other"} {
		c.callers[auth.Role(team)] = c.post("/admin_key/new", `{"role":"team_admin","team_ids":["`+team+`"],"admin_key_alias":"lead"}`).ok().textAt("key")
	}
	ask := func(role auth.Role) answer {
		return c.send("POST", "/key/generate", `{}`, "Authorization", "Bearer "+c.callers[role], "Idempotency-Key", "k").ok()
	}
	first, others := ask("own"), ask("other")
	if first.at("key") == others.at("key") {
		t.Fatal("the secret of another team's key was handed over")
	}
	others.has("team_id", `"other"`)
	if again := ask("own"); again.text != first.text {
		t.Errorf("a repetition got %s, not %s", again.text, first.text)
	}
	if root := c.post("/key/generate", `{"team_id":"own"}`, "Idempotency-Key", "k").ok(); root.at("key") == first.at("key") {
		t.Error("the admin key got another's answer")
	}
}

// The audit log says what a change was made with, and nobody signs with the name of another credential.
func TestAudit_namesTheCredential(t *testing.T) {
	c := newCompany(t)
	lead := c.post("/admin_key/new", `{"role":"team_admin","team_ids":["own"],"admin_key_alias":"Lead"}`).ok()
	deputy := c.post("/admin_key/new", `{"role":"admin","admin_key_alias":"deputy"}`).ok()
	c.post("/team/member_add", `{"team_id":"own","member":{"user_id":"ann","role":"admin"}}`).ok()
	caller := c.post("/key/generate", `{"team_id":"own","user_id":"ann"}`).ok()
	leadID, deputyID, keyID := lead.textAt("admin_key_id"), deputy.textAt("admin_key_id"), caller.textAt("key_id")
	for _, test := range []struct{ key, claim, actor, kind, id string }{
		{adminKey, "", "admin", "root_key", "admin"},
		{adminKey, "terraform", "terraform", "root_key", "admin"},
		{adminKey, "admin", "admin", "root_key", "admin"},
		{adminKey, "Lead", "admin (Lead)", "root_key", "admin"},
		{adminKey, "lead", "admin (lead)", "root_key", "admin"},
		{adminKey, leadID, "admin (" + leadID + ")", "root_key", "admin"},
		{adminKey, "key " + keyID, "admin (key " + keyID + ")", "root_key", "admin"},
		{adminKey, "terraform (root)", "terraform (root)", "root_key", "admin"},
		{adminKey, "admin (Lead)", "admin (Lead)", "root_key", "admin"},
		{adminKey, "Admin (Lead)", "admin (Admin (Lead))", "root_key", "admin"},
		{deputy.textAt("key"), "deputy (ci)", "deputy (ci)", "admin_key", deputyID},
		{deputy.textAt("key"), "lead (ci)", "deputy (lead (ci))", "admin_key", deputyID},
		{adminKey, "pipeline-of-main", "admin (pipeline-of-main)", "root_key", "admin"},
		{deputy.textAt("key"), "Pipeline-of-main (run 7)", "deputy (Pipeline-of-main (run 7))", "admin_key", deputyID},
		{adminKey, "Lead  (the boss)", "admin (Lead (the boss))", "root_key", "admin"},
		{adminKey, "Le\u200bad", "admin (Lead)", "root_key", "admin"},
		{deputy.textAt("key"), "ad\u00admin", "deputy (admin)", "admin_key", deputyID},
		{deputy.textAt("key"), "\uff41dmin", "deputy (admin)", "admin_key", deputyID},
		{deputy.textAt("key"), "admin\u00a0(x)", "deputy (admin (x))", "admin_key", deputyID},
		{adminKey, "Lead (the boss)", "admin (Lead (the boss))", "root_key", "admin"},
		{deputy.textAt("key"), "", "deputy", "admin_key", deputyID},
		{deputy.textAt("key"), "ci", "ci", "admin_key", deputyID},
		{deputy.textAt("key"), "admin", "deputy (admin)", "admin_key", deputyID},
		{deputy.textAt("key"), "Lead", "deputy (Lead)", "admin_key", deputyID},
		{lead.textAt("key"), "admin", "Lead (admin)", "admin_key", leadID},
		{caller.textAt("key"), "admin", "key " + keyID + " (admin)", "key", keyID},
	} {
		for _, header := range []string{"X-Bursar-Actor", "Litellm-Changed-By"} {
			c.send("POST", "/key/generate", `{"team_id":"own"}`, "Authorization", "Bearer "+test.key, header, test.claim).ok()
			row := c.get("/audit/" + c.get("/audit?page_size=1").ok().at("total")).ok()
			row.has("actor", quoted(test.actor), "credential_kind", quoted(test.kind), "credential_id", quoted(test.id))
		}
	}
	if got := ids(t, c.get("/audit?credential_id="+keyID), "audit_logs", "credential_kind"); got != `"key","key"` && got != "key,key" {
		t.Errorf("changes made with the key: %s", got)
	}
	c.get("/audit/verify").ok().has("ok", "true")
	for _, name := range []string{"Lead  two", " Lead", "Le\u200bad"} {
		c.post("/admin_key/new", `{"role":"viewer","admin_key_alias":"`+name+`"}`).refused(400, "admin_key_alias", "not seen")
	}
	for _, name := range []string{"admin", "Admin", "key key_1", "ann (bob)", "admin\u200b", "key\u00a0key_1"} {
		c.post("/admin_key/new", `{"role":"viewer","admin_key_alias":"`+name+`"}`).refused(400, "admin_key_alias", "how the audit log names others")
	}
}

func quoted(text string) string { return fmt.Sprintf("%q", text) }
