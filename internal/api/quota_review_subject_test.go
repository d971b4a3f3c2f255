package api

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A name that goes on with a dot, or with another word, is another name: what is open under one stays shut under the other.
func TestFieldPath_opensNoLongerName(t *testing.T) {
	gpt4 := FieldPath("model_rpm_limit", "gpt-4")
	for name, open := range map[string]bool{"gpt-4": true, "gpt-4.1": false, "gpt-4-turbo": false, "gpt-4_fingerprint": false, `gpt-4"]`: false, "gpt-4[x": false, "": false} {
		path := FieldPath("model_rpm_limit", name)
		if within([]string{gpt4}, path) != open {
			t.Errorf("%s opens %s: %t, want %t", gpt4, path, !open, open)
		}
		if !within([]string{"model_rpm_limit"}, path) || !(leaves{"model_rpm_limit": nil}).known(path) {
			t.Errorf("%s does not lie in model_rpm_limit", path)
		}
	}
	review := QuotaReview{QuotaReviewID: "review_1", QuotaReviewFields: QuotaReviewFields{Changes: []ApprovedChange{{
		Address: "bursar_team.a", Noun: "team", Action: ChangeUpdate, Identity: map[string]string{"team_id": "a"}, Open: []string{gpt4},
		Before: json.RawMessage(`{"model_rpm_limit":{"gpt-4":1,"gpt-4.1":1}}`), After: json.RawMessage(`{"model_rpm_limit":{"gpt-4.1":1}}`),
	}}}}
	made := MadeChange{
		Noun: "team", Action: ChangeUpdate, Identity: map[string]string{"team_id": "a"}, At: approvalTime,
		Before: json.RawMessage(`{"model_rpm_limit":{"gpt-4":1,"gpt-4.1":1}}`), After: json.RawMessage(`{"model_rpm_limit":{"gpt-4":9,"gpt-4.1":1}}`),
	}
	if _, err := made.Approved(review); err != nil {
		t.Errorf("what is open: %v", err)
	}
	made.After = json.RawMessage(`{"model_rpm_limit":{"gpt-4":9,"gpt-4.1":99999}}`)
	if _, err := made.Approved(review); CodeOf(err) != NotApproved {
		t.Errorf("the longer name: %v", err)
	}
}

// No two fields have one path, whatever they are called.
func TestFieldPath_isOfOneField(t *testing.T) {
	name := rapid.StringOfN(rapid.RuneFrom([]rune{'a', '.', '[', ']', '"', '\\'}), 0, 4, -1)
	rapid.Check(t, func(t *rapid.T) {
		first, second := rapid.SliceOfN(name, 1, 3).Draw(t, "first"), rapid.SliceOfN(name, 1, 3).Draw(t, "second")
		path := func(names []string) (path string) {
			for _, each := range names {
				path = FieldPath(path, each)
			}
			return path
		}
		if same := fmt.Sprintf("%q", first) == fmt.Sprintf("%q", second); same != (path(first) == path(second)) {
			t.Fatalf("%q and %q are %s and %s", first, second, path(first), path(second))
		}
		if starts := len(first) <= len(second) && fmt.Sprintf("%q", first) == fmt.Sprintf("%q", second[:min(len(first), len(second))]); starts != contains(path(first), path(second)) {
			t.Fatalf("%s contains %s: %t", path(first), path(second), !starts)
		}
	})
}

// What the whole review allows, and nothing else, the changes allow that have a subject in common.
func TestSubjects_missNothingThatAllows(t *testing.T) {
	some := func(t *rapid.T, label string, choices ...string) string {
		return rapid.SampledFrom(choices).Draw(t, label)
	}
	identity := func(t *rapid.T, noun string) map[string]string {
		known := map[string]string{}
		names := ownIDs[noun]
		if noun == "member" {
			names = append([]string{"user_email"}, names...)
		}
		for _, name := range names {
			if id := some(t, name, "", "a", "b", "A"); id != "" {
				known[name] = id
			}
		}
		return known
	}
	object := func(t *rapid.T) json.RawMessage {
		return json.RawMessage(some(t, "object", `null`, `{}`, `{"name":"a","team_alias":"a","key_alias":"a"}`, `{"key_alias":"b","team_id":"a"}`,
			`{"team_id":"a","user_id":"a"}`, `{"user_email":"A","user_id":"b"}`, `{"team_id":"b"}`))
	}
	rapid.Check(t, func(t *rapid.T) {
		noun := func() string { return some(t, "noun", "team", "key", "member", "user", "model", "budget") }
		action := func() string {
			return some(t, "action", ChangeCreate, ChangeUpdate, ChangeDelete, ChangeResetSpend, ChangeRotate)
		}
		review := QuotaReview{QuotaReviewID: "review_1"}
		for range rapid.IntRange(1, 6).Draw(t, "changes") {
			approved := ApprovedChange{Address: "x", Noun: noun(), Action: action(), Before: object(t), After: object(t), Cascade: rapid.Bool().Draw(t, "cascade")}
			approved.Identity = identity(t, approved.Noun)
			if rapid.Bool().Draw(t, "open") {
				approved.Open = []string{"key_alias", "name", "team_alias"}
			}
			if !approved.identifies() {
				continue
			}
			review.Changes = append(review.Changes, approved)
		}
		made := MadeChange{Noun: noun(), Action: action(), Before: object(t), After: object(t)}
		made.Identity = identity(t, made.Noun)
		if _, known := wholeID(made.Noun, made.Identity); known || made.Action != ChangeCreate || rapid.Bool().Draw(t, "made") {
			made.At = time.Unix(1, 0)
			for _, name := range ownIDs[made.Noun] {
				if made.Identity[name] == "" {
					made.Identity[name] = "a"
				}
			}
		}
		_, whole := made.Approved(review)
		if found := NewApprovals(review).Allow(made); (whole == nil) != (found == nil) {
			t.Fatalf("the whole review says %v, its changes by subject %v", whole, found)
		}
	})
}
