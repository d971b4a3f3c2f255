package review_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// The protection from deletion is Terraform's alone, and part of what is approved all the same.
func TestApprovable_hasTheProtection(t *testing.T) {
	of := func(before, after string) []api.ApprovedChange {
		t.Helper()
		changes, err := review.Approvable(bytes.NewReader(planOf("bursar_team", `["update"]`, before, after, "")))
		if err != nil {
			t.Fatal(err)
		}
		return changes
	}
	if kept := of(`{"team_id":"a","deletion_protection":true,"blocked":false}`, `{"team_id":"a","deletion_protection":true,"blocked":true}`); len(kept) != 1 {
		t.Errorf("what stays protected has %+v", kept)
	}
	freed := of(`{"team_id":"a","deletion_protection":true}`, `{"team_id":"a","deletion_protection":false}`)
	if len(freed) != 1 || freed[0].Action != api.ChangeProtect || string(freed[0].After) != `{"deletion_protection":false}` {
		t.Fatalf("what is no longer protected has %+v", freed)
	}
	fields := api.QuotaReviewFields{Changes: freed}
	if err := fields.Validate(); err != nil || fields.Makes() != 0 {
		t.Errorf("%v, and requests make %d changes", err, fields.Makes())
	}
	approvals := api.NewApprovals(api.QuotaReview{QuotaReviewFields: fields})
	planned := api.MadeChange{Noun: "team", Action: api.ChangeProtect, Identity: map[string]string{"team_id": "a"}, Before: []byte(`{"deletion_protection":true}`), After: freed[0].After}
	if err := approvals.Allow(planned); err != nil {
		t.Error(err)
	}
	planned.Before, planned.After = planned.After, planned.Before
	if err := approvals.Allow(planned); err == nil {
		t.Error("the opposite is allowed")
	}
	made := planned
	made.Action = api.ChangeUpdate
	if err := approvals.Allow(made); err == nil {
		t.Error("an update is allowed by it")
	}
}

// What a plan calls sensitive or unknown is left open by its path and told by none; what is no field of the API is left out.
func TestApprovable_tellsNoSecret(t *testing.T) {
	plan := `{"format_version":"1.2","planned_values":{},"resource_changes":[
	{"address":"bursar_alert_route.a","mode":"managed","type":"bursar_alert_route","change":{"actions":["update"],
	 "before":{"alert_route_id":"a","name":"a","webhook":{"url":"https://canary.example.com","secret_wo_version":1,"format":null}},
	 "after":{"alert_route_id":"a","name":"b","webhook":{"url":"https://canary.example.com/2","secret_wo_version":2,"format":null}},
	 "before_sensitive":{"webhook":{"url":true}},"after_sensitive":{"webhook":{"url":true}},"after_unknown":{}}},
	{"address":"bursar_key.k","mode":"managed","type":"bursar_key","change":{"actions":["create"],"before":null,
	 "after":{"key_alias":"k","team_id":"t","duration":"30d","key_wo":null,"store_key_in_state":true,"metadata":{"token":"canary"}},
	 "after_sensitive":{"metadata":true},"after_unknown":{"key_id":true,"key":true,"expires":true}}},
	{"address":"bursar_team.old","mode":"managed","type":"bursar_team","change":{"actions":["delete","create"],
	 "before":{"team_id":"old","max_budget":5,"force_destroy":true},"after":{"team_id":"new","max_budget":6},"after_unknown":{}}},
	{"address":"bursar_team_member.m","mode":"managed","type":"bursar_team_member","change":{"actions":["create"],"before":null,
	 "after":{"team_id":"t","user_email":"m@example.com","role":"user"},"after_unknown":{"user_id":true}}}]}`
	changes, err := review.Approvable(strings.NewReader(plan))
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(changes)
	if err != nil || strings.Contains(string(encoded), "canary") {
		t.Fatalf("%s, %v", encoded, err)
	}
	var got []string
	for _, change := range changes {
		got = append(got, change.Noun+" "+change.Action+" "+strings.Join(change.Open, ","))
	}
	want := "alert_route update webhook.secret,webhook.url; key create expires,metadata; team delete ; team create ; member create "
	if said := strings.Join(got, "; "); said != want {
		t.Errorf("approvable are %q, want %q", said, want)
	}
	if key := string(changes[1].After); key != `{"duration":"30d","key_alias":"k","team_id":"t"}` {
		t.Errorf("the key is %s", key)
	}
	if !changes[2].Cascade || changes[2].Identity["team_id"] != "old" || changes[3].Identity["team_id"] != "new" || changes[4].Identity["user_email"] != "m@example.com" {
		t.Errorf("identities are %s", encoded)
	}
	for name, text := range map[string]string{"no plan": "{}", "a stranger": strings.ReplaceAll(plan, "bursar_team_member", "bursar_planet")} {
		if _, err := review.Approvable(strings.NewReader(text)); err == nil {
			t.Errorf("%s is approvable", name)
		}
	}
}
