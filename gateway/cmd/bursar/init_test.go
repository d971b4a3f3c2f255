package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
)

// every variable that init looks for, and a few values for the settings.
func everyProvider() map[string]string {
	env := map[string]string{}
	for _, provider := range knownProviders {
		env[provider.Key] = "sk-of-" + provider.Name
		if provider.Address != "" {
			env[provider.Address] = "https://example.openai.azure.com"
		}
	}
	return env
}

func silent(_, fallback string) (string, error) { return fallback, nil }

// What init writes can be served, whatever it was told, and nobody else can read it.
func TestInit_writesWhatCanBeServed(t *testing.T) {
	for name, test := range map[string]struct {
		command initCommand
		env     map[string]string
		models  int
	}{
		"nothing found":  {initCommand{}, nil, 0},
		"every provider": {initCommand{}, everyProvider(), 11},
		"chosen":         {initCommand{Provider: []string{"anthropic"}}, everyProvider(), 1},
		"two stores":     {initCommand{DatabaseURL: "postgres://u:p@db/bursar", RedisURL: "redis://:p@cache:6379", Listen: ":4000"}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			getenv := func(name string) string { return test.env[name] }
			test.command.File = filepath.Join(t.TempDir(), "gateway.yaml")
			var out bytes.Buffer
			if err := test.command.write(getenv, silent, &out); err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(test.command.File)
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
			settings, err := config.Load(test.command.File, getenv)
			if err == nil {
				err = app.CheckFiles(settings)
			}
			if err != nil || len(settings.Models) != test.models || len(settings.AdminKey) != 51 || len(settings.Warnings) > 0 {
				t.Errorf("%d models, warnings %v, %v", len(settings.Models), settings.Warnings, err)
			}
			if strings.Contains(out.String(), settings.AdminKey) || !strings.Contains(out.String(), "bursar serve --config "+test.command.File) {
				t.Errorf("it says: %s", out.String())
			}
			if err := test.command.write(getenv, silent, &out); err == nil || !strings.Contains(err.Error(), "is not overwritten") {
				t.Errorf("a second time: %v", err)
			}
		})
	}
}

func TestInit_asks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gateway.yaml")
	env := map[string]string{"OPENAI_API_KEY": "a", "ANTHROPIC_API_KEY": "b"}
	getenv := func(name string) string { return env[name] }
	var out bytes.Buffer
	if err := (initCommand{File: file}).write(getenv, asking(strings.NewReader("127.0.0.1:5000\n\nno\n\n"), &out), &out); err != nil {
		t.Fatal(err)
	}
	settings, err := config.Load(file, getenv)
	if err != nil || settings.Listen != "127.0.0.1:5000" || settings.DataDir != "data" || len(settings.Models) != 1 || settings.Models[0].Upstream != "anthropic" {
		t.Errorf("%+v, %v", settings, err)
	}
	if !strings.Contains(out.String(), "Serve on which host and port [127.0.0.1:4000]: ") {
		t.Error(out.String())
	}
}

func TestInit_refusesProvidersItDoesNotKnow(t *testing.T) {
	err := initCommand{File: filepath.Join(t.TempDir(), "x"), Provider: []string{"acme"}}.write(func(string) string { return "" }, silent, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), `"acme" is not known; known are openai, anthropic`) {
		t.Error(err)
	}
}
