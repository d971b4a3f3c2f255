package upstream

import "testing"

// BenchmarkMeter reads one event of a stream of choices, as most are.
func BenchmarkMeter(b *testing.B) {
	e := Event{Data: []byte(`{"id":"chatcmpl-mock0123456789","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":"The quick brown fox 3 "},"finish_reason":null}]}`)}
	m := Chat.Meter()
	m.Read(e)
	b.ReportAllocs()
	for b.Loop() {
		m.Read(e)
	}
}
