package seal_test

import (
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/seal"
)

func TestParse_spellings(t *testing.T) {
	master := []byte{0xfb, 0xff, 0xfe, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31}
	want := string(newSealer(t, master).Derive("test"))
	for name, text := range map[string]string{
		"base64":               base64.StdEncoding.EncodeToString(master),
		"base64 unpadded":      base64.RawStdEncoding.EncodeToString(master),
		"base64url":            base64.URLEncoding.EncodeToString(master),
		"base64url unpadded":   base64.RawURLEncoding.EncodeToString(master),
		"hex":                  hex.EncodeToString(master),
		"hex in capitals":      strings.ToUpper(hex.EncodeToString(master)),
		"with a line's end":    base64.StdEncoding.EncodeToString(master) + "\n",
		"with space around it": "  " + hex.EncodeToString(master) + " ",
	} {
		sealer, err := seal.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if string(sealer.Derive("test")) != want {
			t.Errorf("%s is read as another key", name)
		}
	}
}

func TestParse_saysHowToMakeOne(t *testing.T) {
	for _, text := range []string{"", "password-of-somebody", "c2hvcnQ=", hex.EncodeToString(masterA)[:62], strings.Repeat("ab", 48)} {
		_, err := seal.Parse(text)
		if err == nil || !strings.Contains(err.Error(), "openssl rand -base64 32") {
			t.Errorf("Parse(%q) = %v, want how to make a key", text, err)
		}
		if err != nil && text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("Parse(%q) repeats what may be a secret: %v", text, err)
		}
	}
}

func TestLoadOrCreate_startsTogether(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	keys := make([]string, 16)
	var group sync.WaitGroup
	for i := range keys {
		group.Go(func() {
			sealer, err := seal.LoadOrCreate(dir)
			if err != nil {
				t.Error(err)
				return
			}
			keys[i] = string(sealer.Derive("test"))
		})
	}
	group.Wait()
	for i, key := range keys {
		if key != keys[0] {
			t.Errorf("start %d has another key than start 0", i)
		}
	}
	assertOnlyKeyFile(t, dir)
}

func assertOnlyKeyFile(t *testing.T, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 1 || files[0].Name() != seal.KeyFile {
		t.Errorf("data directory holds %v, want %s alone", files, seal.KeyFile)
	}
	info, err := os.Stat(filepath.Join(dir, seal.KeyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: mode %v, error %v, want 0600", info.Mode(), err)
	}
}

func TestLoadOrCreate_sameAfterRestart(t *testing.T) {
	dir := t.TempDir()
	first, err := seal.LoadOrCreate(dir)
	if err != nil {
		t.Fatal(err)
	}
	sealed, _ := first.Seal([]byte("s3cret"), "here")
	second, err := seal.LoadOrCreate(dir)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := second.Open(sealed, "here"); err != nil || string(plain) != "s3cret" {
		t.Errorf("after a restart Open = %q, %v", plain, err)
	}
}

// A damaged file must never be replaced: the secrets sealed with the old key would be lost for good.
func TestLoadOrCreate_badFileIsKept(t *testing.T) {
	for name, file := range map[string]struct {
		text string
		mode os.FileMode
		want string
	}{
		"empty":            {"", 0o600, "openssl rand"},
		"cut short":        {"AAEC\n", 0o600, "openssl rand"},
		"open to everyone": {base64.StdEncoding.EncodeToString(masterA), 0o644, "chmod 600"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, seal.KeyFile)
			if err := os.WriteFile(path, []byte(file.text), file.mode); err != nil {
				t.Fatal(err)
			}
			_, err := seal.LoadOrCreate(dir)
			if err == nil || !strings.Contains(err.Error(), file.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v, want one that names %s and says %q", err, path, file.want)
			}
			if kept, _ := os.ReadFile(path); string(kept) != file.text {
				t.Errorf("file now holds %q", kept)
			}
		})
	}
}

func TestLoadOrCreate_noPlaceToWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.LoadOrCreate(filepath.Join(file, "data")); err == nil {
		t.Error("a file in place of the data directory is accepted")
	}
}

func TestReplace_keepsTheKeyBefore(t *testing.T) {
	dir := t.TempDir()
	old, err := seal.LoadOrCreate(dir)
	if err != nil {
		t.Fatal(err)
	}
	if previous, err := seal.LoadPrevious(dir); previous != nil || err != nil {
		t.Errorf("a key before the first: %v, %v", previous, err)
	}
	path, previous := filepath.Join(dir, seal.KeyFile), filepath.Join(dir, seal.PreviousKeyFile)
	// What a crash leaves: a key that was never put in its place, and the old one under both names.
	for from, to := range map[string]string{path: previous, os.DevNull: path + ".next"} {
		text, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(to, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := seal.Replace(dir); err != nil {
		t.Fatal(err)
	}
	now, err := seal.LoadOrCreate(dir)
	if err != nil || now.KeyID() == old.KeyID() {
		t.Errorf("the key is %x as before, %v", now.KeyID(), err)
	}
	before, err := seal.LoadPrevious(dir)
	if err != nil || before.KeyID() != old.KeyID() {
		t.Errorf("the key before is another one, %v", err)
	}
	if err := seal.Replace(dir); err == nil || !strings.Contains(err.Error(), "finish that rotation first") {
		t.Errorf("replaced twice: %v", err)
	}
	if err := os.Remove(previous); err != nil {
		t.Fatal(err)
	}
	assertOnlyKeyFile(t, dir)
}
