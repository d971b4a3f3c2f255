package dialect_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store/dialect"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/storetest"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

func TestMain(m *testing.M) { os.Exit(testenv.MainPostgres(m)) }

// Each database takes each query of the store in each of its forms.
func TestQueries_prepareOnBothDatabases(t *testing.T) {
	for kind, address := range map[string]func(*testing.T) string{
		dialect.SQLite:   func(t *testing.T) string { return storetest.SQLite(t, t.TempDir()) },
		dialect.Postgres: func(t *testing.T) string { return storetest.Postgres(t) },
	} {
		t.Run(kind, func(t *testing.T) {
			db, err := dialect.Open(address(t))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			for name, query := range queries(t, kind) {
				for _, values := range query.FormsForTest() {
					text, _, err := query.Bind(values)
					if err != nil {
						t.Fatal(err)
					}
					statement, err := db.Writer.PrepareContext(t.Context(), text)
					if err != nil {
						t.Errorf("query %s: %v\n%s", name, err, text)
						continue
					}
					statement.Close()
				}
			}
		})
	}
}

// A condition that is misspelt would select everything: what no line asks for is refused.
func TestBind_refusesWhatNoLineAsksFor(t *testing.T) {
	const file = `-- lines: found
FROM team WHERE 1 = 1
  AND id = $id -- if id
-- lines: ordered_by
ORDER BY $column -- if sorted
-- name: team_list
-- ignores created_by
SELECT id
-- use found
-- use ordered_by alias
INDEXED BY team_alias -- sqlite only
LIMIT $most -- postgres only
`
	files := fstest.MapFS{"queries/team.sql": {Data: []byte(file)}}
	for kind, end := range map[string]string{dialect.SQLite: "INDEXED BY team_alias\n", dialect.Postgres: "LIMIT $2\n"} {
		query := must(dialect.LoadQueries(files, kind))(t)["team_list"]
		text, _, err := query.Bind(dialect.Values{"id": "a", "sorted": true, "most": 1, "created_by": "ann"})
		if err != nil || !strings.HasPrefix(text, "SELECT id\nFROM team WHERE 1 = 1\nAND id = ") || !strings.HasSuffix(text, "ORDER BY alias\n"+end) {
			t.Errorf("%s: %q, %v", kind, text, err)
		}
		if _, _, err := query.Bind(dialect.Values{"team_id": "a", "most": 1}); err == nil || !strings.Contains(err.Error(), "team_list asks for no $team_id") {
			t.Errorf("%s: %v", kind, err)
		}
	}
	files["queries/key.sql"] = &fstest.MapFile{Data: []byte("-- name: key_list\n-- use fuond\n")}
	if _, err := dialect.LoadQueries(files, dialect.SQLite); err == nil || !strings.Contains(err.Error(), "key_list uses lines fuond") {
		t.Error(err)
	}
}

func queries(t *testing.T, kind string) map[string]dialect.Query {
	t.Helper()
	return must(dialect.LoadQueries(os.DirFS(".."), kind))(t)
}

func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}
