// Package report writes what a bench found, for people and for programs.
//
// It promises one reading of the figures in all forms, and to say of each scenario what was not run. It must never judge:
// that is the bench's.
package report

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench"
)

//go:embed report.md.tmpl
var markdown string

//go:embed chart.svg.tmpl
var chart string

// Formats are the forms by name.
var Formats = map[string]func(io.Writer, quotabench.Report) error{"markdown": Markdown, "json": JSON, "svg": SVG}

// Markdown writes a table with a line for each scenario, and what the columns mean.
func Markdown(w io.Writer, report quotabench.Report) error {
	page := texttemplate.Must(texttemplate.New("report").Funcs(words).Parse(markdown))
	if err := page.Execute(w, report); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// JSON writes the report as it is.
func JSON(w io.Writer, report quotabench.Report) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(report); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// SVG draws, for each scenario, how much of the limit was let through.
func SVG(w io.Writer, report quotabench.Report) error {
	drawing := template.Must(template.New("chart").Funcs(words).Parse(chart))
	if err := drawing.Execute(w, bars(report)); err != nil {
		return fmt.Errorf("draw the report: %w", err)
	}
	return nil
}

var words = template.FuncMap{
	"amount": func(unit quotabench.Unit, amount int64) string {
		if unit == quotabench.NanoUSD {
			return "$" + money.Nano(amount).String()
		}
		return grouped(amount)
	},
	"dollars": func(amount money.Nano) string { return "$" + amount.String() },
	"seconds": func(length *time.Duration) string { return fmt.Sprintf("%.2f s", length.Seconds()) },
	"day":     func(at time.Time) string { return at.Format("2 January 2006, 15:04 UTC") },
	"unit": func(unit quotabench.Unit) string {
		if unit == quotabench.NanoUSD {
			return ""
		}
		return " " + string(unit)
	},
}

func grouped(number int64) string {
	digits := strconv.FormatInt(number, 10)
	var parts []string
	for len(digits) > 3 {
		parts = append([]string{digits[len(digits)-3:]}, parts...)
		digits = digits[:len(digits)-3]
	}
	return strings.Join(append([]string{digits}, parts...), ",")
}

// drawing is what the chart shows; lengths are in its own units.
type drawing struct {
	Title  string
	Height int
	Bars   []bar
}

type bar struct {
	Name, Text string
	// Top is where its line begins; Within and Over are the lengths of what the limit allows and of what is beyond it.
	Top, Within, Over int
}

const (
	lineHeight = 34
	fullLength = 300 // what 100 % of a limit takes
	mostOver   = 200
)

func bars(report quotabench.Report) drawing {
	drawn := drawing{Title: "Most that was let through, of the limit: " + report.Gateway}
	for _, result := range report.Results {
		if result.Skipped != "" || result.Limit == 0 {
			continue
		}
		share := float64(result.Worst) / float64(result.Limit)
		drawn.Bars = append(drawn.Bars, bar{
			Name: result.Scenario, Text: fmt.Sprintf("%.0f %%", 100*share), Top: 50 + lineHeight*len(drawn.Bars),
			Within: int(fullLength * min(share, 1)), Over: min(int(fullLength*max(share-1, 0)), mostOver),
		})
	}
	drawn.Height = 60 + lineHeight*len(drawn.Bars)
	return drawn
}
