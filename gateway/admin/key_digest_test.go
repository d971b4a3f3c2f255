package admin_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
)

// A key that is made by the digest of a secret is opened by the secret, as LiteLLM's clients have it.
func TestKeyGenerate_byDigest(t *testing.T) {
	g := newGateway(t)
	const theirs = "sk-as-LiteLLM-made-it-22xx"
	sum := sha256.Sum256([]byte(theirs))
	digest := hex.EncodeToString(sum[:])
	made := g.post("/key/generate", `{"token_sha256":"`+digest+`","key_name":"sk-...22xx","key_alias":"app","rpm_limit":5}`).ok().
		has("key", `""`, "key_name", `"sk-...22xx"`)
	g.send("GET", "/key/info", "", "Authorization", "Bearer "+theirs).ok().has("key_id", `"`+made.textAt("key_id")+`"`, "rpm_limit", "5")
	g.get("/key/info?key="+digest).ok().has("key_alias", `"app"`)
	g.get("/audit?action=key.create").ok().has("total", "1")
	if strings.Contains(g.get("/audit?action=key.create").text, digest) {
		t.Error("the audit log carries the digest")
	}

	g.post("/key/generate", `{"token_sha256":"`+digest+`"}`).refused(400, "token_sha256", "in use")
	other := strings.Repeat("0a", 32)
	g.post("/key/generate", `{"token_sha256":"`+other+`","key":"sk-long-own-secret-of-2026"}`).refused(400, "token_sha256", "together with key")
	g.post("/key/generate", `{"token_sha256":"`+other+`","key_name":"`+theirs+`"}`).refused(400, "key_name", "last four")
	for _, bad := range []string{other[:62], other + "00", strings.ToUpper(other), strings.Repeat("0g", 32), theirs} {
		got := g.post("/key/generate", `{"token_sha256":"`+bad+`"}`).refused(400, "token_sha256", "64 lower-case")
		if strings.Contains(got.text, bad) {
			t.Errorf("the refusal repeats what was given: %s", got.text)
		}
	}
	g.post("/key/generate", `{"token_sha256":"`+other+`"}`).ok().has("key_name", `"sk-..."`)
}

// Who manages a team only could let in whose secret they do not know.
func TestKeyGenerate_byDigestIsForAdmins(t *testing.T) {
	c := newCompany(t)
	body := `{"team_id":"own","token_sha256":"` + strings.Repeat("0a", 32) + `"}`
	for _, path := range []string{"/key/generate", "/key/service-account/generate"} {
		c.as(leading, "POST", path, body).refused(403, "", "for admins of the platform")
	}
	c.as(auth.RoleAdmin, "POST", "/key/generate", body).ok()
}
