package upstream_test

import (
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
)

func TestRewrite(t *testing.T) {
	openai := upstream.Deployment{UpstreamModel: "real", BaseURL: "https://api.openai.com/v1"}
	compatible := upstream.Deployment{UpstreamModel: "real", BaseURL: "http://127.0.0.1:9/v1"}
	for name, test := range map[string]struct {
		body       string
		deployment upstream.Deployment
		stream     bool
		want       string
	}{
		"cap injected for OpenAI": {
			`{"model":"m","messages":[]}`, openai, false,
			`{"model":"real","messages":[],"max_completion_tokens":7}`,
		},
		"cap injected for compatible servers": {
			`{"model":"m"}`, compatible, false, `{"model":"real","max_tokens":7}`,
		},
		"the client's own field is lowered": {
			`{"max_tokens": 99, "model":"m"}`, openai, false, `{"max_tokens": 7, "model":"real"}`,
		},
		"null counts as not set": {
			`{"model":"m","max_tokens":null}`, openai, false, `{"model":"real","max_tokens":null,"max_completion_tokens":7}`,
		},
		"usage asked for on streams": {
			`{"model":"m","stream":true}`, compatible, true,
			`{"model":"real","stream":true,"max_tokens":7,"stream_options":{"include_usage":true}}`,
		},
		"unknown fields and spaces survive": {
			`{ "x" : [1,  2.50],"model":"m", "n" : 1e3 }`, compatible, false,
			`{ "x" : [1,  2.50],"model":"real", "n" : 1e3 ,"max_tokens":7}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := upstream.Chat.Rewrite([]byte(test.body), test.deployment, 7, test.stream)
			if err != nil || string(got) != test.want {
				t.Fatalf("got  %s, %v\nwant %s", got, err, test.want)
			}
		})
	}
}
