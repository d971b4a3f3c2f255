package admin

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Forms that lists of rows are answered in.
const (
	formatJSON  = "json"
	formatCSV   = "csv"
	formatJSONL = "jsonl"
)

// format is the form that the caller wants: the parameter format, else the header Accept.
func (c *call) format() (string, error) {
	format, err := c.choice("format", formatJSON, formatCSV, formatJSONL)
	if format != "" || err != nil {
		return format, err
	}
	accept := c.request.Header.Get("Accept")
	for _, known := range []struct{ mediaType, format string }{
		{"text/csv", formatCSV}, {"application/jsonl", formatJSONL}, {"application/x-ndjson", formatJSONL}, {"application/x-jsonlines", formatJSONL},
	} {
		if strings.Contains(accept, known.mediaType) {
			return known.format, nil
		}
	}
	return formatJSON, nil
}

// contentTypes are what the forms are called on the wire.
var contentTypes = map[string]string{
	formatJSON: "application/json", formatCSV: "text/csv; charset=utf-8", formatJSONL: "application/jsonl",
}

// streamed is an answer that writes itself.
type streamed interface {
	write(ctx context.Context, w http.ResponseWriter) error
}

// rows is an answer of any length that is written row by row, so that no more than one row and
// a small buffer are in memory.
type rows[T any] struct {
	format string
	// columns and cells are the form of CSV.
	columns []string
	cells   func(T) []string
	// each calls emit with every row and stops at its error.
	each func(ctx context.Context, emit func(T) error) error
}

const (
	streamBuffer = 32 << 10
	// writeTimeoutPerBuffer is how long a client may take for one buffer before it is cut off.
	writeTimeoutPerBuffer = 30 * time.Second
)

// write answers all rows. An error after the first byte cuts the connection: half an answer
// must not be taken for a whole one.
func (a rows[T]) write(ctx context.Context, w http.ResponseWriter) error {
	patient := &patientWriter{w: w, controller: http.NewResponseController(w), contentType: contentTypes[a.format]}
	out := bufio.NewWriterSize(patient, streamBuffer)
	err := a.writeRows(ctx, out)
	if err != nil && !patient.begun {
		return err // nothing has been answered yet
	}
	if err == nil {
		err = out.Flush()
	}
	// The connection may serve another request.
	_ = patient.controller.SetWriteDeadline(time.Time{})
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

func (a rows[T]) writeRows(ctx context.Context, out *bufio.Writer) error {
	switch a.format {
	case formatCSV:
		return a.writeCSV(ctx, out)
	case formatJSONL:
		return a.each(ctx, func(row T) error { return writeLine(out, row) })
	default:
		return a.writeArray(ctx, out)
	}
}

func (a rows[T]) writeCSV(ctx context.Context, out *bufio.Writer) error {
	table := csv.NewWriter(out)
	if err := table.Write(a.columns); err != nil {
		return fmt.Errorf("write the header: %w", err)
	}
	if err := a.each(ctx, func(row T) error { return table.Write(a.cells(row)) }); err != nil {
		return err
	}
	table.Flush()
	return table.Error()
}

func (a rows[T]) writeArray(ctx context.Context, out *bufio.Writer) error {
	separator := "["
	err := a.each(ctx, func(row T) error {
		if _, err := out.WriteString(separator); err != nil {
			return err
		}
		separator = ","
		return writeLine(out, row)
	})
	if err != nil {
		return err
	}
	if separator == "[" {
		_, err = out.WriteString("[]\n")
	} else {
		_, err = out.WriteString("]\n")
	}
	return err
}

func writeLine(out *bufio.Writer, row any) error {
	data, err := json.Marshal(row)
	if err != nil {
		return fmt.Errorf("write a row: %w", err)
	}
	if _, err := out.Write(data); err != nil {
		return err
	}
	return out.WriteByte('\n')
}

// patientWriter gives the client time for each buffer, however long the whole answer takes.
type patientWriter struct {
	w           http.ResponseWriter
	controller  *http.ResponseController
	contentType string
	begun       bool
}

// Write passes one buffer on.
func (p *patientWriter) Write(data []byte) (int, error) {
	if !p.begun {
		p.begun = true
		p.w.Header().Set("Content-Type", p.contentType)
		p.w.WriteHeader(http.StatusOK)
	}
	// A writer without deadlines is a test's.
	_ = p.controller.SetWriteDeadline(time.Now().Add(writeTimeoutPerBuffer))
	return p.w.Write(data)
}

// cell keeps spreadsheets from running a text of somebody's choice as a formula.
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

func cellOf(text *string) string {
	if text == nil {
		return ""
	}
	return cell(*text)
}

// cursor reads a cursor that was answered before into target; there need not be one.
func (c *call) cursor(target any) (given bool, err error) {
	text := c.query.Get("cursor")
	if text == "" {
		return false, nil
	}
	if err := decodeCursor(text, target); err != nil {
		return false, api.FieldErrorf("cursor", "is not one that the gateway has answered")
	}
	return true, nil
}
