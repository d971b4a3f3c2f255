package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestEnvironment_leavesOutSettingsOfTheCaller(t *testing.T) {
	t.Setenv("BURSAR_DATABASE_URL", "postgres://elsewhere")
	t.Setenv("TF_WORKSPACE", "production")
	t.Setenv("DEMO_TEST_KEPT", "1")
	got := environment(map[string]string{"BURSAR_LISTEN": "127.0.0.1:1"}, map[string]string{"TF_IN_AUTOMATION": "1"})
	for _, want := range []string{"DEMO_TEST_KEPT=1", "BURSAR_LISTEN=127.0.0.1:1", "TF_IN_AUTOMATION=1"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing", want)
		}
	}
	for _, entry := range got {
		if strings.HasPrefix(entry, "BURSAR_DATABASE_URL=") || strings.HasPrefix(entry, "TF_WORKSPACE=") {
			t.Errorf("%s of the caller would lead the demo elsewhere", entry)
		}
	}
}

func TestGateway_lastWords(t *testing.T) {
	g := &gateway{logPath: filepath.Join(t.TempDir(), "gateway.log")}
	if got := g.lastWords(2); !strings.Contains(got, "no such file") {
		t.Errorf("a missing log gives %q", got)
	}
	if err := os.WriteFile(g.logPath, []byte("one\ntwo\nthree\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for lines, want := range map[int]string{2: "two\nthree", 5: "one\ntwo\nthree"} {
		if got := g.lastWords(lines); got != want {
			t.Errorf("the last %d lines are %q, want %q", lines, got, want)
		}
	}
}

func TestStartGateway_thatEndsAtOnce(t *testing.T) {
	program, dir := filepath.Join(t.TempDir(), "bursar"), t.TempDir()
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho no admin key\nexit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	g, err := startGateway(t.Context(), program, dir, nil)
	if err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Fatalf("the error is %v", err)
	}
	if got := g.lastWords(1); got != "no admin key" {
		t.Errorf("its last words are %q", got)
	}
	if err := g.stop(); err != nil {
		t.Errorf("stopping what has ended: %s", err)
	}
}
