package script

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// ReadEntries makes the ledger rows and crossings that a script wrote down in one entry of the stream.
func ReadEntries(values map[string]any) ([]quota.Entry, error) {
	fields := streamFields{values: values}
	if fields.text("kind") == "settled" {
		entries := readSettledRows(&fields)
		return entries, fields.err
	}
	entry, err := readEntry(&fields)
	return []quota.Entry{entry}, err
}

// readSettledRows reads the fields that are rows; their values are when they were admitted.
func readSettledRows(fields *streamFields) (entries []quota.Entry) {
	now := quota.TimeOf(fields.int("now"))
	for name := range fields.values {
		if !strings.HasPrefix(name, "{") {
			continue
		}
		row, err := UnpackRow(name)
		if err != nil {
			fields.fail(fmt.Errorf("row: %w", err))
			return nil
		}
		row.AdmittedAt, row.SettledAt = quota.TimeOf(fields.int(name)), now
		entries = append(entries, quota.Entry{Row: &row})
	}
	return entries
}

// readEntry makes the ledger row and the crossings of one reservation.
func readEntry(fields *streamFields) (quota.Entry, error) {
	id, now, at := fields.text("id"), quota.TimeOf(fields.int("now")), quota.TimeOf(fields.int("at"))
	cost := money.Nano(fields.int("cost"))
	known := fields.row("known")
	settlement := quota.Settlement{ID: id, Cost: cost, Row: known}
	entry := quota.Entry{}
	switch kind := fields.text("kind"); kind {
	case "refused":
		entry.Crossings = readCrossings(fields, now, cost)
		return entry, fields.err
	case "settle":
		settlement.Row = fields.row("row")
		entry.Row = new(quota.SettledRow(settlement, at, now))
	case "cancel": // alerts only: nobody was told that it was admitted
	case "estimate":
		entry.Row = new(quota.EstimateRow(known, id, fields.int("estimate_tokens"), fields.int("input"), cost, at, now))
	case "correction":
		settlement.Row = fields.row("row")
		estimate := quota.EstimateRow(known, id, fields.int("estimate_tokens"), fields.int("input"), money.Nano(fields.int("estimate_cost")), at, now)
		entry.Row = new(quota.CorrectionRow(settlement, estimate, now))
	default:
		return entry, fmt.Errorf("entry of kind %q", kind)
	}
	entry.Crossings = readCrossings(fields, now, 0)
	return entry, fields.err
}

// readCrossings reads "budget period mark spend;…": the number of the reservation's budget, and START-END of its period.
func readCrossings(fields *streamFields, now time.Time, refused money.Nano) (crossed []quota.Crossing) {
	text := fields.text("alerts")
	if text == "" {
		return nil
	}
	about := fields.budgets("about")
	for alert := range strings.SplitSeq(text, ";") {
		var budget, spend int64
		var period, mark string
		_, err := fmt.Sscan(alert, &budget, &period, &mark, &spend)
		lasts, known := readPeriod(period)
		share, watched, markErr := ReadMark(mark)
		if err != nil || markErr != nil || !known || budget >= int64(len(about)) {
			fields.fail(fmt.Errorf("alert %q cannot be read", alert))
			return nil
		}
		crossing := about[budget].budget().Crossed(share, lasts, money.Nano(spend), now)
		crossing.Refused, crossing.Watched = refused, watched
		crossed = append(crossed, crossing)
	}
	return crossed
}

// readPeriod is the reverse of periodSuffix.
func readPeriod(text string) (quota.Period, bool) {
	from, to, _ := strings.Cut(text, "-")
	start, err := strconv.ParseInt(from, 10, 64)
	end, endErr := strconv.ParseInt(to, 10, 64)
	return quota.Period{Start: quota.TimeOf(start), End: quota.TimeOf(end)}, err == nil && endErr == nil
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

func (f *streamFields) row(name string) api.LedgerRow {
	row, err := UnpackRow(f.text(name))
	if err != nil {
		f.fail(fmt.Errorf("field %q: %w", name, err))
	}
	return row
}

func (f *streamFields) budgets(name string) (memos []budgetMemo) {
	if err := json.Unmarshal([]byte(f.text(name)), &memos); err != nil {
		f.fail(fmt.Errorf("field %q: %w", name, err))
	}
	return memos
}

func (f *streamFields) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}
