package quota

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// readEntries makes the ledger rows and alerts that a script wrote down in one entry of the stream.
func readEntries(values map[string]any) ([]Entry, error) {
	fields := streamFields{values: values}
	if fields.text("kind") == "settled" {
		entries := readSettledRows(&fields)
		return entries, fields.err
	}
	entry, err := readEntry(&fields)
	return []Entry{entry}, err
}

// readSettledRows reads a line with when it was admitted and a line with the row, for each.
func readSettledRows(fields *streamFields) (entries []Entry) {
	now := timeOf(fields.int("now"))
	lines := strings.Split(fields.text("rows"), "\n")
	for i := 0; i+1 < len(lines); i += 2 {
		at, err := strconv.ParseInt(lines[i], 10, 64)
		row := api.LedgerRow{}
		if err == nil {
			err = json.Unmarshal([]byte(lines[i+1]), &row)
		}
		if err != nil {
			fields.fail(fmt.Errorf("row %d: %w", i/2, err))
			return nil
		}
		row.AdmittedAt, row.SettledAt = timeOf(at), now
		entries = append(entries, Entry{Row: &row})
	}
	return entries
}

// readEntry makes the ledger row and the alerts of one reservation.
func readEntry(fields *streamFields) (Entry, error) {
	id, now, at := fields.text("id"), timeOf(fields.int("now")), timeOf(fields.int("at"))
	cost := money.Nano(fields.int("cost"))
	var known api.LedgerRow
	var about []budgetMemo
	fields.json("known", &known)
	fields.json("about", &about)
	settlement := Settlement{ID: id, Cost: cost, Row: known}
	entry := Entry{}
	switch kind := fields.text("kind"); kind {
	case "refused":
		entry.Alerts = readAlerts(fields, about, now, cost)
		return entry, fields.err
	case "settle":
		fields.json("row", &settlement.Row)
		entry.Row = new(settledRow(settlement, at, now))
	case "cancel":
		settlement.Row.Kind = api.LedgerVoid
		entry.Row = new(settledRow(settlement, at, now))
	case "estimate":
		entry.Row = new(estimateRow(known, id, fields.int("estimate_tokens"), fields.int("input"), cost, at, now))
	case "correction":
		fields.json("row", &settlement.Row)
		estimate := estimateRow(known, id, fields.int("estimate_tokens"), fields.int("input"), money.Nano(fields.int("estimate_cost")), at, now)
		entry.Row = new(correctionRow(settlement, estimate, now))
	default:
		return entry, fmt.Errorf("entry of kind %q", kind)
	}
	entry.Alerts = readAlerts(fields, about, now, 0)
	return entry, fields.err
}

// readAlerts reads "budget period share spend;…", numbers of the reservation's budgets and their periods.
func readAlerts(fields *streamFields, about []budgetMemo, now time.Time, refused money.Nano) (events []api.AlertEvent) {
	text := fields.text("alerts")
	if text == "" {
		return nil
	}
	for alert := range strings.SplitSeq(text, ";") {
		var budget, period, spend int64
		var share float64
		if _, err := fmt.Sscan(alert, &budget, &period, &share, &spend); err != nil || budget >= int64(len(about)) {
			fields.fail(fmt.Errorf("alert %q cannot be read", alert))
			return nil
		}
		b := about[budget].budget()
		events = append(events, crossing{
			budget: b, period: b.period(period), share: share, spend: money.Nano(spend), at: now, refused: refused,
		}.event())
	}
	return events
}

// streamFields reads the fields of a stream's entry; the first that does not fit is kept in err.
type streamFields struct {
	values map[string]any
	err    error
}

func (f *streamFields) text(name string) string {
	text, ok := f.values[name].(string)
	if !ok {
		f.fail(fmt.Errorf("field %q is missing", name))
	}
	return text
}

func (f *streamFields) int(name string) int64 {
	n, err := strconv.ParseInt(f.text(name), 10, 64)
	if err != nil {
		f.fail(fmt.Errorf("field %q: %w", name, err))
	}
	return n
}

func (f *streamFields) json(name string, into any) {
	if err := json.Unmarshal([]byte(f.text(name)), into); err != nil {
		f.fail(fmt.Errorf("field %q: %w", name, err))
	}
}

func (f *streamFields) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}
