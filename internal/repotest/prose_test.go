package repotest

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	target   = regexp.MustCompile(`(?m)^([a-z]+):`)
	command  = regexp.MustCompile("(?m)(?:^|`|\\$ |run: )make ([a-z]+)")
	folder   = regexp.MustCompile("(?m)^\\s*(?:\\| )?`?((?:provider|gateway|internal|examples|templates|docs)/[a-z0-9_/-]*)`?")
	mdLink   = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	workflow = regexp.MustCompile(`^\.github/workflows/.*\.yml$`)
)

// prose lists the files whose words are checked.
func prose(t *testing.T) []string {
	names := []string{"README.md", "CONTRIBUTING.md"}
	for _, name := range files(t) {
		if workflow.MatchString(name) {
			names = append(names, name)
		}
	}
	return names
}

func TestProse_namesCommandsThatExist(t *testing.T) {
	var targets []string
	for _, match := range target.FindAllStringSubmatch(read(t, "GNUmakefile"), -1) {
		targets = append(targets, match[1])
	}
	named := 0
	for _, name := range prose(t) {
		for _, match := range command.FindAllStringSubmatch(read(t, name), -1) {
			named++
			if !slices.Contains(targets, match[1]) {
				t.Errorf("%s says make %s, which GNUmakefile does not have", name, match[1])
			}
		}
	}
	if named == 0 {
		t.Error("neither README.md nor CONTRIBUTING.md names a make command")
	}
}

func TestProse_namesFoldersThatExist(t *testing.T) {
	for _, name := range []string{"README.md", "CONTRIBUTING.md"} {
		for _, match := range folder.FindAllStringSubmatch(read(t, name), -1) {
			if _, err := os.Stat(filepath.Join(root, match[1])); err != nil {
				t.Errorf("%s names %s, which does not exist", name, match[1])
			}
		}
	}
}

func TestProse_linksToFilesThatExist(t *testing.T) {
	for _, name := range files(t) {
		if path.Ext(name) != ".md" || strings.Contains(name, "testdata/") || within(path.Dir(name), "docs") {
			continue
		}
		for _, match := range mdLink.FindAllStringSubmatch(read(t, name), -1) {
			if _, err := os.Stat(filepath.Join(root, path.Dir(name), match[1])); err != nil {
				t.Errorf("%s links to %s, which does not exist", name, match[1])
			}
		}
	}
}
