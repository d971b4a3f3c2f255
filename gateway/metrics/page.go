package metrics

import (
	"bytes"
	"io"
	"math"
	"strconv"
	"strings"
)

// page is metrics in Prometheus's text form. It writes tens of thousands of series in milliseconds, for which the
// client library, which sorts and checks each of them on every scrape, takes most of a second.
type page struct {
	text bytes.Buffer
	// to gets what is written, some at a time; nil keeps it all.
	to io.Writer
}

// pageRoom is how much is kept before it is sent on.
const pageRoom = 64 << 10

// flush sends on what is kept. A failed write means that the collector hung up, which its next one will see.
func (p *page) flush() {
	if p.to == nil {
		return
	}
	_, _ = p.to.Write(p.text.Bytes())
	p.text.Reset()
}

// family begins the series of one name.
func (p *page) family(name, kind, help string) {
	p.text.WriteString("# HELP ")
	p.text.WriteString(name)
	p.text.WriteByte(' ')
	p.text.WriteString(help)
	p.text.WriteString("\n# TYPE ")
	p.text.WriteString(name)
	p.text.WriteByte(' ')
	p.text.WriteString(kind)
	p.text.WriteByte('\n')
}

// sample writes one series; labels are as [labels] makes them.
func (p *page) sample(name, labels string, value float64) {
	p.text.WriteString(name)
	p.text.WriteString(labels)
	p.text.WriteByte(' ')
	p.text.Write(appendValue(p.text.AvailableBuffer(), value))
	p.text.WriteByte('\n')
	if p.text.Len() >= pageRoom {
		p.flush()
	}
}

// longestWhole is up to where every whole number is exact and has less digits than an exponent would save.
const longestWhole = 1 << 53

func appendValue(to []byte, value float64) []byte {
	switch {
	case math.IsInf(value, 1):
		return append(to, "+Inf"...)
	case math.IsInf(value, -1):
		return append(to, "-Inf"...)
	case value == math.Trunc(value) && math.Abs(value) < longestWhole:
		return strconv.AppendInt(to, int64(value), 10)
	default:
		return strconv.AppendFloat(to, value, 'g', -1, 64)
	}
}

// escape is what the text form asks of the values of labels.
var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// labels are names and values in turn, in the order of the names.
func labels(pairs ...string) string {
	var text strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		text.WriteString([]string{"{", ","}[min(i, 1)])
		text.WriteString(pairs[i])
		text.WriteString(`="`)
		_, _ = escape.WriteString(&text, pairs[i+1])
		text.WriteByte('"')
	}
	text.WriteByte('}')
	return text.String()
}
