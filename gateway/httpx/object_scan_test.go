package httpx

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const ordinaryBody = `{"model":"gpt-4.1-mini","messages":[{"role":"system","content":"Answer briefly."},{"role":"user",` +
	`"content":"What does a \"request\" cost when nobody looks?"}],"max_tokens":64,"temperature":0.2,"stream":true,` +
	`"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"string"}}}}}]}`

// manyNames are members of an object.
func manyNames(from, n int) string {
	var text strings.Builder
	for i := range n {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, `"n%d":0`, from+i)
	}
	return text.String()
}

// However they are spread, too many names are refused before anything else looks at them.
func TestParseObject_boundsFieldNames(t *testing.T) {
	small := strings.Repeat(`{"a":0,"b":0},`, maxNames/2)
	for name, test := range map[string]struct {
		body string
		want string
	}{
		"one object":           {"{" + manyNames(0, maxOwnNames+1) + "}", "has an object of more than 10000 field names; send less at once"},
		"as many as allowed":   {"{" + manyNames(0, maxOwnNames) + "}", ""},
		"many objects":         {`{"a":[` + small + `{}]}`, "has more than 100000 field names; send less at once"},
		"less of them":         {`{"a":[` + small[:len(small)-14] + `{}]}`, ""},
		"an end that is wrong": {"{" + manyNames(0, maxOwnNames+1) + "]", "has an object of more than 10000 field names"},
		"twice, among many":    {"{" + manyNames(0, 1000) + `,"n7":0}`, `gives "n7" twice in one object`},
		"twice, escaped":       {`{"a":0,"\u0061":0}`, `gives "a" twice in one object`},
	} {
		_, err := ParseObject([]byte(test.body))
		if got := fmt.Sprint(err); (test.want == "") != (err == nil) || !strings.Contains(got, test.want) && err != nil {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

// FuzzScanObject holds the quick scan against the slow one, which goes through encoding/json.
func FuzzScanObject(f *testing.F) {
	for _, seed := range []string{
		ordinaryBody, `{}`, ` { "a" : [ ] , "b" : { } , "c":[{"d":1},{"d":-0.5e+7}] } `, `{"a":1,"a":2}`, `{"a":{"b":1,"b":2}}`,
		`{"a":"\ud800\n\/"}`, `{"a":"\u0000"}`, `{"a":01}`, `{"a":1.}`, `{"a":1e}`, `{"a":-}`, `{"a":tru}`, `{"a":[1,]}`, `{"a":1,}`,
		`{"a":[1}`, `{"a":{"b":1]}`, `{"a":1}}`, `{"a":1} x`, `[1]`, `"a"`, `{"\u0061":1,"a":2}`, "{\"a\":\"\t\"}", "{\"\xff\":1}", `{"a":"\u00"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		scanned, err := scanObject(data, maxNames)
		if err != nil {
			return
		}
		parsed, err := parseObject(data)
		if err != nil {
			t.Fatalf("scanObject(%q) took what is refused: %v", data, err)
		}
		if diff := cmp.Diff(parsed, scanned); diff != "" {
			t.Fatalf("scanObject(%q) read something else: %s", data, diff)
		}
	})
}

func TestScanObject_takesOrdinaryBodies(t *testing.T) {
	for _, body := range []string{
		ordinaryBody, `{}`, ` {"a": [] , "b":{} }`, `{"a":"\u00e9\ud83d\ude00","b":-1.5E-3,"c":null}`,
		`{"\u0061\n":1}`, `{"a":{` + manyNames(0, 1000) + `},"b":{` + manyNames(0, 1000) + `}}`, `{` + manyNames(0, 1000) + `}`,
	} {
		scanned, err := scanObject([]byte(body), maxNames)
		if err != nil {
			t.Errorf("%.60s is left to the slow scan", body)
		}
		parsed, err := parseObject([]byte(body))
		if diff := cmp.Diff(parsed, scanned); err != nil || diff != "" {
			t.Errorf("%.60s: %v %s", body, err, diff)
		}
	}
}

func BenchmarkParseObject(b *testing.B) {
	body := []byte(ordinaryBody)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseObject(body); err != nil {
			b.Fatal(err)
		}
	}
}
