package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench"
	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench/report"
)

func found() quotabench.Report {
	held := 1500 * time.Millisecond
	return quotabench.Report{
		Gateway: "Some <gateway> 1.0", Replicas: 2, Began: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC), Took: 200.4,
		Results: []quotabench.Result{
			{Scenario: "tokens", What: "bursts", Unit: quotabench.Tokens, Limit: 6660, Worst: 9990, Calls: quotabench.Calls{Sent: 10, Answered: 7, Refused: 2, Failed: 1}, FalseRefusals: 4, Cut: 3},
			{
				Scenario: "budget", What: "a burst", Unit: quotabench.NanoUSD, Limit: int64(money.USD), Worst: int64(money.USD) / 2,
				Money: &quotabench.Money{Metered: money.USD / 2, Received: money.USD / 4, Reported: money.USD / 8},
			},
			{Scenario: "replicas", What: "spread", Skipped: "there is one replica only"},
			{Scenario: "changed-limit", What: "lowered", Unit: quotabench.Requests, HoldsAfter: &held},
		},
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	var page bytes.Buffer
	if err := report.Markdown(&page, found()); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"# Exactness of Some <gateway> 1.0\n", "29 November 2026, 12:00 UTC, 2 replicas, 200 s.",
		"| tokens | 6,660 tokens | 9,990 | **3,330** | 7, 2, 1 | 4 | 3 |  |  |  | |\n",
		"| budget | $1 | $0.5 | 0 | 0, 0, 0 | 0 | 0 | **$0.125** | $0.25 | 0 | |\n",
		"| replicas | not run: there is one replica only | | | | | | | | | |\n",
		"| changed-limit | | | | 0, 0, 0 | | 0 | | | | 1.50 s |\n",
		"* **tokens**: bursts.\n",
	} {
		if !strings.Contains(page.String(), line) {
			t.Errorf("lacks %q:\n%s", line, page.String())
		}
	}
	if strings.Contains(page.String(), "**replicas**") {
		t.Error("tells what was done of what was not run")
	}
	rows := 0
	for line := range strings.Lines(page.String()) {
		if strings.HasPrefix(line, "|") {
			rows++
			if columns := strings.Count(line, "|"); columns != 12 {
				t.Errorf("%d bars in %s", columns, line)
			}
		}
	}
	if rows != 2+len(found().Results) {
		t.Errorf("%d rows", rows)
	}
}

func TestSVG(t *testing.T) {
	t.Parallel()
	var drawn bytes.Buffer
	if err := report.SVG(&drawn, found()); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"150 %", "50 %", "Some &lt;gateway&gt; 1.0", `width="150" height="18" fill="#cf222e"`} {
		if !strings.Contains(drawn.String(), part) {
			t.Errorf("lacks %q:\n%s", part, drawn.String())
		}
	}
	for decoder := xml.NewDecoder(&drawn); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	if err := report.JSON(&text, found()); err != nil {
		t.Fatal(err)
	}
	var read quotabench.Report
	if err := json.Unmarshal(text.Bytes(), &read); err != nil || read.Faults() != 2 || len(read.Results) != 4 {
		t.Errorf("%d faults, %v", read.Faults(), err)
	}
}
