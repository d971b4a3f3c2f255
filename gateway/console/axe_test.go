package console_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// axe-core has no other release of this version: npm's digest of it is checked.
const (
	axeVersion = "4.14.1"
	axeDigest  = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)

// axe returns the script of axe-core, which npm is asked for once.
func axe(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(cache, "bursar")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	packed := filepath.Join(folder, "axe-core-"+axeVersion+".tgz")
	data, err := os.ReadFile(packed)
	if errors.Is(err, os.ErrNotExist) {
		npm := exec.CommandContext(t.Context(), "npm", "pack", "--silent", "axe-core@"+axeVersion)
		npm.Dir = folder
		if output, err := npm.CombinedOutput(); err != nil {
			t.Fatalf("npm pack axe-core: %v\n%s", err, output)
		}
		data, err = os.ReadFile(packed)
	}
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha512.Sum512(data); base64.StdEncoding.EncodeToString(sum[:]) != axeDigest {
		t.Fatalf("%s is not what npm published", packed)
	}
	return unpacked(t, data, "package/axe.min.js")
}

func unpacked(t *testing.T, data []byte, name string) string {
	t.Helper()
	plain, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for files := tar.NewReader(plain); ; {
		header, err := files.Next()
		if err != nil {
			t.Fatalf("find %s: %v", name, err)
		}
		if header.Name != name {
			continue
		}
		content, err := io.ReadAll(files)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
}

// checkAccessible fails for whatever axe finds on the page.
func (b *browser) checkAccessible(path, rules string) {
	b.t.Helper()
	evaluate[bool](b, rules+"; true")
	found := evaluate[[]string](b, `axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
		.then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.html.slice(0, 160) + ' ' + (n.any[0]?.message ?? ''))))`, chromedp.EvalAwaitPromise)
	for _, one := range found {
		b.t.Errorf("%s: %s", path, one)
	}
}
