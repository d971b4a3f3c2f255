package deploytest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
)

// unit are the settings of the unit file; of those that stand there several times the last.
func unit(t *testing.T) map[string]string {
	t.Helper()
	settings := map[string]string{}
	for line := range strings.Lines(readExample(t, "systemd/bursar.service")) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), "="); found && !strings.HasPrefix(name, "#") {
			settings[name] = value
		}
	}
	return settings
}

// The unit and the packages mean the same files, and systemd waits as long as the gateway may take.
func TestSystemd_unitAndPackagesAgree(t *testing.T) {
	settings := unit(t)
	var packaged struct {
		Contents []struct{ Src, Dst, Type string }
		Scripts  map[string]string
	}
	if err := yaml.Unmarshal([]byte(readExample(t, "systemd/nfpm.yaml")), &packaged); err != nil {
		t.Fatal(err)
	}
	places := map[string]bool{}
	for _, content := range packaged.Contents {
		places[content.Dst] = true
		if content.Src != "" && content.Src != "bin/bursar" {
			if _, err := os.Stat(filepath.Join("../..", content.Src)); err != nil {
				t.Error(err)
			}
		}
	}
	command := strings.Fields(settings["ExecStart"])
	for _, place := range []string{command[0], command[len(command)-1], "/usr/lib/systemd/system/bursar.service", "/var/lib/bursar"} {
		if !places[place] {
			t.Errorf("the packages have no %s", place)
		}
	}
	for _, script := range packaged.Scripts {
		check(t, "sh", "-n", filepath.Join("../..", script))
	}
	if stop, err := time.ParseDuration(settings["TimeoutStopSec"]); err != nil || stop < time.Minute {
		t.Errorf("TimeoutStopSec is %s; the gateway may take a minute", settings["TimeoutStopSec"])
	}
	if settings["Type"] != "notify" || !strings.Contains(settings["ExecReload"], "-HUP") {
		t.Errorf("Type %s, ExecReload %s", settings["Type"], settings["ExecReload"])
	}
}

// What the packages and the compose file bring as configuration can be served, also with what is commented out.
func TestExamples_configurationsCanBeServed(t *testing.T) {
	comment := regexp.MustCompile(`(?m)^# ?((?:models:|  ).*)$`)
	for _, name := range []string{"systemd/gateway.yaml", "compose/gateway.yaml"} {
		text := readExample(t, name)
		for _, version := range []string{text, comment.ReplaceAllString(text, "$1")} {
			path := filepath.Join(t.TempDir(), "gateway.yaml")
			if err := os.WriteFile(path, []byte(version), 0o600); err != nil {
				t.Fatal(err)
			}
			settings, err := config.Load(path, func(name string) string {
				return map[string]string{"BURSAR_ADMIN_KEY": adminKey, "OPENAI_API_KEY": "sk-x"}[name]
			})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if version != text && len(settings.Models) == 0 {
				t.Errorf("%s: the comment has no models", name)
			}
		}
	}
}
