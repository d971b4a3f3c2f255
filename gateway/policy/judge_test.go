package policy_test

import (
	"errors"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

var errRefused = errors.New("refused")

// blocked refuses keys that are blocked, and counts how often it was asked.
func blocked(asked *int) policy.Verdict {
	return func(subject *policy.Subject) error {
		*asked++
		if subject.Key.Blocked {
			return errRefused
		}
		return nil
	}
}

func setBlocked(t *testing.T, r *record, book *policy.Book, is bool) {
	t.Helper()
	key := r.keys["one"]
	key.Blocked = is
	r.keys["one"] = key
	if err := (policy.Changes{Book: book}).KeyChanged(t.Context(), &key, nil); err != nil {
		t.Fatal(err)
	}
}

func TestJudge_relievesWhoWasRefusedByWhatHasChanged(t *testing.T) {
	t.Parallel()
	r, here, there := setUp()
	one := policy.WithSecret([]byte("one"), "")
	setBlocked(t, r, here, true)
	asked := 0
	if subject, err := there.Judge(t.Context(), one, blocked(&asked)); !errors.Is(err, errRefused) || subject == nil || asked != 1 {
		t.Errorf("blocked: %v of %v, asked %d times", err, subject, asked)
	}
	setBlocked(t, r, here, false)
	asked = 0
	if subject, err := there.Judge(t.Context(), one, blocked(&asked)); err != nil || subject.Key.Blocked || asked != 2 {
		t.Errorf("no longer blocked: %v, asked %d times", err, asked)
	}
}

func TestJudgeFresh_seesWhatChangedElsewhere(t *testing.T) {
	t.Parallel()
	r, here, there := setUp()
	one := policy.WithSecret([]byte("one"), "")
	asked := 0
	if _, err := there.JudgeFresh(t.Context(), one, blocked(&asked)); err != nil {
		t.Fatal(err)
	}
	setBlocked(t, r, here, true)
	if _, err := there.Judge(t.Context(), one, blocked(&asked)); err != nil {
		t.Errorf("who is let through is for the engine to check: %v", err)
	}
	if subject, err := there.JudgeFresh(t.Context(), one, blocked(&asked)); !errors.Is(err, errRefused) || subject == nil {
		t.Errorf("a change elsewhere is not seen: %v", err)
	}
}

func TestJudge_judgesNobodyWhomItCannotRead(t *testing.T) {
	t.Parallel()
	r, _, _ := setUp()
	away := &versions{of: map[string]int64{}}
	book := policy.NewBook(r, away, policy.Defaults{})
	one := policy.WithSecret([]byte("one"), "")
	refuse := func(*policy.Subject) error { return errRefused }
	if subject, err := book.Judge(t.Context(), one, refuse); subject == nil || !errors.Is(err, errRefused) {
		t.Fatalf("%v of %v", err, subject)
	}
	away.err = errors.New("counters are away")
	if subject, err := book.Judge(t.Context(), one, refuse); subject != nil || !errors.Is(err, away.err) {
		t.Errorf("a refusal that cannot be checked holds: %v of %v", err, subject)
	}
	away.err = nil
	if subject, err := book.Judge(t.Context(), policy.WithSecret([]byte("nobody's"), ""), refuse); subject != nil || api.CodeOf(err) != api.NotFound {
		t.Errorf("nobody: %v of %v", err, subject)
	}
}
