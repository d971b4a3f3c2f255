package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
)

func TestGreet_saysWhatIsServedWhere(t *testing.T) {
	t.Setenv("BURSAR_ADMIN_KEY", "")
	models := []config.Model{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}, {Name: "e"}, {Name: "f"}, {Name: "g"}}
	for _, test := range []struct {
		settings config.Config
		want     []string
	}{
		{config.Config{DatabaseURL: "sqlite:data/bursar.db", Models: models, AdminKey: adminKey}, []string{
			"serves on http://127.0.0.1:4000\n", "SQLite, data/bursar.db", "in this process", "a, b, c, d, e, f and 1 more", `"Authorization: Bearer $BURSAR_ADMIN_KEY"`,
		}},
		{config.Config{DatabaseURL: "postgres://u:secret@db/x", RedisURL: "redis://:secret@r", File: "g.yaml", Models: models[:1]}, []string{
			"PostgreSQL\n", "in Redis\n", `"Authorization: Bearer ADMIN_KEY"`,
		}},
		{config.Config{DatabaseURL: "sqlite:x", File: "g.yaml"}, []string{"none in the configuration", "add an entry under models in g.yaml", "kill -HUP"}},
	} {
		var out bytes.Buffer
		if err := greet(&out, "http://127.0.0.1:4000", "http://127.0.0.1:4000", test.settings); err != nil {
			t.Fatal(err)
		}
		for _, want := range test.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%q is missing in %s", want, out.String())
			}
		}
		if strings.Contains(out.String(), "secret") || strings.Contains(out.String(), adminKey) {
			t.Errorf("it holds a secret: %s", out.String())
		}
	}
	if person(&bytes.Buffer{}) {
		t.Error("a buffer is no terminal")
	}
}
