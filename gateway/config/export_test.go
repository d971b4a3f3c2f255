package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
)

func loadExports(t *testing.T, text string) (config.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gateway.yaml")
	if err := os.WriteFile(path, []byte("admin_key: sk-admin-of-the-test\n"+text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Load(path, func(name string) string {
		return map[string]string{"TOKEN": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"}[name]
	})
}

func TestLoad_exports(t *testing.T) {
	loaded, err := loadExports(t, `
export:
  - {type: http, url: "https://example.com/rows?token=canary", secret: "${TOKEN}"}
  - {type: file, path: /var/lib/bursar/ledger.jsonl, max_bytes: 1000000, keep: 5, name: lake}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []config.Export{
		{Name: loaded.Exports[0].Name, Type: "http", URL: "https://example.com/rows?token=canary", Secret: new("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz")},
		{Name: "lake", Type: "file", Path: "/var/lib/bursar/ledger.jsonl", MaxBytes: 1000000, Keep: 5},
	}
	if diff := cmp.Diff(want, loaded.Exports); diff != "" {
		t.Error(diff)
	}
	if name := loaded.Exports[0].Name; !strings.HasPrefix(name, "http:example.com:") || strings.Contains(name, "canary") {
		t.Errorf("name is %q", name)
	}
}

func TestLoad_exportsThatCannotBe(t *testing.T) {
	for text, want := range map[string]string{
		`{type: tape}`: `export[0].type: is "tape"; it must be http or file`,
		`{type: http}`: "export[0].url: is not an https address",
		`{type: http, url: "http://example.com"}`:          "export[0].url: is not an https address",
		`{type: http, url: "https://x.y", secret: canary}`: "export[0].secret: must be ",
		`{type: file}`:                                 "export[0].path: is required",
		`{type: file, path: x, max_bytes: -1}`:         "export[0].max_bytes: is -1",
		`{type: file, path: x, keep: -1}`:              "export[0].keep: is -1",
		`{type: file, path: x}, {type: file, path: x}`: `export[1].name: "file:x" stands here twice`,
	} {
		_, err := loadExports(t, "export: ["+text+"]\n")
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestLoadRecord_needsNoAdminKey(t *testing.T) {
	env := map[string]string{"BURSAR_DATA_DIR": "/var/lib/bursar"}
	loaded, err := config.LoadRecord("", func(name string) string { return env[name] })
	if err != nil || loaded.DataDir != "/var/lib/bursar" || loaded.DatabaseURL != "sqlite:/var/lib/bursar/bursar.db" {
		t.Errorf("%+v, %v", loaded, err)
	}
	env["BURSAR_DATABASE_URL"] = "postgres://x"
	if _, err := config.LoadRecord("", func(name string) string { return env[name] }); err == nil || !strings.Contains(err.Error(), "secret_key: is required") {
		t.Errorf("%v", err)
	}
}
