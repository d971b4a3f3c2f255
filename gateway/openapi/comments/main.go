// Command comments writes gateway/openapi/comments.json: what the source says about the types that the
// API reads and writes, so that the description of the API can repeat it.
//
// It promises the same file for the same source. It must never know what the types are for.
package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// packages hold the types that the API speaks.
var packages = []string{"internal/api", "gateway/admin", "gateway/admin/route", "gateway/admin/alerts", "gateway/admin/audit", "gateway/admin/usage", "gateway/admin/rehearse", "gateway/proxy", "gateway/app"}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	texts, err := collect(".")
	if err != nil {
		return err
	}
	data, err := encode(texts)
	if err != nil {
		return err
	}
	return os.WriteFile("gateway/openapi/comments.json", data, 0o644)
}

// encode writes the file: sorted, one comment a line.
func encode(texts map[string]string) ([]byte, error) {
	data, err := json.MarshalIndent(texts, "", "  ")
	return append(data, '\n'), err
}

// collect reads the comments on all struct types and their fields with a json tag.
func collect(root string) (map[string]string, error) {
	texts := map[string]string{}
	for _, dir := range packages {
		files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", dir, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", file, err)
			}
			addFile(texts, parsed)
		}
	}
	return texts, nil
}

func addFile(texts map[string]string, file *ast.File) {
	for _, declaration := range file.Decls {
		general, ok := declaration.(*ast.GenDecl)
		if !ok || general.Tok != token.TYPE {
			continue
		}
		for _, spec := range general.Specs {
			declared, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			structure, ok := declared.Type.(*ast.StructType)
			if !ok || !hasTags(structure) {
				continue
			}
			name := file.Name.Name + "." + declared.Name.Name
			add(texts, name, declared.Doc, general.Doc)
			for _, field := range structure.Fields.List {
				for _, id := range field.Names {
					if field.Tag != nil {
						add(texts, name+"."+id.Name, field.Doc, field.Comment)
					}
				}
			}
		}
	}
}

// hasTags says whether the struct, or one that it embeds, can be written as JSON or read from an address.
func hasTags(structure *ast.StructType) bool {
	for _, field := range structure.Fields.List {
		if len(field.Names) == 0 || field.Tag != nil && (strings.Contains(field.Tag.Value, "json:") || strings.Contains(field.Tag.Value, "query:")) {
			return true
		}
	}
	return false
}

// link is a reference in a comment of Go; readers of the API know no Go.
var link = regexp.MustCompile(`\[(\w+\.)?(\w+)\]`)

func add(texts map[string]string, name string, groups ...*ast.CommentGroup) {
	for _, group := range groups {
		if text := strings.TrimSpace(group.Text()); text != "" {
			texts[name] = link.ReplaceAllString(strings.ReplaceAll(text, "\n", " "), "$2")
			return
		}
	}
}
