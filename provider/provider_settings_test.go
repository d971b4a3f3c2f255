package provider_test

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// A gateway behind an authority of one's own and a proxy that wants a header, with the key in a file.
func TestAccSettings_behindAProxyOfOnesOwn(t *testing.T) {
	g := startGateway(t)
	target, err := url.Parse(g.URL)
	if err != nil {
		t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(target)
	proxy := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Door") != "canary-door" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	certificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: proxy.Certificate().Raw}))
	ca, key, empty := file("ca.pem", certificate), file("key", adminKey+"\n"), file("empty", "\n")
	with := func(settings string) string {
		return fmt.Sprintf("provider \"bursar\" {\n  endpoint = %q\n%s\n}\nresource \"bursar_team\" \"t\" {\n  team_id = \"t\"\n}\n", proxy.URL, settings)
	}
	good := fmt.Sprintf("admin_key_file = %q\nca_file = %q\nheaders = { X-Door = \"canary-door\" }\nmax_wait = \"10s\"", key, ca)
	wrong := func(old, new, want string) resource.TestStep {
		return resource.TestStep{Config: with(replace(good, old, new)), PlanOnly: true, ExpectError: says(want)}
	}
	run(t,
		wrong(fmt.Sprintf("ca_file = %q", ca), "", "The gateway's certificate is not one that this machine trusts"),
		wrong(fmt.Sprintf("%q", ca), fmt.Sprintf("%q", key), "There is no certificate in PEM in it"),
		wrong(fmt.Sprintf("%q", key), fmt.Sprintf("%q", dir+"/none"), "It cannot be read: open"),
		wrong(fmt.Sprintf("%q", key), fmt.Sprintf("%q", empty), "There is nothing in the file"),
		wrong(`X-Door = "canary-door"`, `Authorization = "x"`, "The header Authorization is set by the client itself"),
		wrong(`"10s"`, `"soon"`, `"soon" is not a time such as 30s or 2m`),
		resource.TestStep{Config: with(replace(good, fmt.Sprintf("ca_file = %q", ca), fmt.Sprintf("ca_pem = %q", certificate)))},
		resource.TestStep{Config: with(good), ConfigPlanChecks: nothing()},
	)
}

func TestAccSettings_fromTheEnvironment(t *testing.T) {
	g := startGatewayAlone(t)
	t.Setenv("BURSAR_ENDPOINT", g.URL)
	t.Setenv("BURSAR_ADMIN_KEY", adminKey)
	config := "resource \"bursar_team\" \"t\" {\n  team_id = \"t\"\n}\n"
	for name, wrong := range map[string]struct{ value, want string }{
		"BURSAR_HEADERS":     {"a: b", "BURSAR_HEADERS is not a JSON object of texts"},
		"BURSAR_MAX_WAIT":    {"long", `"long" is not a time such as 30s or 2m`},
		"BURSAR_MAX_RETRIES": {"many", "BURSAR_MAX_RETRIES must be a whole number from 0 to 20"},
		"BURSAR_CA_PEM":      {"none", "There is no certificate in PEM in it"},
		"BURSAR_CA_FILE":     {"/none", "It cannot be read: open /none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, wrong.value)
			run(t, resource.TestStep{Config: config, PlanOnly: true, ExpectError: says(wrong.want)})
		})
	}
	t.Setenv("BURSAR_HEADERS", `{"X-Door":"open"}`)
	t.Setenv("BURSAR_MAX_WAIT", "0s")
	t.Setenv("BURSAR_MAX_RETRIES", "0")
	run(t, resource.TestStep{Config: config})
}
