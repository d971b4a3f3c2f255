package pricing

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func TestEmbedded_coversTheVendors(t *testing.T) {
	counts := map[string]int{}
	for _, model := range Embedded().Models() {
		counts[model.Provider]++
		price := model.Price
		if price.Version != Embedded().Version() {
			t.Errorf("%s has the version %q", model.Name, price.Version)
		}
		if price.CachedInput > price.Input || price.Input > price.CacheWrite || price.CacheWrite > price.CacheWrite1h {
			t.Errorf("%s/%s: cached, plain and written prompts do not cost more and more: %+v", model.Provider, model.Name, price.Rates)
		}
		for _, tier := range price.Tiers {
			if tier.Input <= price.Input || tier.Output <= price.Output {
				t.Errorf("%s/%s: long prompts are not dearer", model.Provider, model.Name)
			}
		}
		if price.Input > 200*money.USD || price.Output > 1_000*money.USD {
			t.Errorf("%s/%s costs %s and %s per million tokens, hardly", model.Provider, model.Name, price.Input.Dollars(), price.Output.Dollars())
		}
		for name, plan := range map[string]*Plan{"flex": price.Flex, "batch": price.Batch} {
			if plan != nil && (plan.Input >= price.Input || plan.Output > price.Output) {
				t.Errorf("%s/%s: %s is not cheaper", model.Provider, model.Name, name)
			}
		}
		if plan := price.Priority; plan != nil && (plan.Input <= price.Input || plan.Output <= price.Output) {
			t.Errorf("%s/%s: priority is not dearer", model.Provider, model.Name)
		}
		chats := model.Mode == "chat" || model.Mode == "responses" || model.Mode == "completion"
		if (chats && model.MaxOutputTokens == 0) || ((chats || model.Mode == "embedding") && model.MaxInputTokens == 0) {
			t.Errorf("%s/%s has no token limits", model.Provider, model.Name)
		}
		free := model.Mode == "moderation" || model.Name == "gemma-3-27b-it"
		if worked := (Usage{PromptTokens: 1_000, CompletionTokens: 1_000, Images: 1, AudioSeconds: 1, Characters: 1}); (price.Cost(worked) == 0) != free {
			t.Errorf("%s/%s costs %s", model.Provider, model.Name, price.Cost(worked))
		}
	}
	for provider, least := range map[string]int{"openai": 80, "anthropic": 15, "azure": 150, "gemini": 25, "mistral": 40, "deepseek": 5, "groq": 10, "xai": 20} {
		if counts[provider] < least {
			t.Errorf("%d models of %s, want %d at least", counts[provider], provider, least)
		}
	}
	if !strings.HasPrefix(Embedded().Version(), "2026-") || len(Embedded().Version()) != len("2026-07-00000000") {
		t.Errorf("version %q", Embedded().Version())
	}
}

func TestModel_findsByTheNamesPeopleUse(t *testing.T) {
	for _, test := range []struct{ provider, model, want string }{
		{"openai", "gpt-4.1-mini", "openai/gpt-4.1-mini"},
		{"openai", "gpt-4.1-mini-2025-04-14", "openai/gpt-4.1-mini"},
		{"openai", "gpt-4o-2024-05-13", "openai/gpt-4o-2024-05-13"},
		{"openai", "gpt-4o-2024-08-06", "openai/gpt-4o"},
		{"openai", "openai/gpt-4o", "openai/gpt-4o"},
		{"openai", "anthropic/claude-opus-5", "anthropic/claude-opus-5"},
		{"openai", "azure/gpt-4o-2024-11-20", "azure/gpt-4o-2024-11-20"},
		{"openai", "mistral-large-latest", "mistral/mistral-large-latest"},
		{"openai", "gemini/gemini-2.5-pro", "gemini/gemini-2.5-pro"},
		{"openai", "google/gemini-2.5-pro", "gemini/gemini-2.5-pro"},
		{"openai", "deepseek-chat", "deepseek/deepseek-chat"},
		{"anthropic", "claude-haiku-4-5-20251001", "anthropic/claude-haiku-4-5"},
		{"azure", "azure/eu/gpt-5.1", "azure/eu/gpt-5.1"},
		{"azure", "eu/gpt-5-2025-08-07", "azure/eu/gpt-5"},
		{"google", "gemini-2.5-flash", "gemini/gemini-2.5-flash"},
		{"", "gpt-4o", ""},
		{"anthropic", "gpt-4o", ""},
		{"azure", "magistral-medium-latest", ""},
		{"azure_ai", "grok-3", "azure/grok-3"},
		{"openai", "llama-3.3-70b-versatile", "groq/llama-3.3-70b-versatile"},
		{"openai", "openai/gpt-oss-120b", "groq/openai/gpt-oss-120b"},
		{"openai", "whisper-1", "openai/whisper-1"},
		{"openai", "gpt-4.1-mini-2025-04", ""},
		{"openai", "gpt-4.1-mini-2025x04x14", ""},
		{"openai", "gpt-4.1-mini-", ""},
		{"openai", "GPT-4.1-MINI", ""},
		{"openai", "", ""},
		{"openai", "-2025-04-14", ""},
		{"openai", "no-such-model", ""},
		{"openai", "eu/gpt-5.1", ""},
	} {
		got := ""
		if found, ok := Embedded().Model(test.provider, test.model); ok {
			got = found.Provider + "/" + found.Name
		}
		if got != test.want {
			t.Errorf("Model(%q, %q) = %q, want %q", test.provider, test.model, got, test.want)
		}
		if _, ok := Embedded().Find(test.provider, test.model); ok != (test.want != "") {
			t.Errorf("Find(%q, %q): %v", test.provider, test.model, ok)
		}
	}
}

func TestEmbedded_namesDateAndSourceOfEachVendor(t *testing.T) {
	checked := map[string]bool{}
	for _, check := range Embedded().Checks() {
		if !strings.HasPrefix(check.Source, "https://") || checked[check.Provider] {
			t.Errorf("%+v", check)
		}
		checked[check.Provider] = true
		if check.Month.Before(Embedded().Since()) {
			t.Errorf("%s was checked before %s", check.Provider, Embedded().Since())
		}
	}
	for _, model := range Embedded().Models() {
		if !checked[model.Provider] {
			t.Fatalf("%s has no line that says when it was checked, and with what", model.Provider)
		}
	}
	if since := Embedded().Since(); since.Year() < 2026 || since.Day() != 1 {
		t.Errorf("the oldest check is of %s", since)
	}
}

func TestParseCatalogue_fillsInWhatIsLeftOut(t *testing.T) {
	c, err := parseCatalogue("date 2026-01\n[p]\nm chat 10 5 in=2 out=8 write=3 | above=7 in=4 out=16 cached=1\n")
	if err != nil {
		t.Fatal(err)
	}
	got, _ := c.Model("p", "m")
	want := Price{
		Plan: Plan{
			Rates: Rates{
				Input: 2e9, CachedInput: 2e9, CacheWrite: 3e9, CacheWrite1h: 3e9, AudioInput: 2e9, ImageInput: 2e9,
				Output: 8e9, Reasoning: 8e9, AudioOutput: 8e9, ImageOutput: 8e9,
			},
			Tiers: []Tier{{7, Rates{
				Input: 4e9, CachedInput: 1e9, CacheWrite: 4e9, CacheWrite1h: 4e9, AudioInput: 4e9, ImageInput: 4e9,
				Output: 16e9, Reasoning: 16e9, AudioOutput: 16e9, ImageOutput: 16e9,
			}}},
		},
		Version: c.Version(),
	}
	if diff := cmp.Diff(want, got.Price); diff != "" {
		t.Error(diff)
	}
	if got.MaxInputTokens != 10 || got.MaxOutputTokens != 5 || got.Mode != "chat" {
		t.Errorf("got %+v", got)
	}
}

func TestParseCatalogue_refuses(t *testing.T) {
	for line, want := range map[string]string{
		"m chat 1 1":                                      "input price is missing",
		"m chat 1 1 in=1":                                 "output price is missing",
		"m chat 1":                                        "want a name",
		"m talk 1 1 in=1 out=1":                           "no mode",
		"m chat x 1 in=1 out=1":                           "not a number of tokens",
		"m chat 1 -1 in=1 out=1":                          "not a number of tokens",
		"m chat 1 1 in=1 out=1 foo=1":                     "no price",
		"m chat 1 1 in=1 in=2 out=1":                      "twice",
		"m chat 1 1 in=abc out=1":                         "in:",
		"m chat 1 1 in=-1 out=1":                          "not between",
		"m chat 1 1 in=1 out=1 | in=2":                    "above=",
		"m chat 1 1 in=1 out=1 |":                         "above=",
		"m chat 1 1 in=1 out=1 | flex":                    "above=",
		"m chat 1 1 in=1 out=1 | flex in=1":               "flex: needs an input and an output",
		"m chat 1 1 in=1 out=1 | flex above=9 in=1 out=1": "flex: needs an input and an output",
		"m chat 1 1 in=1 out=1 | in=1 out=1":              "behind |",
		"m chat 1 1 in=1 out=1 | above=5 in=1 out=1 | above=5 in=1 out=1": "two tiers start above 5",
		"m image 1 1 image=1 image=2":                                     "twice",
		"m image 1 1 image:9x9=1 image:9x9=2":                             "twice",
		"m image 1 1 search:huge=1":                                       "no price",
		"m image 1 1 hour=-1":                                             "not between",
		"m image 1 1 image=-1":                                            "not between",
		"m image 1 1 search=1":                                            "input price is missing",
		"m chat 1 1 in=1 out=1 | above=0":                                 "above 0 tokens",
		"m chat 1 1 in=1 out=1 | above=5":                                 "input price is missing",
		"checked 2026-07":                                                 "behind checked",
		"checked July https://example.com":                                "not a month",
		"m chat 1 1 in=1 out=1\nm chat 1 1 in=1 out=1":                    "listed twice",
	} {
		_, err := parseCatalogue("date 2026-01\n[p]\n" + line)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "line ") {
			t.Errorf("%q: %v, want %q", line, err, want)
		}
	}
	if _, err := parseCatalogue("[p]\nm chat 1 1 in=1 out=1"); err == nil {
		t.Error("a catalogue without a date was taken")
	}
}

func usd(t *testing.T, text string) *money.Nano {
	t.Helper()
	amount, err := money.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return &amount
}

func TestTerms_makePrices(t *testing.T) {
	price, err := Terms{Input: usd(t, "0.40"), Output: usd(t, "1.60")}.Price()
	if err != nil {
		t.Fatal(err)
	}
	if got := price.Cost(Usage{PromptTokens: 1_000, CachedTokens: 500, CompletionTokens: 500}); got != 400_000+800_000 {
		t.Errorf("cost %d", got)
	}
	same, _ := Terms{Input: usd(t, "0.4"), Output: usd(t, "1.6"), CachedInput: usd(t, "0.4")}.Price()
	other, _ := Terms{Input: usd(t, "0.4"), Output: usd(t, "1.6"), CachedInput: usd(t, "0.1")}.Price()
	if !strings.HasPrefix(price.Version, "config:") || same.Version != price.Version || other.Version == price.Version {
		t.Errorf("versions %q, %q, %q", price.Version, same.Version, other.Version)
	}
	free, err := Terms{Input: usd(t, "0"), Output: usd(t, "0")}.Price()
	if err != nil || free.Cost(Usage{PromptTokens: 1_000_000}) != 0 {
		t.Errorf("free: %+v, %v", free, err)
	}
}

func TestTerms_refuse(t *testing.T) {
	for want, terms := range map[string]Terms{
		"input price":        {Output: usd(t, "1")},
		"output price":       {Input: usd(t, "1")},
		"cached input price": {Input: usd(t, "1"), Output: usd(t, "1"), CachedInput: usd(t, "-1")},
	} {
		if _, err := terms.Price(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", terms, err, want)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	for name, model := range map[string]string{"exact": "gpt-4.1-mini", "dated": "gpt-4.1-mini-2025-04-14", "compatible": "mistral-large-latest"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := Embedded().Find("openai", model); !ok {
					b.Fatal("not found")
				}
			}
		})
	}
}
