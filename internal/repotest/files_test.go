package repotest

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const maxLines = 500

func TestPackages_haveOneComment(t *testing.T) {
	comments := map[string][]string{}
	for _, file := range goFiles(t) {
		if file.isTest() && strings.HasSuffix(file.syntax.Name.Name, "_test") {
			continue
		}
		if _, seen := comments[file.dir]; !seen {
			comments[file.dir] = nil
		}
		if file.syntax.Doc != nil {
			comments[file.dir] = append(comments[file.dir], file.name)
		}
	}
	for dir, commented := range comments {
		switch len(commented) {
		case 1:
		case 0:
			t.Errorf("no file of %s says in a package comment what the package promises", dir)
		default:
			t.Errorf("%s has more than one package comment: %s", dir, strings.Join(commented, ", "))
		}
	}
}

func TestFiles_areShort(t *testing.T) {
	written := []string{".go", ".sql", ".lua", ".html", ".css", ".js", ".tf", ".bash", ".sh", ""}
	for _, name := range files(t) {
		if !slices.Contains(written, path.Ext(name)) || name == "LICENSE" || strings.Contains(name, "testdata/") {
			continue
		}
		if lines := strings.Count(read(t, name), "\n"); lines > maxLines {
			t.Errorf("%s has %d lines; split it by subject before it passes %d", name, lines, maxLines)
		}
	}
}

func TestPackages_areNamedAfterConcepts(t *testing.T) {
	shelves := []string{"util", "utils", "helper", "helpers", "common", "shared", "misc", "manager", "models", "handlers", "pkg"}
	for _, file := range goFiles(t) {
		if slices.Contains(shelves, path.Base(file.dir)) || slices.Contains(shelves, file.syntax.Name.Name) {
			t.Errorf("%s is in a package named after a shelf; name it after what users of the product call it", file.name)
		}
	}
}

func TestFiles_leaveNothingOpen(t *testing.T) {
	for _, name := range files(t) {
		if path.Ext(name) != ".go" {
			continue
		}
		for _, word := range []string{"TO" + "DO", "FIX" + "ME", "XX" + "X:"} {
			if strings.Contains(read(t, name), word) {
				t.Errorf("%s has a %s; do it, or open an issue", name, word)
			}
		}
	}
}

func TestFiles_nameNoMachine(t *testing.T) {
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{here + "/", "/home" + "/", "/Users" + "/", "/root" + "/"}
	if home, err := os.UserHomeDir(); err == nil && home != "/" {
		paths = append(paths, home+"/")
	}
	for _, name := range files(t) {
		text := read(t, name)
		for _, machine := range paths {
			if strings.Contains(text, machine) {
				t.Errorf("%s names the path %s of somebody's machine", name, machine)
			}
		}
	}
}

func TestFiles_endWithOneNewline(t *testing.T) {
	for _, name := range files(t) {
		data := []byte(read(t, name))
		if strings.Contains(name, "testdata/") || strings.HasPrefix(name, "docs/") || bytes.IndexByte(data, 0) >= 0 || len(data) == 0 {
			continue
		}
		if !bytes.HasSuffix(data, []byte("\n")) || bytes.HasSuffix(data, []byte("\n\n")) {
			t.Errorf("%s does not end with exactly one newline", name)
		}
	}
}

func TestTopLevel_holdsNothingElse(t *testing.T) {
	allowed := []string{
		"provider", "gateway", "examples", "docs", "templates", "internal", "go.mod", "go.sum",
		"GNUmakefile", "README.md", "LICENSE", "CONTRIBUTING.md", "CHANGELOG.md",
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		hidden := strings.HasPrefix(entry.Name(), ".")
		if !hidden && !notOurs(entry.Name()) && !slices.Contains(allowed, entry.Name()) {
			t.Errorf("%s stands at the top level; put it below one of %s", entry.Name(), strings.Join(allowed[:6], ", "))
		}
	}
	for _, name := range allowed {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			t.Errorf("%s is missing at the top level", name)
		}
	}
}

// maxFiles is how many files a package has without its tests: a room that fits into the eye.
const maxFiles = 43

func TestPackages_fitIntoTheEye(t *testing.T) {
	count := map[string]int{}
	for _, file := range goFiles(t) {
		if !file.isTest() {
			count[file.dir]++
		}
	}
	for dir, n := range count {
		if n > maxFiles {
			t.Errorf("%s has %d files, more than %d: which of them are a room of their own, or one noun?", dir, n, maxFiles)
		}
	}
}
