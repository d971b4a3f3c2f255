package store_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
)

func TestQueries_prepareOnBothDatabases(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		for _, name := range s.QueryNamesForTest() {
			if err := s.PrepareForTest(t.Context(), name); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestQueries_areAllUsed(t *testing.T) {
	s := open(t, sqliteAddress(t), newClock())
	code := sourceCode(t)
	for _, name := range s.QueryNamesForTest() {
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
