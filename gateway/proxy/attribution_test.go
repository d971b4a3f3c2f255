package proxy_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestAttribution_endsUpInTheLedgerAndNowhereElse(t *testing.T) {
	many := make([]string, 30)
	for i := range many {
		many[i] = fmt.Sprintf(`"t%02d"`, i)
	}
	for name, test := range map[string]struct {
		fields, header string
		endUser        string
		tags           []string
	}{
		"both":                {`,"user":"anna","metadata":{"tags":["a","b","a"]}`, "b, c,,", "anna", []string{"a", "b", "c"}},
		"of Anthropic's":      {`,"metadata":{"user_id":"anna"}`, "", "anna", nil},
		"none":                {``, "", "", nil},
		"odd ones":            {`,"user":7,"metadata":{"tags":[1,{"a":1},null,"","x"]}`, "", "", []string{"x"}},
		"no object":           {`,"metadata":"tags"`, "", "", nil},
		"no list":             {`,"user":"u","metadata":{"tags":"x"}`, "", "u", nil},
		"too long":            {`,"user":"` + strings.Repeat("u", 129) + `","metadata":{"tags":["` + strings.Repeat("t", 129) + `"]}`, "", "", nil},
		"too many":            {`,"metadata":{"tags":[` + strings.Join(many, ",") + `]}`, "more", "", nil},
		"somebody else's key": {`,"user":"user-2","metadata":{"user_api_key_team_id":"sales","tags":["t"]}`, "", "user-2", []string{"t"}},
	} {
		b := newBench(t, nil)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.gateway.URL+"/v1/chat/completions",
			strings.NewReader(say("m", "prompt_tokens=20 completion_tokens=7", test.fields)))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+b.secret)
		request.Header.Set("x-litellm-tags", test.header)
		response, err := b.gateway.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Fatalf("%s: status %d", name, response.StatusCode)
		}
		row := b.ledger()[0]
		if row.TeamID != "marketing" || row.UserID != "user-1" || row.EndUser != test.endUser {
			t.Errorf("%s: %+v", name, row)
		}
		if name == "too many" {
			if len(row.Tags) != 20 {
				t.Errorf("%s: %d tags", name, len(row.Tags))
			}
		} else if !slices.Equal(row.Tags, test.tags) {
			t.Errorf("%s: tags are %q", name, row.Tags)
		}
	}
}
