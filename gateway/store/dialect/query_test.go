package dialect_test

import (
	"os"
	"testing"

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
