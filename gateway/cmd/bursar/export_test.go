package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

const adminKey = "sk-admin-of-the-export-tests"

// gatewayWithATeam returns the gateway's address.
func gatewayWithATeam(t *testing.T) string {
	t.Helper()
	settings, err := config.Load("", func(name string) string {
		return map[string]string{"BURSAR_ADMIN_KEY": adminKey, "BURSAR_LISTEN": "127.0.0.1:0", "BURSAR_DATA_DIR": t.TempDir()}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	running, err := app.New(t.Context(), app.Options{Config: settings, Logger: slog.New(slog.NewJSONHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	running.Start()
	t.Cleanup(func() {
		if err := running.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	gateway, err := client.New(client.Options{Endpoint: running.URL(), AdminKey: adminKey})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gateway.CreateTeam(t.Context(), "marketing", api.NewTeam("").TeamFields); err != nil {
		t.Fatal(err)
	}
	return running.URL()
}

func TestExport_overwritesNothing(t *testing.T) {
	export := exportCommand{Endpoint: gatewayWithATeam(t), AdminKey: adminKey, Out: filepath.Join(t.TempDir(), "a", "b")}
	if err := export.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	teams, imports := filepath.Join(export.Out, "teams.tf"), filepath.Join(export.Out, "imports.tf")
	if text, err := os.ReadFile(teams); err != nil || !strings.Contains(string(text), `resource "bursar_team" "marketing"`) {
		t.Errorf("got %q, %v", text, err)
	}
	if err := os.WriteFile(teams, []byte("# mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(imports); err != nil {
		t.Fatal(err)
	}
	if err := export.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "is there already and is not overwritten") {
		t.Errorf("got %v", err)
	}
	if text, err := os.ReadFile(teams); err != nil || string(text) != "# mine\n" {
		t.Errorf("the file is %q now, %v", text, err)
	}
	if _, err := os.Stat(imports); err == nil {
		t.Error("a file was written beside one that was there")
	}
}

func TestExport_saysWhichKeyIsWrong(t *testing.T) {
	export := exportCommand{Endpoint: gatewayWithATeam(t), AdminKey: "sk-no-key-of-the-gateway", Out: filepath.Join(t.TempDir(), "estate")}
	err := export.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "--admin-key or BURSAR_ADMIN_KEY is no admin key of "+export.Endpoint) || strings.Contains(err.Error(), export.AdminKey) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(export.Out); err == nil {
		t.Error("a folder was made for nothing")
	}
}

func TestExport_readsTheKeyFromAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(adminKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BURSAR_ADMIN_KEY_FILE", file)
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"export", "--endpoint", gatewayWithATeam(t), "--out", filepath.Join(t.TempDir(), "estate")}, &out, &errs); code != 0 {
		t.Errorf("code %d: %s%s", code, &out, &errs)
	}
	t.Setenv("BURSAR_ADMIN_KEY_FILE", filepath.Join(t.TempDir(), "missing"))
	if code := run(t.Context(), []string{"export", "--endpoint", "http://127.0.0.1:1"}, &out, &errs); code == 0 || !strings.Contains(errs.String(), "BURSAR_ADMIN_KEY_FILE: open ") {
		t.Errorf("a file that is not there: code %d: %s", code, &errs)
	}
}
