package policy_test

import (
	"fmt"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func TestJudge_asksTheRecordOnceForAStranger(t *testing.T) {
	r, book, elsewhere := setUp()
	unknown := func() {
		t.Helper()
		if _, err := book.Judge(t.Context(), policy.WithSecret([]byte("three"), ""), nil); api.CodeOf(err) != api.NotFound {
			t.Fatalf("error is %v", err)
		}
	}
	unknown()
	asked := r.reads
	for range 100 {
		unknown()
	}
	if r.reads != asked {
		t.Errorf("the record was asked %d times more", r.reads-asked)
	}

	// A key that another gateway makes works here at once.
	key := api.NewKey("key_3")
	r.keys["three"] = key
	if err := (policy.Changes{Book: elsewhere}).KeyChanged(t.Context(), nil, &key); err != nil {
		t.Fatal(err)
	}
	if got := lookup(t, book, "three").Key.KeyID; got != "key_3" {
		t.Errorf("the new secret leads to %s", got)
	}

	// So does a known key's new secret.
	if _, err := book.Judge(t.Context(), policy.WithSecret([]byte("four"), ""), nil); api.CodeOf(err) != api.NotFound {
		t.Fatalf("error is %v", err)
	}
	r.keys["four"] = key
	if err := (policy.Changes{Book: elsewhere}).KeyChanged(t.Context(), &key, &key); err != nil {
		t.Fatal(err)
	}
	lookup(t, book, "four")
}

func TestJudge_doesNotTakeAKeyForAStrangerWhenItsTeamIsGone(t *testing.T) {
	r, book, _ := setUp()
	team := r.teams["marketing"]
	delete(r.teams, "marketing")
	if _, err := book.Judge(t.Context(), policy.WithSecret([]byte("one"), ""), nil); err == nil {
		t.Fatal("a key without its team was let in")
	}
	r.teams["marketing"] = team
	lookup(t, book, "one")
}

func TestJudge_strangersAreBounded(t *testing.T) {
	_, book, _ := setUp()
	for i := range 25_000 {
		if _, err := book.Judge(t.Context(), policy.WithSecret(fmt.Appendf(nil, "made up %d", i), ""), nil); api.CodeOf(err) != api.NotFound {
			t.Fatalf("error is %v", err)
		}
	}
	if n := book.StrangersForTest(); n == 0 || n > 10_000 {
		t.Errorf("%d strangers are remembered", n)
	}
}
