package config

import (
	"os"
	"path/filepath"
	"testing"
)

// Each setting tells where it was made: in the file, in the environment, which wins, or nowhere.
func TestConfig_Origin(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "gateway.yaml")
	text := "admin_key: sk-an-admin-key-of-the-test\nlisten: 127.0.0.1:4000\nbudgets:\n  timezone: Europe/Berlin\nrate_limits:\n  default:\n    rpm: 5\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(file, func(name string) string {
		return map[string]string{"BURSAR_LISTEN": "127.0.0.1:4001", "BURSAR_DATA_DIR": "/tmp/d"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	for setting, want := range map[string]string{
		"budgets.timezone": "line 4", "rate_limits.default.rpm": "line 7", "rate_limits": "line 5", "listen": "BURSAR_LISTEN", "data_dir": "BURSAR_DATA_DIR", "listen_admin": "", "budgets.reset_day": "",
	} {
		if got := c.Origin(setting); got != want {
			t.Errorf("%s was made at %q, want %q", setting, got, want)
		}
	}
}
