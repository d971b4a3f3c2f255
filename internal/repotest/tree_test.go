package repotest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// root is the project's folder as seen from this package.
const root = "../.."

// read returns a file of the project as text.
func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// files lists all files of ours, as slash-separated paths from the root.
func files(t *testing.T) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if notOurs(name) {
				return fs.SkipDir
			}
			return nil
		}
		if entry.Type().IsRegular() {
			found = append(found, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// notOurs says whether the folder holds what programs leave behind; .gitignore lists the same.
func notOurs(dir string) bool {
	switch dir {
	case ".git", ".cache", "bin", "dist", "data", "try":
		return true
	}
	return path.Base(dir) == ".terraform"
}

// goFile is one parsed Go file.
type goFile struct {
	// name is the file's path, dir its folder, both from the root.
	name, dir string
	syntax    *ast.File
}

func (f goFile) isTest() bool { return strings.HasSuffix(f.name, "_test.go") }

// imports are the import paths of the file.
func (f goFile) imports() []string {
	var paths []string
	for _, spec := range f.syntax.Imports {
		paths = append(paths, strings.Trim(spec.Path.Value, `"`))
	}
	return paths
}

// goFiles parses the package clause, imports and comments of every Go file of ours.
func goFiles(t *testing.T) []goFile {
	t.Helper()
	var found []goFile
	for _, name := range files(t) {
		if !strings.HasSuffix(name, ".go") {
			continue
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, goFile{name: name, dir: path.Dir(name), syntax: syntax})
	}
	if len(found) == 0 {
		t.Fatal("no Go file was found")
	}
	return found
}
