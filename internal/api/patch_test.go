package api_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func object(t *testing.T, text string) map[string]json.RawMessage {
	t.Helper()
	var parsed map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &parsed); err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestPatch_absentKeepsNullClearsValueReplaces(t *testing.T) {
	team := api.NewTeam("t")
	team.RPMLimit, team.TPMLimit, team.MaxBudget = new(int64(10)), new(int64(20)), new(money.Nano(5))
	team.ModelRPMLimit = map[string]int64{"a": 1, "b": 2}
	team.HardCap = false
	unknown, err := api.Patch(&team.TeamFields, object(t, `{
		"rpm_limit": null, "max_budget": 0.25, "model_rpm_limit": {"b": 3}, "hard_cap": null,
		"models": ["z", "a"], "spend": 7, "colour": "red"}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"colour", "spend"}, unknown); diff != "" {
		t.Error(diff)
	}
	if team.RPMLimit != nil || *team.TPMLimit != 20 || *team.MaxBudget != money.USD/4 {
		t.Errorf("limits: %+v", team)
	}
	if diff := cmp.Diff(map[string]int64{"b": 3}, team.ModelRPMLimit); diff != "" {
		t.Error("a map must be replaced whole:", diff)
	}
	if !team.HardCap {
		t.Error("null must bring a field's default back")
	}
	if diff := cmp.Diff(api.StringList{"z", "a"}, team.Models); diff != "" {
		t.Error(diff)
	}
}

func TestPatch_namesTheFieldThatDoesNotFit(t *testing.T) {
	for body, want := range map[string]string{
		`{"rpm_limit": "fast"}`:            "rpm_limit must be a whole number, not string",
		`{"rpm_limit": 1.5}`:               "rpm_limit must be a whole number, not number 1.5",
		`{"models": "gpt"}`:                "models must be a list, not string",
		`{"blocked": 1}`:                   "blocked must be true or false, not number",
		`{"model_rpm_limit": {"a": "b"}}`:  "model_rpm_limit must be a whole number, not string",
		`{"metadata": []}`:                 "metadata must be an object, not array",
		`{"max_budget": "lots"}`:           `max_budget is not valid: "lots" is not a number of US dollars`,
		`{"soft_threshold_pct": "0.8"}`:    "soft_threshold_pct must be a number, not string",
		`{"max_budget": 99999999999999.0}`: `max_budget is not valid: "99999999999999.0": amount out of range: at most 9007199.254740992 US dollars`,
	} {
		team := api.NewTeam("t")
		_, err := api.Patch(&team.TeamFields, object(t, body))
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", body, err, want)
		}
		if api.CodeOf(err) != api.Invalid {
			t.Errorf("%s: code %s", body, api.CodeOf(err))
		}
	}
}

func TestTeam_writesListsAndMapsThatAreNotSet(t *testing.T) {
	data, err := json.Marshal(api.NewTeam("t"))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]any{
		"models": []any{}, "metadata": map[string]any{}, "blocked": false, "hard_cap": true,
		"max_budget": nil, "rpm_limit": nil, "budget_duration": nil, "spend": 0.0,
	} {
		value, found := got[field]
		if diff := cmp.Diff(want, value); !found || diff != "" {
			t.Errorf("%s: found %v, %s", field, found, diff)
		}
	}
}
