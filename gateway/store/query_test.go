package store_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store/dialect"
)

func TestQueries_areAllUsed(t *testing.T) {
	queries, err := dialect.LoadQueries(os.DirFS("."), dialect.SQLite)
	if err != nil || len(queries) == 0 {
		t.Fatalf("%d queries: %v", len(queries), err)
	}
	code := sourceCode(t, "")
	for name := range queries {
		noun, verb := name[:strings.LastIndex(name, "_")], name[strings.LastIndex(name, "_"):]
		shared := strings.Contains(code, `"`+noun+`"`) && strings.Contains(code, `"`+verb+`"`)
		ofBudget := strings.HasSuffix(name, "_of_budget")
		if !shared && !ofBudget && !strings.Contains(code, `"`+name+`"`) {
			t.Errorf("query %s is used nowhere", name)
		}
	}
}

// sourceCode is the text of this package without its tests and a file.
func sourceCode(t *testing.T, without string) string {
	t.Helper()
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || file == without {
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

// What reads the ledger's rows or sums waits for those that were appended before; only the writer of the rows does not.
func TestQueries_ofTheLedgerWaitForItsJournal(t *testing.T) {
	files, err := filepath.Glob("queries/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	ofLedger := regexp.MustCompile(`\b(?:FROM|JOIN)\s+(?:ledger|usage_)|-- use ledger_`)
	unawaited := regexp.MustCompile(`\bs\.(?:one|each|texts)\(ctx, "(\w+)"`)
	reading := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for section := range strings.SplitSeq(string(text), "-- name: ") {
			name, lines, _ := strings.Cut(section, "\n")
			reading[name] = ofLedger.MatchString(lines)
		}
	}
	if !reading["ledger_list"] || !reading["usage_days"] || reading["team_list"] {
		t.Fatalf("the queries of the ledger are not found: %v", reading)
	}
	for _, match := range unawaited.FindAllStringSubmatch(sourceCode(t, "ledger_insert.go"), -1) {
		if name := match[1]; reading[name] {
			t.Errorf("query %s is asked without eachBooked or oneBooked", name)
		}
	}
}

// Nouns are inserted and updated with the same values; an update says that it leaves alone who made the object, and when.
func TestQueries_updatesLeaveWhoMadeIt(t *testing.T) {
	files, err := filepath.Glob("queries/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for section := range strings.SplitSeq(string(text), "-- name: ") {
			name, lines, _ := strings.Cut(section, "\n")
			if !strings.HasSuffix(name, "_update") || !strings.Contains(lines, "$updated_by") {
				continue
			}
			found++
			if !strings.HasPrefix(lines, "-- ignores created_at_ms, created_by") {
				t.Errorf("%s: begin query %s with the line -- ignores created_at_ms, created_by", file, name)
			}
		}
	}
	if found < 9 {
		t.Errorf("only %d updates were found", found)
	}
}
