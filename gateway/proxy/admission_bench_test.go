package proxy

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/tokens"
)

// worstBodies are megabytes of what is dear to read, to walk through or to count.
func worstBodies() map[string]string {
	random := rand.New(rand.NewPCG(1, 2))
	const size = 1 << 20
	noise := make([]byte, size*3/4)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	message := func(text string) string { return `{"model":"m","messages":[{"role":"user","content":"` + text + `"}]}` }
	of := func(unit string) string { return strings.Repeat(unit, size/len(unit)) }
	picks := func(from ...string) string {
		var text strings.Builder
		for text.Len() < size {
			text.WriteString(from[random.IntN(len(from))])
		}
		return text.String()
	}
	var names strings.Builder
	for i := 0; names.Len() < size; i++ {
		fmt.Fprintf(&names, `"%x":0,`, i)
	}
	// Objects of as many names as are compared by looking each one up, and of just as many as are not.
	objectsOf := func(own int, name string) string {
		var text strings.Builder
		for i := 0; text.Len() < size; i++ {
			text.WriteString(`{`)
			for n := range own {
				fmt.Fprintf(&text, `"%s%x":0,`, name, n)
			}
			text.WriteString(`"x":0},`)
		}
		return `{"model":"m","messages":[` + strings.TrimSuffix(text.String(), ",") + `]}`
	}
	objects := func(own int) string { return objectsOf(own, "") }
	deep := strings.Repeat(`{"a":`, 50) + "0" + strings.Repeat("}", 50)
	return map[string]string{
		"prose":                      message(of("The committee had decided to postpone the discussion until the next meeting. ")),
		"base64":                     message(base64.StdEncoding.EncodeToString(noise)),
		"emoji":                      message(picks("🙂", "🏳️‍🌈", "👩‍🚀", "⚙️")),
		"white space":                message(picks(" ", `\n`, `\t`, "\u2003", `\r\n`)),
		"spaces":                     message(of(" ")),
		"letters at random":          message(picks(strings.Split("abcdefghijklmnopqrstuvwxyzABCDEFGH", "")...)),
		"words at random":            message(picks("qzx ", "brfg ", "xkcdq ", "wvut ", "plgh ", "zzzy ")),
		"Chinese":                    message(picks("漢", "字", "仮", "名", "龘", "靐")),
		"marks":                      message(picks("!", "?", ";", "~", "^", "|", "§", "—")),
		"escapes":                    message(of(`\u4e2d`)),
		"deep JSON":                  `{"model":"m","messages":[` + strings.TrimSuffix(of(deep+","), ",") + `]}`,
		"empty objects":              `{"model":"m","messages":[` + strings.TrimSuffix(of("{},"), ",") + `]}`,
		"numbers":                    `{"model":"m","messages":[` + strings.TrimSuffix(of("1,"), ",") + `]}`,
		"short messages":             `{"model":"m","messages":[` + strings.TrimSuffix(of(`{"role":"user","content":"a"},`), ",") + `]}`,
		"field names of one object":  `{` + names.String() + `"model":"m","messages":[{"role":"user","content":"a"}]}`,
		"field names within":         `{"model":"m","messages":[{"role":"user","content":"a","x":{` + strings.TrimSuffix(names.String(), ",") + `}}]}`,
		"names, and no end":          `{` + names.String(),
		"as many names as may be":    objectsOf(40, "Qz7#k"),
		"long objects":               objectsOf(9000, "Qz7#k"),
		"objects of few names":       objects(30),
		"objects of many names":      objects(40),
		"objects of most names":      objects(9000),
		"one name each":              `{"model":"m","messages":[` + strings.TrimSuffix(of(`{"a":0},`), ",") + `]}`,
		"a name given twice at last": strings.TrimSuffix(objects(40), "]}") + `,{"a":0,"a":0}]}`,
		"a NUL at last":              strings.TrimSuffix(objects(40), "]}") + `,"\u0000"]}`,
		"an end that is missing":     strings.TrimSuffix(objects(40), "]}"),
		"more behind the end":        objects(40) + "{}",
		"a list":                     `[` + objects(40) + `]`,
	}
}

// processorTime is what the process has computed so far: it does not count the time that others have the processor.
func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkAdmission_worstMegabytes is what a body costs before it is known whether its call is admitted: reading, walking
// through, the loose bound and the count.
func BenchmarkAdmission_worstMegabytes(b *testing.B) {
	at := slices.IndexFunc(endpoints, func(e *endpoint) bool { return e.path == "/chat/completions" })
	p := &Proxy{Options: Options{Now: time.Now}}
	(*tokens.Memory)(nil).Weigh("", "claude-opus-5", nil) // loads the vocabulary
	bodies := worstBodies()
	names := make([]string, 0, len(bodies))
	for name := range bodies {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		body := []byte(bodies[name])
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			began := processorTime(b)
			for b.Loop() {
				r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/v1/chat/completions", bytes.NewReader(body))
				c := p.newCall(r, endpoints[at])
				if readObject(httptest.NewRecorder(), r, c) != nil {
					continue // it is refused here
				}
				tokens.BoundOf("claude-opus-5", c.Body, &c.Holds)
				(*tokens.Memory)(nil).Weigh("", "claude-opus-5", c.Body)
			}
			took := processorTime(b) - began
			b.ReportMetric(float64(took.Microseconds())/1000/float64(b.N)/float64(len(body))*(1<<20), "cpu-ms/MB")
		})
	}
}
