package deploytest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A pipeline installs bursar from its release, and runs nothing but the archive that it was told of.
func TestInstall_isPinned(t *testing.T) {
	archive := released(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1.2.3/bursar_1.2.3_linux_amd64.tar.gz" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(archive)
	}))
	t.Cleanup(server.Close)
	sum := fmt.Sprintf("%x", sha256.Sum256(archive))
	for name, test := range map[string]struct{ version, sum, complaint string }{
		"the release":           {"1.2.3", sum, ""},
		"another archive":       {"1.2.3", strings.Repeat("0", 64), "did NOT match"},
		"no such release":       {"9.9.9", sum, "404"},
		"no sum":                {"1.2.3", "", "BURSAR_SHA256: say what its archive has to be"},
		"no version":            {"", sum, "BURSAR_VERSION: say which version"},
		"a sum of another kind": {"1.2.3", "abc", "no properly formatted"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			install := exec.CommandContext(t.Context(), "../../examples/pull-request-review/install.sh", dir)
			install.Env = append(os.Environ(), "BURSAR_RELEASES="+server.URL, "BURSAR_VERSION="+test.version, "BURSAR_SHA256="+test.sum)
			said, err := install.CombinedOutput()
			installed, missing := os.ReadFile(filepath.Join(dir, "bursar"))
			if test.complaint == "" {
				if err != nil || string(installed) != "the program" {
					t.Errorf("%v, %s: installed %q", err, said, installed)
				}
				return
			}
			if err == nil || !strings.Contains(string(said), test.complaint) || missing == nil {
				t.Errorf("%v, %s: want %q and nothing installed, which is %q", err, said, test.complaint, installed)
			}
		})
	}
}

// released is an archive as a release has it.
func released(t *testing.T) []byte {
	t.Helper()
	var archive bytes.Buffer
	packed := gzip.NewWriter(&archive)
	files := tar.NewWriter(packed)
	for name, text := range map[string]string{"README.md": "read me", "bursar": "the program"} {
		if err := files.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := files.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}
