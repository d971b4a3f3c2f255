package script

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// What packRow writes is what encoding/json writes, and is read as the row it was.
func TestPackRow_writesTheJSONOfTheRow(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		row := rapid.Make[api.LedgerRow]().Draw(rt, "row")
		row.AdmittedAt, row.SettledAt = quota.TimeOf(row.PromptTokens&(1<<52-1)), quota.TimeOf(row.CachedTokens&(1<<52-1))
		want, err := json.Marshal(rowMemo(row))
		if err != nil {
			rt.Fatal(err)
		}
		got := PackRow(row)
		if !jsonEqual(got, want) {
			rt.Fatalf("packed %s, want %s", got, want)
		}
	})
}

func jsonEqual(a, b []byte) bool {
	var left, right any
	return json.Unmarshal(a, &left) == nil && json.Unmarshal(b, &right) == nil && reflect.DeepEqual(left, right)
}
