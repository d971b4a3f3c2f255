package store_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store/dialect"
)

func TestQueries_areAllUsed(t *testing.T) {
	queries, err := dialect.LoadQueries(os.DirFS("."), dialect.SQLite)
	if err != nil || len(queries) == 0 {
		t.Fatalf("%d queries: %v", len(queries), err)
	}
	code := sourceCode(t)
	for name := range queries {
		noun, verb := name[:strings.LastIndex(name, "_")], name[strings.LastIndex(name, "_"):]
		shared := strings.Contains(code, `"`+noun+`"`) && strings.Contains(code, `"`+verb+`"`)
		ofBudget := strings.HasSuffix(name, "_of_budget")
		if !shared && !ofBudget && !strings.Contains(code, `"`+name+`"`) {
			t.Errorf("query %s is used nowhere", name)
		}
	}
}

// sourceCode is the text of this package without its tests.
func sourceCode(t *testing.T) string {
	t.Helper()
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(text)
	}
	return code.String()
}
