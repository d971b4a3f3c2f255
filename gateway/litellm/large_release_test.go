//go:build release

package litellm_test

import (
	"io"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// A company with 200 teams, 5,000 keys and a million calls moves in within two minutes, to the cent.
func TestApply_large(t *testing.T) {
	m := newMove(t, "testdata/large.sql")
	begin := time.Now()
	if err := m.plan(false).Apply(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
	took := time.Since(begin)
	t.Logf("200 teams, 5,000 keys and a million calls took %s", took.Round(time.Second))
	if took > 2*time.Minute {
		t.Errorf("it took %s", took)
	}
	if err := m.plan(false).Verify(io.Discard); err != nil {
		t.Error(err)
	}
	keys, err := m.gateway.ListKeys(t.Context())
	if err != nil || len(keys) != 5000 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	var spent money.Nano
	for _, key := range keys {
		spent += key.Spend
	}
	var want float64
	if err := m.sql.QueryRowContext(t.Context(), `SELECT SUM(spend) FROM "LiteLLM_VerificationToken"`).Scan(&want); err != nil {
		t.Fatal(err)
	}
	if cents := int64(want*100 + 0.5); int64(spent+5_000_000)/10_000_000 != cents {
		t.Errorf("the keys have spent %s, LiteLLM says %f", spent.Dollars(), want)
	}
	begin = time.Now()
	again := m.plan(false)
	if again.Changes() {
		t.Error("a second run would change something")
	}
	t.Logf("a second plan took %s", time.Since(begin).Round(time.Second))
}
