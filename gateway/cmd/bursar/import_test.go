package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// gateway.yaml goes to standard output, and can be served.
func TestImport_configurationCanBeServed(t *testing.T) {
	theirs, ours := filepath.Join(t.TempDir(), "config.yaml"), filepath.Join(t.TempDir(), "gateway.yaml")
	text := "model_list:\n  - model_name: a\n    litellm_params: {model: openai/a, api_key: os.environ/KEY_OF_A}\ngeneral_settings: {master_key: sk-the-admin-key-of-tests-01}\n"
	if err := os.WriteFile(theirs, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KEY_OF_A", "sk-a")
	var out, said bytes.Buffer
	if code := run(t.Context(), []string{"import", "litellm-config", theirs}, &out, &said); code != exitDone {
		t.Fatalf("exit code %d: %s", code, said.String())
	}
	if err := os.WriteFile(ours, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if code := run(t.Context(), []string{"check-config", ours}, &out, &said); code != exitDone || !strings.Contains(out.String(), "1 models") {
		t.Errorf("exit code %d: %s%s", code, out.String(), said.String())
	}
}

// Without the address of LiteLLM, or its key, an import says what it needs; a rollback needs neither.
func TestImport_saysWhatItNeeds(t *testing.T) {
	url := gatewayWithATeam(t)
	for line, want := range map[string]string{
		"":                               "--from is needed",
		"--from https://litellm.example": "--from-key or --from-key-file is needed",
		"--apply --verify":               "--apply and --verify can't be used together",
		"--rollback":                     "",
		"--rollback --origin litellm-eu": "",
		"--rollback --origin a/b":        `--origin: "a/b" is no plain name`,
		"--rollback --origin=":           `--origin: "" is no plain name`,
	} {
		var out, said bytes.Buffer
		arguments := append([]string{"import", "litellm", "--endpoint", url, "--admin-key", adminKey}, strings.Fields(line)...)
		code := run(t.Context(), arguments, &out, &said)
		if (code == exitDone) != (want == "") || !strings.Contains(said.String(), want) {
			t.Errorf("%q: exit code %d, %s", line, code, said.String())
		}
	}
}
