package proxy_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func TestChat_badInputIsOneClearError(t *testing.T) {
	b := newBench(t, nil)
	for name, test := range map[string]struct {
		body   string
		status int
		want   string
	}{
		"empty":            {"", 400, "empty"},
		"not JSON":         {"{model", 400, "JSON"},
		"a list":           {"[]", 400, "object"},
		"deep":             {strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000), 400, "64"},
		"twice":            {`{"model":"m","model":"other","messages":[{}]}`, 400, "model"},
		"no model":         {`{"messages":[{}]}`, 400, "model is required"},
		"model no string":  {`{"model":5,"messages":[{}]}`, 400, "model must be a string"},
		"no messages":      {`{"model":"m"}`, 400, "messages is required"},
		"empty messages":   {`{"model":"m","messages":[]}`, 400, "messages is required"},
		"cap zero":         {`{"model":"m","messages":[{}],"max_tokens":0}`, 400, "max_tokens must be at least 1"},
		"cap no number":    {`{"model":"m","messages":[{}],"max_tokens":"9"}`, 400, "max_tokens must be a whole number"},
		"cap beyond int64": {`{"model":"m","messages":[{}],"max_tokens":1e300}`, 400, "max_tokens must be a whole number"},
		"n negative":       {`{"model":"m","messages":[{}],"n":-1}`, 400, "n must be between 1 and 128"},
		"stream no bool":   {`{"model":"m","messages":[{}],"stream":"yes"}`, 400, "stream must be true or false"},
		"unknown model":    {`{"model":"nope","messages":[{}]}`, 404, `The model "nope" is not served here`},
		"unpriced model":   {`{"model":"unpriced","messages":[{}]}`, 403, "no known price"},
		"other spelling":   {`{"model":"m","messages":[{}],"Max_Tokens":9}`, 400, "Max_Tokens must be written max_tokens"},
		"destination":      {`{"model":"m","messages":[{}],"api_base":"http://evil"}`, 400, "api_base is the operator's to decide"},
		"fallback models":  {`{"model":"m","messages":[{}],"fallbacks":["other"]}`, 400, "fallbacks is the operator's to decide"},
		"dearer tier":      {`{"model":"m","messages":[{}],"service_tier":"priority"}`, 400, "service_tier \"priority\" is not served"},
		"web search":       {`{"model":"m","messages":[{}],"web_search_options":{}}`, 400, "web_search_options is not served"},
		"endless name":     {`{"model":"` + strings.Repeat("m", 300) + `","messages":[{}]}`, 400, "model is 300 characters long"},
		"too big":          {`{"model":"m","messages":["` + strings.Repeat("x", 21<<20) + `"]}`, 413, "larger than the limit"},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.post(test.body)
			if detail := got.error(t); got.status != test.status || !strings.Contains(detail.Message, test.want) {
				t.Errorf("got %d %.300s, want %d with %q", got.status, got.body, test.status, test.want)
			}
		})
	}
	if n := len(b.upstream.Requests()); n != 0 {
		t.Errorf("%d requests were forwarded", n)
	}
	if rows := b.ledger(); len(rows) != 0 {
		t.Errorf("ledger: %+v", rows)
	}
}

func TestChat_refusesKeys(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*bench)
		secret string
		status int
		want   string
	}{
		"none":        {nil, " ", 401, "Malformed API Key"},
		"unknown":     {nil, auth.NewSecret().Reveal(), 401, "Invalid proxy server token"},
		"mistyped":    {nil, auth.NewSecret().Reveal()[:60] + "AAAAAA", 401, "Invalid proxy server token"},
		"admin key":   {nil, "sk-admin-of-the-test", 403, "the admin key cannot call models"},
		"blocked":     {func(b *bench) { b.key.Blocked = true }, "", 401, "Key is blocked"},
		"expired":     {func(b *bench) { b.key.Expires = new(time.Now().Add(-time.Second)) }, "", 401, "Expired Key"},
		"team":        {func(b *bench) { b.team.Blocked = true }, "", 401, "Team=marketing is blocked"},
		"key's model": {func(b *bench) { b.key.Models = api.StringList{"other"} }, "", 404, "key not allowed to access model"},
		"its team's":  {func(b *bench) { b.team.Models = api.StringList{"other"} }, "", 404, "team not allowed to access model"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, test.change)
			secret := test.secret
			if secret == "" {
				secret = b.secret
			}
			got := b.postAs(secret, say("m", "", ""))
			if detail := got.error(t); got.status != test.status || !strings.Contains(detail.Message, test.want) {
				t.Errorf("got %d %s", got.status, got.body)
			}
			if strings.Contains(got.body+b.log.String(), secret) && strings.TrimSpace(secret) != "" {
				t.Error("the secret stands in the answer or the log")
			}
		})
	}
}

func TestChat_upstreamFailuresVoid(t *testing.T) {
	for name, test := range map[string]struct {
		instructions string
		status       int
		want         string
	}{
		"500":         {"fail=500", 502, "provider failed (500)"},
		"503 as HTML": {"fail=503 html", 503, "provider failed (503)"},
		"429":         {"fail=429 retry_after=7", 429, "provider is limiting the gateway"},
		"401":         {"fail=401", 502, "refused the gateway's credentials"},
		"400":         {"fail=400", 400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			got := b.post(say("m", test.instructions, ""))
			if detail := got.error(t); got.status != test.status || !strings.Contains(detail.Message, test.want) {
				t.Errorf("got %d %s", got.status, got.body)
			}
			if state := b.spent(); state.Settled != 0 || state.Reserved != 0 {
				t.Errorf("budget: %+v", state)
			}
			if rows := b.ledger(); len(rows) != 1 || rows[0].Kind != api.LedgerVoid || rows[0].Cost != 0 {
				t.Errorf("ledger: %+v", rows)
			}
		})
	}
}

// A provider that took the request and hung up may bill for it; giving the money back would be a way past the cap.
func TestChat_unansweredIsChargedForThePrompt(t *testing.T) {
	b := newBench(t, nil)
	got := b.post(say("m", "drop", ""))
	if got.status != http.StatusBadGateway || !strings.Contains(got.body, "took the request and gave no answer") {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if rows := b.ledger(); len(rows) != 1 || rows[0].Kind != api.LedgerSettle || rows[0].PromptTokens == 0 || rows[0].Cost == 0 {
		t.Errorf("ledger: %+v", rows)
	}
}

func TestChat_hugeCapsAreLoweredToTheModels(t *testing.T) {
	b := newBench(t, nil)
	for _, more := range []string{`,"max_tokens":9000000000000000000`, `,"max_tokens":4611686018427387929,"n":4`} {
		got := b.post(say("m", "completion_tokens=3", more))
		if got.status != http.StatusOK || got.header.Get("x-bursar-output-cap") != "1000" {
			t.Errorf("%s: %d %v", more, got.status, got.header)
		}
	}
}

func TestChat_failsOverBeforeTheFirstByte(t *testing.T) {
	b := newBench(t, nil)
	for range 4 { // the turns start at either deployment
		if got := b.post(say("failing-over", "prompt_tokens=5 completion_tokens=5", "")); got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	if rows := b.ledger(); len(rows) != 4 || rows[0].Cost != 10*perToken {
		t.Errorf("ledger: %+v", rows)
	}
}

func TestChat_brokenAnswersAreChargedForThePrompt(t *testing.T) {
	for name, instructions := range map[string]string{"cut": "break_after=1", "invalid": "invalid_json"} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			got := b.post(say("m", instructions, ""))
			if detail := got.error(t); got.status != http.StatusBadGateway || detail.Type != "upstream_error" {
				t.Errorf("got %d %s", got.status, got.body)
			}
			if rows := b.ledger(); len(rows) != 1 || rows[0].Kind != api.LedgerSettle || rows[0].PromptTokens == 0 {
				t.Errorf("ledger: %+v", rows)
			}
		})
	}
}

// A client must not hold an answer whose cost is not recorded.
func TestChat_answerIsWithheldWhenTheRecordIsDown(t *testing.T) {
	b := newBench(t, nil)
	b.setDown(true)
	got := b.post(say("m", "completion_tokens=3", ""))
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" || strings.Contains(got.body, "the the") {
		t.Fatalf("%d %s", got.status, got.body)
	}
}

func TestModels_listsWhatTheKeyMayUse(t *testing.T) {
	b := newBench(t, func(b *bench) { b.key.Models = api.StringList{"m"} })
	list := func(secret string) string {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, b.gateway.URL+"/v1/models", http.NoBody)
		request.Header.Set("x-api-key", secret)
		response, err := b.gateway.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		return readBody(t, response)
	}
	if got := list(b.secret); !strings.Contains(got, `"id":"m"`) || strings.Contains(got, "failing-over") {
		t.Error(got)
	}
	if got := list("sk-admin-of-the-test"); !strings.Contains(got, "failing-over") {
		t.Error(got)
	}
}
