package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun_exitCodes(t *testing.T) {
	t.Setenv("BURSAR_ADMIN_KEY", adminKey)
	good, bad := filepath.Join(t.TempDir(), "good.yaml"), filepath.Join(t.TempDir(), "bad.yaml")
	for path, text := range map[string]string{
		good: "models: [{name: a}]\n",
		bad:  "modles: []\nlisten: x\nteams:\n  - {team_id: a, max_budgt: 3}\nbudgets:\n  reset_day: monday\nmodels:\n  - name: a\n    api_key: ${NOT_SET_ANYWHERE}\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		arguments string
		code      int
		out, errs string
	}{
		{"version", 0, "bursar dev\n", ""},
		{"--version", 0, "bursar dev\n", ""},
		{"help", 0, "check-config", ""},
		{"--help", 0, "check-config", ""},
		{"help serve", 0, "BURSAR_LISTEN", ""},
		{"help audit verify", 0, "--known-head", ""},
		{"help nothing", 1, "", "nothing"},
		{"", 2, "", "expected one of"},
		{"nothing", 2, "", "unexpected argument nothing"},
		{"serve --nothing", 2, "", "unknown flag --nothing"},
		{"health --timeout 5days", 2, "", `"5days" is no length of time; write one such as 90m, 72h or 3d`},
		{"request new --endpoint=http://x --key=sk --team=a --why=b --for soon", 2, "", `"soon" is no length of time`},
		{"review --nothing plan.json", 1, "", "unknown flag --nothing"},
		{"check-config " + good, 0, "can be served: 1 models", ""},
		{"check-config --config " + good, 0, "can be served: 1 models", ""},
		{"check-config " + good + ".not", 1, "", "read configuration"},
		{"check-config " + bad, 1, "", "line 1: modles: is not known; did you mean models?"},
		{"check-config " + bad, 1, "", "line 2: listen: \"x\" is not a host and a port"},
		{"check-config " + bad, 1, "", "line 4: teams[0]: has unknown fields: max_budgt; did you mean max_budget?"},
		{"check-config " + bad, 1, "", "line 6: budgets.reset_day: a text stands where a whole number is expected"},
		{"check-config " + bad, 1, "", "line 9: models[0].api_key: environment variable NOT_SET_ANYWHERE is not set"},
		{"serve --config " + bad, 1, "", "line 1: modles"},
	} {
		t.Run(test.arguments, func(t *testing.T) {
			var out, errs bytes.Buffer
			if code := run(t.Context(), strings.Fields(test.arguments), &out, &errs); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if !strings.Contains(out.String(), test.out) || !strings.Contains(errs.String(), test.errs) || test.code == 0 && errs.Len() > 0 {
				t.Errorf("output: %s\nerrors: %s", out.String(), errs.String())
			}
		})
	}
}

func TestRun_versionAsJSON(t *testing.T) {
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"version", "--json"}, &out, &errs)
	var got map[string]string
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || code != 0 || got["version"] != "dev" || got["go"] == "" {
		t.Errorf("%d %s, %v", code, out.String(), err)
	}
}
