package ledgerrow_test

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/checksummed/ledgerrow"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// filled has a value in every field, so that one which is added later is not forgotten in the journal.
func filled(t *testing.T) api.LedgerRow {
	t.Helper()
	var row api.LedgerRow
	fields := reflect.ValueOf(&row).Elem()
	for i := range fields.NumField() {
		switch field := fields.Field(i).Addr().Interface().(type) {
		case *string:
			*field = "text " + fields.Type().Field(i).Name
		case *int64:
			*field = int64(i + 1)
		case *money.Nano:
			*field = -12_345_678_901
		case *time.Time:
			*field = time.Date(2026, 11, 3, 4, 5, 6, 7000+i, time.UTC)
		case *[]string:
			*field = []string{"one", "two"}
		default:
			t.Fatalf("the journal does not know how to write %s", fields.Type().Field(i).Name)
		}
	}
	return row
}

func TestAppend_isWhatJSONWrites(t *testing.T) {
	odd := filled(t)
	odd.Model, odd.EndUser, odd.Tags = "\"quoted\\ \x00\x1f\t\n", "Zoë \u2028 <b>&", []string{"", "🦉", "bad \xff utf-8"}
	odd.PromptTokens, odd.Cost = math.MaxInt64, -money.Max
	odd.AdmittedAt = time.Date(2026, 11, 3, 4, 5, 6, 0, time.FixedZone("", 3600))
	for name, row := range map[string]api.LedgerRow{"filled": filled(t), "odd": odd, "empty": {}} {
		line := ledgerrow.Append(nil, &row)
		var written, plain api.LedgerRow
		reference, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(line, &written); err != nil {
			t.Fatalf("%s: %v in %s", name, err, line)
		}
		if err := json.Unmarshal(reference, &plain); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(plain, written); diff != "" {
			t.Errorf("%s reads back differently (-JSON +journal):\n%s", name, diff)
		}
	}
}
