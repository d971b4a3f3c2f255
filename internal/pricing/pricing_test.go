package pricing_test

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

func TestCost_staysInRange(t *testing.T) {
	price := pricing.Price{Plan: pricing.Plan{Rates: pricing.Rates{Input: money.Max, Output: money.Max}}}
	usage := pricing.Usage{PromptTokens: math.MaxInt64, CompletionTokens: math.MaxInt64}
	if got := price.Cost(usage); got != money.Max {
		t.Errorf("%d, want money.Max", got)
	}
	// (2⁶³-1) × rate ÷ 10⁶, rounded up; the last three are where 64 bits no longer hold it.
	for rate, want := range map[money.Nano]money.Nano{
		1: 9_223_372_036_855, 976: 9_002_011_107_970_262, 2_000_000: money.Max, 2_000_001: money.Max, 3_000_000: money.Max,
	} {
		price := pricing.Price{Plan: pricing.Plan{Rates: pricing.Rates{Input: rate}}}
		if got := price.Cost(pricing.Usage{PromptTokens: math.MaxInt64}); got != want {
			t.Errorf("at %d: %d, want %d", rate, got, want)
		}
	}
}

func drawAmount(t *rapid.T, label string) money.Nano {
	return money.Nano(rapid.OneOf(rapid.Int64Range(0, 3), rapid.Int64Range(0, 1_000_000_000_000), rapid.Int64Range(0, int64(money.Max))).Draw(t, label))
}

func drawRates(t *rapid.T, label string) pricing.Rates {
	rate := func(name string) money.Nano { return drawAmount(t, label+name) }
	return pricing.Rates{
		Input: rate("in"), CachedInput: rate("cached"), CacheWrite: rate("write"), CacheWrite1h: rate("write1h"),
		AudioInput: rate("audioIn"), ImageInput: rate("imageIn"),
		Output: rate("out"), Reasoning: rate("reasoning"), AudioOutput: rate("audioOut"), ImageOutput: rate("imageOut"),
	}
}

func drawPlan(t *rapid.T, label string) pricing.Plan {
	plan := pricing.Plan{Rates: drawRates(t, label+" base ")}
	above := int64(0)
	for i := range rapid.IntRange(0, 2).Draw(t, label+" tiers") {
		above += rapid.Int64Range(1, 1_000).Draw(t, label+" above")
		plan.Tiers = append(plan.Tiers, pricing.Tier{Above: above, Rates: drawRates(t, fmt.Sprint(label, " tier ", i, " "))})
	}
	return plan
}

var drawSize, drawQuality = rapid.SampledFrom([]string{"", "auto", "1024x1024", "512x512"}), rapid.SampledFrom([]string{"", "hd", "low", "odd"})

func drawPrice(t *rapid.T) pricing.Price {
	price := pricing.Price{
		Plan:    drawPlan(t, "standard"),
		Request: drawAmount(t, "request"), Characters: drawAmount(t, "characters"), AudioHour: drawAmount(t, "hour"),
		Search: pricing.SearchPrice{Low: drawAmount(t, "low"), Medium: drawAmount(t, "medium"), High: drawAmount(t, "high")},
	}
	for _, service := range []**pricing.Plan{&price.Flex, &price.Priority, &price.Batch} {
		if rapid.Bool().Draw(t, "has service") {
			*service = new(drawPlan(t, "service"))
		}
	}
	for range rapid.IntRange(0, 4).Draw(t, "pictures") {
		price.Images = append(price.Images, pricing.ImagePrice{
			Size: drawSize.Draw(t, "size"), Quality: drawQuality.Draw(t, "quality"), Each: drawAmount(t, "picture"),
		})
	}
	if factor := rapid.SampledFrom([]float64{0, 0, 1, 1.5, 3.3333, 1_000}).Draw(t, "believed up to"); factor > 0 {
		believing, err := price.Believing(factor)
		if err != nil {
			t.Fatal(err)
		}
		return believing
	}
	return price
}

// drawUsage often gives the whole prompt or completion to one kind, which is where a bound is tight.
func drawUsage(t *rapid.T) pricing.Usage {
	count := func(name string) int64 {
		return rapid.OneOf(rapid.Int64Range(-2, 2_000), rapid.Int64Range(0, 2_000_000)).Draw(t, name)
	}
	piece := func(name string) int64 {
		return rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(-2, 5_000)).Draw(t, name)
	}
	usage := pricing.Usage{
		PromptTokens: count("prompt"), CompletionTokens: count("completion"),
		Images: piece("images"), ImageSize: drawSize.Draw(t, "image size"), ImageQuality: drawQuality.Draw(t, "image quality"),
		AudioSeconds: piece("seconds"), Characters: piece("characters"),
		Searches: piece("searches"), SearchContext: rapid.SampledFrom([]string{"", "low", "medium", "high", "odd"}).Draw(t, "context"),
		Service: rapid.SampledFrom([]string{"", "default", "flex", "priority", "batch", "odd"}).Draw(t, "service"),
		Cost:    rapid.OneOf(rapid.Just(money.Nano(0)), rapid.Just(money.Max)).Draw(t, "said to cost"),
	}
	for _, part := range []struct {
		name  string
		part  *int64
		whole int64
	}{
		{"cached", &usage.CachedTokens, usage.PromptTokens},
		{"written", &usage.CacheWriteTokens, usage.PromptTokens},
		{"written for an hour", &usage.CacheWrite1hTokens, usage.PromptTokens},
		{"audio in", &usage.AudioInputTokens, usage.PromptTokens},
		{"pictures in", &usage.ImageInputTokens, usage.PromptTokens},
		{"reasoning", &usage.ReasoningTokens, usage.CompletionTokens},
		{"audio out", &usage.AudioOutputTokens, usage.CompletionTokens},
		{"pictures out", &usage.ImageOutputTokens, usage.CompletionTokens},
	} {
		*part.part = rapid.OneOf(rapid.Just(int64(0)), rapid.Just(part.whole), rapid.Int64Range(-2, 2_000_000)).Draw(t, part.name)
	}
	return usage
}

// drawAsked is what was asked for before the usage came out: never less of anything, and open
// where the vendor chose.
func drawAsked(t *rapid.T, usage pricing.Usage) pricing.Usage {
	asked := pricing.Usage{
		ImageSize: usage.ImageSize, ImageQuality: usage.ImageQuality, SearchContext: usage.SearchContext, Service: usage.Service,
	}
	for _, count := range [][2]*int64{
		{&asked.PromptTokens, &usage.PromptTokens},
		{&asked.Images, &usage.Images},
		{&asked.AudioSeconds, &usage.AudioSeconds},
		{&asked.Characters, &usage.Characters},
		{&asked.Searches, &usage.Searches},
	} {
		*count[0] = max(0, *count[1]) + rapid.SampledFrom([]int64{0, 0, 1, 1_000}).Draw(t, "slack")
	}
	for _, text := range []*string{&asked.ImageSize, &asked.ImageQuality, &asked.SearchContext, &asked.Service} {
		if rapid.Bool().Draw(t, "left open") {
			*text = ""
		}
	}
	if served := usage.Service; (served == "" || served == "default") && asked.Service != "" {
		asked.Service = rapid.SampledFrom([]string{"default", "priority", "flex", "auto"}).Draw(t, "fell back to the standard service from")
	}
	return asked
}

func TestBound_isNeverBelowTheCost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		price, usage := drawPrice(t), drawUsage(t)
		asked := drawAsked(t, usage)
		output := max(0, usage.CompletionTokens) + rapid.SampledFrom([]int64{0, 0, 1}).Draw(t, "slack out")
		bound := price.Bound(asked)
		most := big.NewInt(int64(bound.OutputToken))
		most.Mul(most, big.NewInt(output)).Add(most, big.NewInt(int64(bound.Input)))
		if cost := price.Cost(usage); most.Cmp(big.NewInt(int64(cost))) < 0 {
			t.Fatalf("cost %d is above the bound %s (%+v) for %+v, asked for as %+v", cost, most, bound, usage, asked)
		}
	})
}

// What a provider says is taken up to the factor, and what it does not say is the list price.
func TestCost_believesAProvider(t *testing.T) {
	list := pricing.Price{Plan: pricing.Plan{Rates: pricing.Rates{Input: money.USD, Output: money.USD}}, Version: "v"}
	for _, test := range []struct {
		factor         float64
		said, costs    money.Nano
		input, perHere money.Nano
	}{
		{0, 1, 100_000, 90_000, 1_000},
		{1, 1, 1, 90_000, 1_000},
		{1, 200_000, 100_000, 90_000, 1_000},
		{1.5, 0, 100_000, 135_000, 1_500},
		{1.5, -1, 100_000, 135_000, 1_500},
		{1.5, 149_999, 149_999, 135_000, 1_500},
		{1.5, money.Max, 150_000, 135_000, 1_500},
		{1_000, money.Max, 100_000_000, 90_000_000, 1_000_000},
	} {
		price := list
		if test.factor > 0 {
			believing, err := list.Believing(test.factor)
			if err != nil || believing.Version == list.Version {
				t.Fatalf("%+v, %v", believing, err)
			}
			price = believing
		}
		if got := price.Cost(pricing.Usage{PromptTokens: 90, CompletionTokens: 10, Cost: test.said}); got != test.costs {
			t.Errorf("up to %v times, said to cost %d: %d, want %d", test.factor, test.said, got, test.costs)
		}
		if got := price.Bound(pricing.Usage{PromptTokens: 90}); got.Input != test.input || got.OutputToken != test.perHere {
			t.Errorf("up to %v times: bound %+v, want %d and %d", test.factor, got, test.input, test.perHere)
		}
	}
	for _, factor := range []float64{0, 0.99, 1_001, math.NaN(), math.Inf(1)} {
		if _, err := list.Believing(factor); err == nil {
			t.Errorf("%v is taken for a factor", factor)
		}
	}
	huge, err := (pricing.Price{Request: money.Max}).Believing(1_000)
	if got := huge.Bound(pricing.Usage{}); err != nil || got.Input != money.Max {
		t.Errorf("%+v, %v", got, err)
	}
}

// A price of one kind alone, all of which is used: the bound is the cost.
func TestBound_knowsEveryKind(t *testing.T) {
	for name, test := range map[string]struct {
		rates pricing.Rates
		usage pricing.Usage
	}{
		"input":        {pricing.Rates{Input: 1e9}, pricing.Usage{PromptTokens: 9}},
		"cached":       {pricing.Rates{CachedInput: 1e9}, pricing.Usage{PromptTokens: 9, CachedTokens: 9}},
		"written":      {pricing.Rates{CacheWrite: 1e9}, pricing.Usage{PromptTokens: 9, CacheWriteTokens: 9}},
		"for an hour":  {pricing.Rates{CacheWrite1h: 1e9}, pricing.Usage{PromptTokens: 9, CacheWrite1hTokens: 9}},
		"heard":        {pricing.Rates{AudioInput: 1e9}, pricing.Usage{PromptTokens: 9, AudioInputTokens: 9}},
		"seen":         {pricing.Rates{ImageInput: 1e9}, pricing.Usage{PromptTokens: 9, ImageInputTokens: 9}},
		"output":       {pricing.Rates{Output: 1e9}, pricing.Usage{CompletionTokens: 9}},
		"thought":      {pricing.Rates{Reasoning: 1e9}, pricing.Usage{CompletionTokens: 9, ReasoningTokens: 9}},
		"said":         {pricing.Rates{AudioOutput: 1e9}, pricing.Usage{CompletionTokens: 9, AudioOutputTokens: 9}},
		"drawn":        {pricing.Rates{ImageOutput: 1e9}, pricing.Usage{CompletionTokens: 9, ImageOutputTokens: 9}},
		"nothing else": {pricing.Rates{}, pricing.Usage{PromptTokens: 9, CompletionTokens: 9}},
	} {
		price := pricing.Price{Plan: pricing.Plan{Rates: test.rates}}
		bound := price.Bound(pricing.Usage{PromptTokens: test.usage.PromptTokens})
		most := bound.Input + bound.OutputToken*money.Nano(test.usage.CompletionTokens)
		want := money.Nano(9_000)
		if name == "nothing else" {
			want = 0
		}
		if cost := price.Cost(test.usage); cost != want || most != want {
			t.Errorf("%s: costs %d, bound %d, want %d", name, cost, most, want)
		}
	}
}

func TestBound_growsWithThePrompt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		price := drawPrice(t)
		fewer := rapid.Int64Range(0, 3_000).Draw(t, "fewer")
		more := fewer + rapid.Int64Range(0, 3_000).Draw(t, "more")
		short, long := price.Bound(pricing.Usage{PromptTokens: fewer}), price.Bound(pricing.Usage{PromptTokens: more})
		if short.Input > long.Input || short.OutputToken > long.OutputToken {
			t.Fatal("a longer prompt has a lower bound")
		}
	})
}

func TestCost_agreesWithExactArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rates := drawRates(t, "")
		text := rapid.Int64Range(0, 5_000_000).Draw(t, "text")
		cached := rapid.Int64Range(0, 5_000_000).Draw(t, "cached")
		said := rapid.Int64Range(0, 5_000_000).Draw(t, "said")
		exact := new(big.Int)
		for _, part := range [][2]int64{{text, int64(rates.Input)}, {cached, int64(rates.CachedInput)}, {said, int64(rates.Output)}} {
			exact.Add(exact, new(big.Int).Mul(big.NewInt(part[0]), big.NewInt(part[1])))
		}
		exact.Add(exact, big.NewInt(999_999)).Div(exact, big.NewInt(1_000_000))
		if exact.Cmp(big.NewInt(int64(money.Max))) > 0 {
			exact.SetInt64(int64(money.Max))
		}
		got := pricing.Price{Plan: pricing.Plan{Rates: rates}}.Cost(pricing.Usage{PromptTokens: text + cached, CachedTokens: cached, CompletionTokens: said})
		if exact.Cmp(big.NewInt(int64(got))) != 0 {
			t.Fatalf("%d, want %s", got, exact)
		}
	})
}

func TestBound_byHand(t *testing.T) {
	tiered, _ := pricing.Embedded().Find("openai", "gpt-5.6")
	speech, _ := pricing.Embedded().Find("openai", "tts-1-hd")
	heard, _ := pricing.Embedded().Find("groq", "whisper-large-v3")
	drawn, _ := pricing.Embedded().Find("openai", "dall-e-3")
	searching, _ := pricing.Embedded().Find("openai", "gpt-4o-search-preview")
	fixed := pricing.Price{Request: money.USD / 100}
	for name, test := range map[string]struct {
		price pricing.Price
		most  pricing.Usage
		want  pricing.Bound
	}{
		"nothing but the answer":     {tiered, pricing.Usage{Service: "default"}, pricing.Bound{Input: 0, OutputToken: 20_000}},
		"all may be written":         {tiered, pricing.Usage{PromptTokens: 272_000, Service: "default"}, pricing.Bound{Input: 272_000 * 5_000, OutputToken: 20_000}},
		"one above the tier":         {tiered, pricing.Usage{PromptTokens: 272_001, Service: "default"}, pricing.Bound{Input: 272_001 * 10_000, OutputToken: 30_000}},
		"flex may fall back":         {tiered, pricing.Usage{PromptTokens: 10, Service: "flex"}, pricing.Bound{Input: 10 * 5_000, OutputToken: 20_000}},
		"priority":                   {tiered, pricing.Usage{PromptTokens: 10, Service: "priority"}, pricing.Bound{Input: 10 * 10_000, OutputToken: 40_000}},
		"the account decides":        {tiered, pricing.Usage{PromptTokens: 10}, pricing.Bound{Input: 10 * 10_000, OutputToken: 40_000}},
		"the account decides (auto)": {tiered, pricing.Usage{PromptTokens: 10, Service: "auto"}, pricing.Bound{Input: 10 * 10_000, OutputToken: 40_000}},
		"spoken":                     {speech, pricing.Usage{Characters: 4_096}, pricing.Bound{Input: 4_096 * 30_000}},
		"written down":               {heard, pricing.Usage{AudioSeconds: 1}, pricing.Bound{Input: 30_834}}, // 0.111 / 3600 = 0.0000308333…
		"drawn, size open":           {drawn, pricing.Usage{Images: 2, ImageQuality: "standard"}, pricing.Bound{Input: 240_000_000}},
		"drawn":                      {drawn, pricing.Usage{Images: 2, ImageSize: "1024x1024", ImageQuality: "standard"}, pricing.Bound{Input: 80_000_000}},
		"searched, context open":     {searching, pricing.Usage{Searches: 1}, pricing.Bound{Input: 50_000_000, OutputToken: 10_000}},
		"searched":                   {searching, pricing.Usage{Searches: 1, SearchContext: "low"}, pricing.Bound{Input: 30_000_000, OutputToken: 10_000}},
		"by the request":             {fixed, pricing.Usage{PromptTokens: 99}, pricing.Bound{Input: 10_000_000}},
	} {
		if got := test.price.Bound(test.most); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}

func TestOffers(t *testing.T) {
	price := pricing.Price{Flex: &pricing.Plan{}}
	for service, want := range map[string]bool{
		"": true, "auto": true, "default": true, "standard_only": true, "flex": true, "priority": false, "batch": false, "turbo": false,
	} {
		if got := price.Offers(service); got != want {
			t.Errorf("Offers(%q) = %v", service, got)
		}
	}
}

func BenchmarkCost(b *testing.B) {
	price, _ := pricing.Embedded().Find("anthropic", "claude-sonnet-4-5")
	usage := pricing.Usage{PromptTokens: 12_000, CachedTokens: 8_000, CacheWriteTokens: 1_000, CompletionTokens: 700}
	b.ReportAllocs()
	for b.Loop() {
		if price.Cost(usage) == 0 {
			b.Fatal("free")
		}
	}
}

func BenchmarkBound(b *testing.B) {
	price, _ := pricing.Embedded().Find("openai", "gpt-5.4")
	b.ReportAllocs()
	for b.Loop() {
		if price.Bound(pricing.Usage{PromptTokens: 500}).Input == 0 {
			b.Fatal("free")
		}
	}
}
