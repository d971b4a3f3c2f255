package route

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Forms that lists of rows are answered in.
const (
	FormatJSON  = "json"
	FormatCSV   = "csv"
	FormatJSONL = "jsonl"
)

// Format is the form that the caller wants: the parameter format, else the header Accept.
func (c *Call) Format() (string, error) {
	format, err := c.Choice("format", FormatJSON, FormatCSV, FormatJSONL)
	if format != "" || err != nil {
		return format, err
	}
	accept := c.Request.Header.Get("Accept")
	for _, known := range []struct{ mediaType, format string }{
		{"text/csv", FormatCSV}, {"application/jsonl", FormatJSONL}, {"application/x-ndjson", FormatJSONL}, {"application/x-jsonlines", FormatJSONL},
	} {
		if strings.Contains(accept, known.mediaType) {
			return known.format, nil
		}
	}
	return FormatJSON, nil
}

// contentTypes are what the forms are called on the wire.
var contentTypes = map[string]string{
	FormatJSON: "application/json", FormatCSV: "text/csv; charset=utf-8", FormatJSONL: "application/jsonl",
}

// Streamed is an answer that writes itself.
type Streamed interface {
	Write(ctx context.Context, w http.ResponseWriter) error
}

// Rows is an answer of any length that is written row by row, so that no more than one row and
// a small buffer are in memory.
type Rows[T any] struct {
	Format string
	// Name is the field of an object that the rows stand in, in JSON; without one they are a list by themselves.
	Name string
	// Columns and Cells are the form of CSV.
	Columns []string
	Cells   func(T) []string
	// Each calls emit with every row and stops at its error.
	Each func(ctx context.Context, emit func(T) error) error
}

const (
	streamBuffer = 32 << 10
	// writeTimeoutPerBuffer is how long a client may take for one buffer before it is cut off.
	writeTimeoutPerBuffer = 30 * time.Second
)

// Write answers all rows. An error after the first byte cuts the connection: half an answer
// must not be taken for a whole one.
func (a Rows[T]) Write(ctx context.Context, w http.ResponseWriter) error {
	patient := &patientWriter{w: w, controller: http.NewResponseController(w), contentType: contentTypes[a.Format]}
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

func (a Rows[T]) writeRows(ctx context.Context, out *bufio.Writer) error {
	switch a.Format {
	case FormatCSV:
		return a.writeCSV(ctx, out)
	case FormatJSONL:
		return a.Each(ctx, func(row T) error { return writeLine(out, row) })
	default:
		return a.writeArray(ctx, out)
	}
}

func (a Rows[T]) writeCSV(ctx context.Context, out *bufio.Writer) error {
	table := csv.NewWriter(out)
	if err := table.Write(a.Columns); err != nil {
		return fmt.Errorf("write the header: %w", err)
	}
	if err := a.Each(ctx, func(row T) error { return table.Write(a.Cells(row)) }); err != nil {
		return err
	}
	table.Flush()
	return table.Error()
}

func (a Rows[T]) writeArray(ctx context.Context, out *bufio.Writer) error {
	begin, end := "[", "]\n"
	if a.Name != "" {
		begin, end = `{"`+a.Name+`":[`, "]}\n"
	}
	separator := begin
	err := a.Each(ctx, func(row T) error {
		if _, err := out.WriteString(separator); err != nil {
			return err
		}
		separator = ","
		return writeLine(out, row)
	})
	if err != nil {
		return err
	}
	if separator == begin { // there is no row
		end = begin + end
	}
	_, err = out.WriteString(end)
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

// Cell keeps spreadsheets from running a text of somebody's choice as a formula.
func Cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

// CellOf is Cell for a text that may not be there.
func CellOf(text *string) string {
	if text == nil {
		return ""
	}
	return Cell(*text)
}

// Decimal writes a whole number into a cell.
func Decimal(n int64) string { return strconv.FormatInt(n, 10) }
