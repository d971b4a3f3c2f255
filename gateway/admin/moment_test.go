package admin_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
)

// badMoments are times that are written wrongly, as JSON.
var badMoments = []string{
	`"tomorrow"`, `""`, `1795953600`, `true`, `"2026-11-29"`, `"2026-11-29T12:00:00"`, `"2026-11-29 12:00:00Z"`, `"2026-13-01T00:00:00Z"`,
}

// dateExamples are the parameters that hold a time or a day, and what a wrong one is told.
var dateExamples = map[string]string{
	"start_date": "2026-11-30, or a time such as 2026-11-29T12:00:00Z", "end_date": "2026-11-30, or a time such as 2026-11-29T12:00:00Z",
	"day": "2026-11-30",
}

// Every route says which field holds a bad time, what was given and what would be right, in words of its own.
func TestMoments_areRefusedPlainlyEverywhere(t *testing.T) {
	g := newGateway(t)
	tried := map[string]bool{}
	refused := func(got answer, field, given, example string) {
		t.Helper()
		got.refused(http.StatusBadRequest, field, field+` is "`+strings.Trim(given, `"`)+`", which is n`).refused(400, field, "such as "+example)
		if strings.Contains(got.text, "parsing") || strings.Contains(got.text, "2006") || strings.Contains(got.text, "unmarshal") {
			t.Errorf("in Go's words: %s", got.text)
		}
	}
	for _, operation := range admin.Operations() {
		at := strings.ReplaceAll(operation.Path, "{key}", "a")
		for _, parameter := range operation.Query {
			example, isDate := dateExamples[parameter.Name]
			if !isDate {
				continue
			}
			tried[parameter.Name] = true
			query := url.Values{"start_date": {"2026-11-01"}, "end_date": {"2026-11-02"}, "group_by": {"team"}, "team_id": {"a"}}
			query.Set(parameter.Name, "tomorrow")
			refused(g.get(at+"?"+query.Encode()), parameter.Name, "tomorrow", example)
		}
		if operation.Method != http.MethodPost || operation.Body == nil {
			continue
		}
		for _, field := range openapi.Fields(reflect.TypeOf(operation.Body)) {
			if field.Type != reflect.TypeFor[time.Time]() && field.Type != reflect.TypeFor[*time.Time]() {
				continue
			}
			tried[field.Name] = true
			for _, sent := range badMoments {
				refused(g.post(at, with(attempt(operation, nil), field.Name, sent)), field.Name, sent, "2026-11-29T12:00:00Z")
			}
		}
	}
	for _, field := range []string{"start_date", "end_date", "day", "until", "expires", "temp_budget_expiry", "temp_limit_expiry"} {
		if !tried[field] {
			t.Errorf("%s was tried on no route", field)
		}
	}
}

// with is a body with one field more.
func with(body, name, value string) string {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &fields); err != nil {
		panic(err)
	}
	fields[name] = json.RawMessage(value)
	delete(fields, "surplus")
	text, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return string(text)
}
