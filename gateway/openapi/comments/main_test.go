package main

import (
	"os"
	"testing"
)

func TestComments_areThoseOfTheSource(t *testing.T) {
	texts, err := collect("../../..")
	if err != nil {
		t.Fatal(err)
	}
	want, err := encode(texts)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../comments.json")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("gateway/openapi/comments.json is not up to date; run make generate and commit what it writes")
	}
	if texts["api.Team.TeamID"] != "" || texts["api.TeamFields.BudgetID"] == "" {
		t.Errorf("the comments are not by type and field: %q", texts["api.TeamFields.BudgetID"])
	}
}
