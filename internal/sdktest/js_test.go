package sdktest_test

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

//go:embed js js/.npmrc
var scripts embed.FS

func TestOpenAI_forJavaScript(t *testing.T) { runScript(t, "openai.mjs") }

func TestAnthropic_forJavaScript(t *testing.T) { runScript(t, "anthropic.mjs") }

// runScript runs a script's scenarios against a gateway, each as a test of its own.
func runScript(t *testing.T, script string) {
	g := startGateway(t)
	command := exec.CommandContext(t.Context(), "node", script)
	command.Dir = installed(t)
	command.Env = append(os.Environ(),
		"BURSAR_URL="+g.URL(), "KEY_OPEN="+g.open, "KEY_ONCE="+g.once, "KEY_BROKE="+g.broke, "KEY_OTHER="+g.other)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("node %s: %v\n%s", script, err, output)
	}
	ran := 0
	for line := range strings.Lines(string(output)) {
		if name, passed := strings.CutPrefix(strings.TrimSpace(line), "ok "); passed {
			t.Run(name, func(*testing.T) {})
			ran++
			continue
		}
		t.Errorf("%s", line)
	}
	if ran < 5 {
		t.Errorf("%d scenarios passed, want 5 at least:\n%s", ran, output)
	}
}

// installed is a folder with the scripts and the clients that they need. It is named by its content,
// so that npm is asked once.
func installed(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	files, sum := scriptFiles(t)
	folder := filepath.Join(cache, "bursar", "sdktest-"+sum)
	if _, err := os.Stat(filepath.Join(folder, "installed")); err == nil {
		return folder
	}
	// It becomes the kept folder, so it has to be on the same disk.
	building, err := os.MkdirTemp(mkdir(t, filepath.Dir(folder)), "sdktest-") //nolint:usetesting // it is renamed into the cache and stays
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		write(t, filepath.Join(building, name), content)
	}
	npm := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts")
	npm.Dir = building
	if output, err := npm.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, output)
	}
	write(t, filepath.Join(building, "installed"), nil)
	if err := os.Rename(building, folder); err != nil { // another test may have been faster
		return building
	}
	return folder
}

func scriptFiles(t *testing.T) (files map[string][]byte, sum string) {
	t.Helper()
	entries, err := fs.ReadDir(scripts, "js")
	if err != nil {
		t.Fatal(err)
	}
	files = map[string][]byte{}
	var all bytes.Buffer
	for _, entry := range entries {
		content, err := scripts.ReadFile("js/" + entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = content
		all.WriteString(entry.Name())
		all.Write(content)
	}
	digest := sha256.Sum256(all.Bytes())
	return files, hex.EncodeToString(digest[:8])
}

func mkdir(t *testing.T, folder string) string {
	t.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	return folder
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
