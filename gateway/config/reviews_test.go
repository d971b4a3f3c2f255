package config_test

import "testing"

func TestReviews_areNotRequiredUnlessSaid(t *testing.T) {
	for text, want := range map[string][2]bool{
		"": {false, false}, "reviews: {required: true}": {true, false}, "reviews: {required: true, approved_by_others: true}": {true, true},
	} {
		got, err := load(t, text, adminEnv)
		if err != nil || got.ReviewsRequired != want[0] || got.ReviewsByOthers != want[1] {
			t.Errorf("%q: %t, %t, %v", text, got.ReviewsRequired, got.ReviewsByOthers, err)
		}
	}
	if _, err := load(t, "reviews: {requird: true}", adminEnv); err == nil {
		t.Error("a mistyped setting is taken")
	}
}
