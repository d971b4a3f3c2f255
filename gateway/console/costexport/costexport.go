// Package costexport reads the files of costs that model providers let their customers download.
//
// It promises that a file is read whole or refused with the line that is wrong, that amounts are US dollars, rounded to
// the nano-dollar once per line, and that days are UTC. It must never know what the gateway recorded.
package costexport

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Cost is what a provider charged for a model on a UTC day, such as 2026-11-29.
type Cost struct {
	Day   string
	Model string
	Cost  money.Nano
}

// The columns of what is known, the most telling name first: OpenAI's costs by line item, Anthropic's costs, and whatever
// a person makes of others' with these names.
var (
	dayColumns   = []string{"usage_date_utc", "start_time_iso", "date", "day", "usage_date", "start_time"}
	modelColumns = []string{"model", "line_item", "model_version", "sku"}
	costColumns  = []string{"cost_usd", "amount_value", "cost", "total_cost_usd", "total_cost", "amount"}
	currencies   = []string{"amount_currency", "currency"}
)

// mostModels is more than any provider has.
const mostModels = 2000

// ErrEmpty says that a file has no line of costs.
var ErrEmpty = errors.New("the file has no costs")

// Read sums up a file by day and model. The error is for the person whose file it is.
func Read(file io.Reader) ([]Cost, error) {
	lines := csv.NewReader(file)
	lines.FieldsPerRecord = -1
	head, err := lines.Read()
	if err != nil {
		return nil, fmt.Errorf("read the line with the names of the columns: %w", err)
	}
	columns, err := columnsOf(head)
	if err != nil {
		return nil, err
	}
	sums := map[[2]string]money.Nano{}
	models := map[string]bool{}
	for {
		fields, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read the file: %w", err)
		}
		one, err := columns.read(fields)
		if err != nil {
			line, _ := lines.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if models[one.Model] = true; len(models) > mostModels {
			return nil, fmt.Errorf("the file has more than %d models; is the column of models the right one?", mostModels)
		}
		if one.Day != "" {
			sums[[2]string{one.Day, one.Model}] += one.Cost
		}
	}
	if len(sums) == 0 {
		return nil, ErrEmpty
	}
	costs := make([]Cost, 0, len(sums))
	for key, sum := range sums {
		costs = append(costs, Cost{key[0], key[1], sum})
	}
	slices.SortFunc(costs, func(a, b Cost) int { return strings.Compare(a.Day+"\x00"+a.Model, b.Day+"\x00"+b.Model) })
	return costs, nil
}

// columns are where each value stands; currency is -1 where a file has none, and means dollars.
type columns struct{ day, model, cost, currency int }

func columnsOf(head []string) (columns, error) {
	names := make([]string, len(head))
	for i, name := range head {
		names[i] = strings.ToLower(strings.Trim(name, " \ufeff"))
	}
	at := func(known []string) int {
		for _, name := range known {
			if i := slices.Index(names, name); i >= 0 {
				return i
			}
		}
		return -1
	}
	found := columns{at(dayColumns), at(modelColumns), at(costColumns), at(currencies)}
	for what, wanted := range map[string]struct {
		at    int
		known []string
	}{"day": {found.day, dayColumns}, "model": {found.model, modelColumns}, "cost": {found.cost, costColumns}} {
		if wanted.at < 0 {
			return found, fmt.Errorf("the file has no column for the %s: it is called %s", what, strings.Join(wanted.known, ", "))
		}
	}
	return found, nil
}

// read reads one line. A line without an amount, as days without use have, is a Cost without a day.
func (c columns) read(fields []string) (one Cost, err error) {
	if last := max(c.day, c.model, c.cost, c.currency); last >= len(fields) {
		return one, fmt.Errorf("has %d fields; the file has at least %d columns", len(fields), last+1)
	}
	text := strings.TrimSpace(fields[c.cost])
	if text == "" {
		return one, nil
	}
	if c.currency >= 0 {
		if currency := strings.TrimSpace(fields[c.currency]); currency != "" && !strings.EqualFold(currency, "usd") {
			return one, fmt.Errorf("the amount is in %.10q; only US dollars are compared", currency)
		}
	}
	if one.Cost, err = amount(text); err != nil {
		return one, err
	}
	one.Model = modelOf(fields[c.model])
	one.Day, err = dayOf(strings.TrimSpace(fields[c.day]))
	return one, err
}

// longest is how long an amount may be; most is above every bill, in nano-dollars.
const longest = 40

var most = big.NewFloat(1e18)

// amount reads dollars, also as OpenAI writes very small ones: "0E-6176".
func amount(text string) (money.Nano, error) {
	wrong := fmt.Errorf("%.40q is no amount in US dollars such as 12.5", text)
	if len(text) > longest {
		return 0, wrong
	}
	value, _, err := big.ParseFloat(strings.TrimPrefix(text, "$"), 10, 128, big.ToNearestEven)
	if err != nil {
		return 0, wrong
	}
	nano := new(big.Float).Mul(value, big.NewFloat(1e9))
	if nano.IsInf() || new(big.Float).Abs(nano).Cmp(most) > 0 {
		return 0, wrong
	}
	half := 0.5
	if nano.Sign() < 0 {
		half = -half
	}
	whole, _ := new(big.Float).Add(nano, big.NewFloat(half)).Int64()
	return money.Nano(whole), nil
}

// modelOf is the model of a line: OpenAI writes what was charged for behind it, as in "gpt-4.1-mini-2025-04-14, input".
func modelOf(text string) string {
	name, _, _ := strings.Cut(text, ",")
	return strings.TrimSpace(name)
}

// lastSecond is the end of the year 9999.
const lastSecond = 253_402_300_800

// dayOf reads a day, a moment, or seconds since 1970.
func dayOf(text string) (string, error) {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil && seconds > 0 && seconds < lastSecond {
		return time.Unix(seconds, 0).UTC().Format(time.DateOnly), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05"} {
		if moment, err := time.Parse(layout, text); err == nil {
			return moment.UTC().Format(time.DateOnly), nil
		}
	}
	return "", fmt.Errorf("%.40q is no day such as 2026-11-29", text)
}

// Plain is a name as all names of one model are: providers write versions with dots or dashes, display names with spaces,
// and the day of a release behind them.
func Plain(name string) string {
	name = strings.Trim(strings.NewReplacer(".", "-", " ", "-", "_", "-").Replace(strings.ToLower(name)), "-")
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		name = name[i+1:]
	}
	if rest, found := strings.CutSuffix(name, "-latest"); found {
		return rest
	}
	for _, layout := range []string{"-2006-01-02", "-20060102"} {
		if cut := len(name) - len(layout); cut > 0 {
			if _, err := time.Parse(layout, name[cut:]); err == nil {
				return name[:cut]
			}
		}
	}
	return name
}
