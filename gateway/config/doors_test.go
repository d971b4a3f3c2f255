package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
)

func TestLoad_plainHTTPIsForTheMachineItself(t *testing.T) {
	for text, refused := range map[string]string{
		"":                                       "",
		"listen: localhost:4000":                 "",
		"listen: '[::1]:4000'":                   "",
		"listen: 127.9.9.9:4000":                 "",
		"listen: :4000":                          "line 1: listen: :4000 is reached from other machines",
		"listen: 0.0.0.0:4000":                   "allow_plain_http: true",
		"listen: '[::]:4000'":                    "tls: {cert, key}",
		"listen: 10.0.0.5:4000":                  "is reached from other machines",
		"listen: gateway.example.com:4000":       "is reached from other machines",
		"proxy: {host: 0.0.0.0}":                 "is reached from other machines",
		"listen_admin: 0.0.0.0:4001":             "line 1: listen_admin: 0.0.0.0:4001 is reached from other machines",
		"listen_admin: nowhere":                  `listen_admin: "nowhere" is not a host and a port`,
		"listen_admin: 127.0.0.1:4000":           "listen_admin: is the address of listen",
		"listen_admin: 127.0.0.1:0":              "",
		"{listen: ':1', allow_plain_http: true}": "",
		"tls: {cert: a.pem}":                     "tls.key: is required together with tls.cert",
		"tls: {key: a.pem}":                      "tls.cert: is required together with tls.key",
		"tls: {cert: a.pem, key: b.pem}":         "line 1: tls: the certificate and its key cannot be used",
		"trusted_proxies: [ten]":                 `trusted_proxies[0]: "ten" is no network`,
	} {
		_, err := load(t, text, adminEnv)
		if refused == "" && err != nil || refused != "" && (err == nil || !strings.Contains(err.Error(), refused)) {
			t.Errorf("%s: %v, want %q", text, err, refused)
		}
	}
	if got, err := load(t, "", map[string]string{
		"BURSAR_ADMIN_KEY": adminEnv["BURSAR_ADMIN_KEY"], "BURSAR_LISTEN": ":4000", "BURSAR_LISTEN_ADMIN": ":4001",
		"BURSAR_ALLOW_PLAIN_HTTP": "true", "BURSAR_TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.1",
	}); err != nil || got.ListenAdmin != ":4001" || len(got.TrustedProxies) != 2 {
		t.Errorf("from the environment: %+v %v", got, err)
	}
}

// Every secret may stand in a file that a variable names: the gateway's own, and those that the configuration names.
func TestLoad_secretsInFiles(t *testing.T) {
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	env := map[string]string{
		"BURSAR_ADMIN_KEY_FILE": file("sk-admin-key-that-stands-in-a-file\n"), "BURSAR_METRICS_KEY_FILE": file("sk-metrics-key-that-stands-in-a-file\r\n"),
		"BURSAR_SECRET_KEY_FILE": file("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="), "BURSAR_DATABASE_URL_FILE": file("postgres://bursar:hunter2@db/bursar"),
		"BURSAR_REDIS_URL_FILE": file("redis://:hunter2@redis:6379"), "OPENAI_API_KEY_FILE": file("sk-openai"),
	}
	const text = "models: [{name: m, base_url: 'https://api.openai.com/v1', api_key: '${OPENAI_API_KEY}'}]"
	got, err := load(t, text, env)
	if err != nil {
		t.Fatal(err)
	}
	if got.AdminKey != "sk-admin-key-that-stands-in-a-file" || got.MetricsKey != "sk-metrics-key-that-stands-in-a-file" ||
		got.SecretKey == "" || got.DatabaseURL != "postgres://bursar:hunter2@db/bursar" || got.RedisURL != "redis://:hunter2@redis:6379" ||
		got.Models[0].APIKey != "sk-openai" {
		t.Errorf("%+v", got)
	}
	if record, err := config.LoadRecord("", func(name string) string { return env[name] }); err != nil || record.DatabaseURL != got.DatabaseURL {
		t.Errorf("where the record is: %q, %v", record.DatabaseURL, err)
	}
	for name, test := range map[string]struct {
		env  map[string]string
		want string
	}{
		"both":      {map[string]string{"BURSAR_ADMIN_KEY": "sk-one-of-two-admin-keys", "BURSAR_ADMIN_KEY_FILE": file("sk-x")}, "BURSAR_ADMIN_KEY and BURSAR_ADMIN_KEY_FILE are both set"},
		"not there": {map[string]string{"BURSAR_ADMIN_KEY_FILE": "/nowhere/at/all"}, "BURSAR_ADMIN_KEY_FILE: open /nowhere/at/all: no such file"},
		"empty":     {map[string]string{"BURSAR_ADMIN_KEY_FILE": file("\n")}, "BURSAR_ADMIN_KEY_FILE: the file is empty"},
		"too large": {map[string]string{"BURSAR_ADMIN_KEY_FILE": file(strings.Repeat("x", 70<<10))}, "larger than 64 KB"},
	} {
		if _, err := load(t, "", test.env); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
