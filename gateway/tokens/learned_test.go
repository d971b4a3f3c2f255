package tokens_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/gateway/tokens"
)

var start = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// history is a deployment's reports, one a second, each by another caller unless one is named.
type history struct {
	reports tokens.Reports
	now     time.Time
}

func (h *history) add(ratios ...float64) *history {
	for _, ratio := range ratios {
		h.now = h.now.Add(time.Second)
		h.reports = h.reports.Add(tokens.Report{At: h.now, By: h.now.Unix(), Ratio: ratio})
	}
	return h
}

func (h *history) learned() tokens.Learned { return h.reports.Since(h.now).Learn() }

func historyOf(ratios ...float64) *history { return (&history{now: start}).add(ratios...) }

// prose is a long prompt in English of a model whose vocabulary is not public.
func prose(t interface{ Fatal(...any) }, repeats int) (tokens.Weight, []byte) {
	body := []byte(`{"messages":[{"role":"user","content":"` + strings.Repeat("The committee had decided to postpone the discussion until the next meeting. ", repeats) + `"}]}`)
	weight := tokens.Weigh("claude-opus-5", body)
	if weight.Kind != "latin" {
		t.Fatal("prose is of the kind", weight.Kind)
	}
	return weight, body
}

var drawRatios = rapid.SliceOfN(rapid.Float64Range(0.4, 1.2), 0, 200)

func TestLearned_oneAbsurdReportMovesNothing(t *testing.T) {
	weight, _ := prose(t, 200)
	rapid.Check(t, func(t *rapid.T) {
		least := rapid.Float64Range(0.4, 1).Draw(t, "least")
		usually := rapid.Float64Range(least, 1.2*least)
		h := historyOf(rapid.SliceOfN(usually, 0, 200).Draw(t, "ratios")...)
		before := weight.Bound(h.learned())
		h.add(rapid.Float64Range(1.6, 1_000).Draw(t, "absurd"))
		if after := weight.Bound(h.learned()); after > before {
			t.Fatalf("the bound is %d instead of %d", after, before)
		}
		for range 3 { // and others do not make it believed
			h.add(usually.Draw(t, "usual"))
		}
		usual := historyOf()
		for _, report := range h.reports {
			if report.Ratio < 1.5 {
				usual.add(report.Ratio)
			}
		}
		if got := weight.Bound(h.learned()); len(usual.reports) >= 8 && got > weight.Bound(usual.learned()) {
			t.Fatalf("the bound is %d, without the report %d", got, weight.Bound(usual.learned()))
		}
	})
}

// Whatever was learned before, two calls that a denser vocabulary counts are enough for the third to be bounded.
func TestLearned_followsADenserVocabularyWithinTwoCalls(t *testing.T) {
	weight, _ := prose(t, 200)
	rapid.Check(t, func(t *rapid.T) {
		h := historyOf(drawRatios.Draw(t, "ratios")...)
		denser := rapid.Float64Range(1, 3).Draw(t, "denser")
		near := rapid.Float64Range(0.97, 1.03)
		at := func() float64 { return denser * near.Draw(t, "ratio") }
		h.add(at(), at())
		if len(h.reports) < 8 && h.learned().Highest <= 1 {
			return // too few to say that there is less than was thought
		}
		reported := int64(at() * float64(weight.Bound(tokens.Learned{})))
		if bound := weight.Bound(h.learned()); bound < reported {
			t.Fatalf("the bound is %d, the provider reports %d", bound, reported)
		}
	})
}

func TestLearned_neverAboveBytesNeverBelowAQuarter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := encode(t, request{"m", drawMessages(t)})
		model := rapid.SampledFrom([]string{"gpt-4o", "claude-opus-5", "acme-1", "llama-3", "deepseek-r1-distill-qwen"}).Draw(t, "model")
		learned := historyOf(rapid.SliceOfN(rapid.Float64Range(0, 1_000), 0, 100).Draw(t, "ratios")...).learned()
		learned.Elsewhere = rapid.Float64Range(0, 1_000).Draw(t, "elsewhere")
		weight := tokens.Weigh(model, body)
		got, constant, bytes := weight.Bound(learned), weight.Bound(tokens.Learned{}), tokens.InputTokensBound(model, body)
		if got > bytes || constant > bytes || got < constant/4 {
			t.Fatalf("%d, with nothing learned %d, bytes %d", got, constant, bytes)
		}
	})
}

// What the model's own vocabulary counts is what it is, and text of several scripts is never taken for less.
func TestLearned_whatIsCountedExactlyStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := encode(t, request{"m", drawMessages(t)})
		learned := historyOf(rapid.SliceOfN(rapid.Float64Range(0, 9), 0, 100).Draw(t, "ratios")...).learned()
		learned.Elsewhere = rapid.Float64Range(0, 9).Draw(t, "elsewhere")
		weight := tokens.Weigh("gpt-4o", body)
		if _, says := weight.Ratio(weight.Bound(learned)); says {
			t.Fatal("there is nothing to learn, and it is learned")
		}
		if got, constant := weight.Bound(learned), weight.Bound(tokens.Learned{}); got != constant {
			t.Fatalf("%d, with nothing learned %d", got, constant)
		}
	})
	several := []byte(`{"messages":[{"content":"` + strings.Repeat("Привет means hello, and 你好 means the same in Chinese. ", 50) + `"}]}`)
	weight := tokens.Weigh("acme-1", several)
	sparse := historyOf(repeated(0.5, 64)...).learned()
	if got, constant := weight.Bound(sparse), weight.Bound(tokens.Learned{}); got != constant {
		t.Errorf("%s: %d, with nothing learned %d", weight.Kind, got, constant)
	}
}

func TestLearned_tightensWithManyReportsOnly(t *testing.T) {
	weight, _ := prose(t, 200)
	constant := weight.Bound(tokens.Learned{})
	for reports, want := range map[int]float64{0: 1, 1: 1, 7: 1, 8: 0.7 * (1.1 + 1./8), 64: 0.7 * (1.1 + 1./64)} {
		got := weight.Bound(historyOf(repeated(0.7, reports)...).learned())
		if least := int64(want * float64(constant)); got < least || got > least+1 {
			t.Errorf("%d reports of 0.7: %d, want %d of %d", reports, got, least, constant)
		}
	}
}

func repeated(ratio float64, times int) []float64 {
	ratios := make([]float64, times)
	for i := range ratios {
		ratios[i] = ratio
	}
	return ratios
}

func TestLearned_ageBringsItBack(t *testing.T) {
	weight, _ := prose(t, 200)
	constant := weight.Bound(tokens.Learned{})
	for _, ratio := range []float64{0.6, 1.4} {
		h := historyOf(repeated(ratio, 64)...)
		if weight.Bound(h.learned()) == constant {
			t.Errorf("64 reports of %g move nothing", ratio)
		}
		h.now = h.now.Add(tokens.ReportAge)
		if got := weight.Bound(h.learned()); got != constant {
			t.Errorf("64 old reports of %g: %d, want %d", ratio, got, constant)
		}
	}
	// Newer reports do so sooner.
	h := historyOf(1.4, 1.4, 1.4).add(repeated(0.9, 64)...)
	if got := weight.Bound(h.learned()); got > constant*102/100 {
		t.Errorf("64 reports after a denser vocabulary: %d of %d", got, constant)
	}
}

// One caller, however busy, has a quarter of the say.
func TestLearned_oneCallerAloneDoesNotSpeakForAll(t *testing.T) {
	h := historyOf(repeated(0.9, 48)...)
	for range 500 {
		h.now = h.now.Add(time.Second)
		h.reports = h.reports.Add(tokens.Report{At: h.now, By: 1, Ratio: 0.3})
	}
	if got := h.learned(); got.Reports != 64 || got.Highest != 0.9 {
		t.Errorf("%+v", got)
	}
}

// A vocabulary that is denser in one script is expected to be so in others, until they say otherwise.
func TestLearned_ofOtherKinds(t *testing.T) {
	weight, _ := prose(t, 200)
	constant := weight.Bound(tokens.Learned{})
	if got := weight.Bound(tokens.Learned{Elsewhere: 1.3}); got < constant*14/10 || got > constant*15/10 {
		t.Errorf("1.3 elsewhere: %d of %d", got, constant)
	}
	if got := weight.Bound(tokens.Learned{Elsewhere: 0.6}); got != constant {
		t.Errorf("0.6 elsewhere: %d of %d", got, constant)
	}
	own := historyOf(0.8, 0.8).learned()
	own.Elsewhere = 1.3
	if got := weight.Bound(own); got != constant {
		t.Errorf("0.8 itself, 1.3 elsewhere: %d of %d", got, constant)
	}
}

// A kind of text that has said too little itself goes by what others of its script have, with more room, and never up by that.
func TestLearned_ofKindsThatAreAkin(t *testing.T) {
	weight, _ := prose(t, 200)
	constant := float64(weight.Bound(tokens.Learned{}))
	for _, test := range []struct {
		learned tokens.Learned
		want    float64
	}{
		{tokens.Learned{AkinReports: 15, AkinHighest: 0.6}, 1},
		{tokens.Learned{AkinReports: 16, AkinHighest: 0.6}, 0.72},
		{tokens.Learned{AkinReports: 64, AkinHighest: 0.9}, 1},
		{tokens.Learned{AkinReports: 64, AkinHighest: 0.6, Elsewhere: 1.3}, 1.43},
		{tokens.Learned{AkinReports: 64, AkinHighest: 0.6, Reports: 2, Highest: 0.7}, 0.7 * (1.1 + 1./8)},
		{tokens.Learned{AkinReports: 64, AkinHighest: 0.6, Reports: 2, Highest: 1.2}, 1.2 * (1.1 + 1./8)},
		{tokens.Learned{AkinReports: 64, AkinHighest: 0.6, Reports: 64, Highest: 0.5}, 0.5 * (1.1 + 1./64)},
	} {
		if got := float64(weight.Bound(test.learned)) / constant; math.Abs(got-test.want) > 0.001 {
			t.Errorf("%+v: %.3f, want %.3f", test.learned, got, test.want)
		}
	}
}

func TestAkin(t *testing.T) {
	for _, kinds := range [][2]string{{"latin", "latin compound"}, {"structured short", "structured compound figures short"}, {"alphabet scanned", "alphabet figures scanned"}} {
		if !tokens.Akin(kinds[0], kinds[1]) {
			t.Errorf("%q and %q are not akin", kinds[0], kinds[1])
		}
	}
	for _, kinds := range [][2]string{{"latin", "latin compound short"}, {"latin", "latin scanned"}, {"latin", "structured"}, {"alphabet", "ideographs"}, {"", ""}} {
		if tokens.Akin(kinds[0], kinds[1]) {
			t.Errorf("%q and %q are akin", kinds[0], kinds[1])
		}
	}
}

func TestReports_areMergedInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) tokens.Report {
			return tokens.Report{
				At: start.Add(time.Duration(rapid.IntRange(0, 50).Draw(t, "at")) * time.Second),
				By: int64(rapid.IntRange(0, 3).Draw(t, "by")), Ratio: rapid.Float64Range(0, 2).Draw(t, "ratio"),
			}
		}), 0, 16).Draw(t, "reports")
		var forward, backward tokens.Reports
		for i := range all {
			forward, backward = forward.Add(all[i]).Add(all[i]), backward.Add(all[len(all)-1-i])
		}
		if fmt.Sprint(forward) != fmt.Sprint(backward) {
			t.Fatalf("%v\n%v", forward, backward)
		}
	})
}

// Tables are drawn with lines that no vocabulary makes three tokens of; other signs count in bytes.
func TestWeigh_drawnTables(t *testing.T) {
	bound := func(text string) int64 {
		return tokens.CountTokens("acme-1", []byte(`{"messages":[{"content":"`+text+`"}]}`)) - tokens.CountTokens("acme-1", []byte(`{"messages":[{"content":""}]}`))
	}
	for text, most := range map[string]int64{
		strings.Repeat("─", 80): 42, "┌" + strings.Repeat("─", 40) + "┐": 26, "│││││││││││││││││││││││││││││││││││││││": 78,
	} {
		if got := bound(text); got > most || got < most/2 {
			t.Errorf("%s: %d, want at most %d", text, got, most)
		}
	}
	for _, text := range []string{strings.Repeat("┼", 40), strings.Repeat("🙂", 30), strings.Repeat("ქართული", 20)} {
		if got := bound(text); got < int64(len(text)) {
			t.Errorf("%s: %d, want its %d bytes", text, got, len(text))
		}
	}
}

// What says nothing about text teaches nothing.
func TestWeight_Ratio(t *testing.T) {
	long := strings.Repeat("The committee had decided to postpone the discussion until the next meeting. ", 100)
	message := func(text string) string { return `{"messages":[{"role":"user","content":"` + text + `"}]}` }
	for name, test := range map[string]struct {
		body     string
		reported int64
		says     bool
	}{
		"text":           {message(long), 1_600, true},
		"many tools":     {`{"tools":[{"name":"f","description":"` + long + long + long + long + `"}],"messages":[{"role":"user","content":"hi"}]}`, 6_000, true},
		"few tools":      {`{"tools":[{"name":"f","description":"` + long + `"}],"messages":[{"role":"user","content":"hi"}]}`, 1_600, false},
		"a short one":    {message("hi"), 30, false},
		"nothing":        {message(long), 0, false},
		"less":           {message(long), -5, false},
		"more than that": {message(long), 100_000, false},
		"a picture":      {`{"messages":[{"role":"user","content":[{"type":"text","text":"` + long + `"},{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}]}`, 1_600, false},
		"a file":         {`{"messages":[{"role":"user","content":[{"type":"text","text":"` + long + `"},{"type":"file","file":{"file_id":"f"}}]}]}`, 1_600, false},
		"a search":       {`{"tools":[{"type":"web_search"}],"messages":[{"role":"user","content":"` + long + long + long + long + `"}]}`, 6_000, false},
		"base64":         {message(strings.Repeat("aGVsbG8gd29ybGQhIFRoaXMgaXMgYSB0ZXN0IG9mIGJhc2U2NA== ", 100)), 3_000, false},
	} {
		weight := tokens.Weigh("claude-opus-5", []byte(test.body))
		ratio, says := weight.Ratio(test.reported)
		if says != test.says || says && (ratio < 0.5 || ratio > 1) {
			t.Errorf("%s: %g, %t", name, ratio, says)
		}
	}
}

func TestWeight_Kind(t *testing.T) {
	for text, want := range map[string]string{
		"The committee had decided to postpone the discussion.":                                "latin",
		"Комитет решил отложить обсуждение до заседания. ":                                     "alphabet",
		"委员会决定将讨论推迟到下次会议。":                                                                     "ideographs",
		"위원회는 다음 회의까지 논의를 연기하기로 했다. ":                                                          "hangul",
		`{\"id\": 17, \"tags\": [\"a\", \"b\"], \"n\": 1.5}, `:                                 "structured compound figures",
		"[17.25, 4001.5, 3.14159, 2718, 16180339], ":                                           "structured numbers",
		"Die Bundesregierung verabschiedete Haushaltsberatungen zur Krankenhausfinanzierung. ": "latin compound",
		`Параметр «{0}» не может быть указан вместе с «--watch». `:                             "alphabet",
		"Привет means hello, and 你好 does so too. ":                                             "mixed",
		"🙂🏳️‍🌈👩‍🚀":                                                                             "",
	} {
		for repeats, more := range map[int]string{10: " short", 400: ""} {
			body := []byte(`{"messages":[{"content":"` + strings.Repeat(text, repeats) + `"}]}`)
			if want == "" {
				more = ""
			}
			if got := tokens.Weigh("acme-1", body).Kind; got != want+more {
				t.Errorf("%s %d times: %q, want %q", text, repeats, got, want+more)
			}
		}
	}
}
