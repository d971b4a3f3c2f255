package httpx

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const ordinaryBody = `{"model":"gpt-4.1-mini","messages":[{"role":"system","content":"Answer briefly."},{"role":"user",` +
	`"content":"What does a \"request\" cost when nobody looks?"}],"max_tokens":64,"temperature":0.2,"stream":true,` +
	`"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"string"}}}}}]}`

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
		scanned, ok := scanObject(data)
		if !ok {
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
	for _, body := range []string{ordinaryBody, `{}`, ` {"a": [] , "b":{} }`, `{"a":"\u00e9\ud83d\ude00","b":-1.5E-3,"c":null}`} {
		if _, ok := scanObject([]byte(body)); !ok {
			t.Errorf("%s is left to the slow scan", body)
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
