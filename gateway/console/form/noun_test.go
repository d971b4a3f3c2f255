package form

import (
	"encoding/json"
	"maps"
	"net/url"
	"testing"
)

// A change of a form sends what differs; an object within the body goes whole, with what the form does not have, and
// without what only answers have. A secret goes when it was typed.
func TestNoun_body(t *testing.T) {
	t.Parallel()
	slack := Nouns["slack_route"]
	before := Parts{
		"name": json.RawMessage(`"bot"`), "enabled": json.RawMessage("true"), "fallback": json.RawMessage("false"),
		"slack": json.RawMessage(`{"channel":"C1","api_url":"http://x/","token_fingerprint":"abc"}`),
	}
	same := url.Values{"name": {"bot"}, "enabled": {"1"}, "slack.channel": {"C1"}}
	with := func(name, value string) url.Values {
		changed := url.Values{}
		maps.Copy(changed, same)
		changed.Set(name, value)
		return changed
	}
	for name, test := range map[string]struct {
		kind   Noun
		form   url.Values
		before Parts
		want   string
	}{
		"nothing":           {slack, same, before, `{}`},
		"a field within":    {slack, with("slack.channel", "C2"), before, `{"slack":{"api_url":"http://x/","channel":"C2"}}`},
		"nothing within":    {slack, with("slack.channel", ""), before, `{"slack":{"api_url":"http://x/"}}`},
		"a secret":          {slack, with("slack.token", "xoxb"), before, `{"slack":{"api_url":"http://x/","channel":"C1","token":"xoxb"}}`},
		"a list":            {slack, with("thresholds", "0.5, 1"), before, `{"thresholds":[0.5,1]}`},
		"off":               {slack, with("enabled", ""), before, `{"enabled":false}`},
		"a price taken off": {Model, url.Values{"name": {"m"}}, Parts{"name": json.RawMessage(`"m"`), "price": json.RawMessage(`{"input_per_million_usd":3}`)}, `{"price":null}`},
		"a new one":         {Member, url.Values{"team_id": {"t"}, "member.user_id": {"ada"}, "member.role": {"user"}, "role": {"admin"}}, nil, `{"member":{"role":"user","user_id":"ada"},"team_id":"t"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, err := test.kind.Body(test.form, test.before)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := json.Marshal(body); err != nil || string(got) != test.want {
				t.Errorf("%s %v, want %s", got, err, test.want)
			}
		})
	}
}

func TestMemberID_isTakenApart(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{{"a", "b"}, {"a/b", "c/d"}, {"%2F", "x y"}, {"", "ü@x"}} {
		if team, user, known := MemberOf(MemberID(pair[0], pair[1])); !known || team != pair[0] || user != pair[1] {
			t.Errorf("%q becomes %q %q", pair, team, user)
		}
	}
	if _, _, known := MemberOf("alone"); known {
		t.Error("an id without a user is taken")
	}
}
