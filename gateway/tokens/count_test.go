package tokens_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/tiktoken-go/tokenizer"
	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/gateway/tokens"
)

type message struct {
	Role    string `json:"role"`
	Name    string `json:"name,omitempty"`
	Content any    `json:"content"`
}

type request struct {
	Model    string    `json:"model"`
	Messages []message `json:"messages"`
}

func encode(t interface{ Fatal(...any) }, body any) []byte {
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// vendorCount is what OpenAI bills for a conversation, after its own cookbook: three tokens per
// message and its role, name and content, one more for a name, and three to start the answer.
func vendorCount(t interface{ Fatal(...any) }, messages []message) int64 {
	codec, err := tokenizer.Get(tokenizer.O200kBase)
	if err != nil {
		t.Fatal(err)
	}
	count := func(text string) int64 {
		n, err := codec.Count(text)
		if err != nil {
			t.Fatal(err)
		}
		return int64(n)
	}
	total := int64(3)
	for _, m := range messages {
		total += 3 + count(m.Role)
		if m.Name != "" {
			total += 1 + count(m.Name)
		}
		switch content := m.Content.(type) {
		case string:
			total += count(content)
		case []map[string]any:
			for _, part := range content {
				total += count(fmt.Sprint(part["text"]))
			}
		}
	}
	return total
}

var drawText = rapid.OneOf(
	rapid.String(), rapid.StringN(0, 200, -1),
	rapid.StringOf(rapid.RuneFrom([]rune("aé漢字🙂🏳️‍🌈\u0000\"\\\n\t <>|𝕏ﷺ"))),
	rapid.Just("hi"), rapid.Just("hi"),
	rapid.SampledFrom([]string{"", "hello", "<|endoftext|>", "data:image/png;base64,AAAA", strings.Repeat("a ", 300)}),
)

func drawMessages(t *rapid.T) []message {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) message {
		m := message{Role: rapid.SampledFrom([]string{"system", "user", "assistant", "developer"}).Draw(t, "role")}
		if rapid.Bool().Draw(t, "named") {
			m.Name = rapid.StringMatching(`[a-z_]{1,9}`).Draw(t, "name")
		}
		if rapid.Bool().Draw(t, "in parts") {
			m.Content = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) map[string]any {
				return map[string]any{"type": "text", "text": drawText.Draw(t, "text")}
			}), 0, 3).Draw(t, "parts")
		} else {
			m.Content = drawText.Draw(t, "text")
		}
		return m
	}), 0, 40).Draw(t, "messages")
}

func TestTokenBounds_areNeverBelowTheVendorsCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		messages := drawMessages(t)
		body := encode(t, request{"gpt-4.1-mini", messages})
		vendor := vendorCount(t, messages)
		exact := tokens.CountTokens("gpt-4.1-mini", body)
		bytes := tokens.CountTokens("claude-opus-5", body)
		bound := tokens.InputTokensBound("gpt-4.1-mini", body)
		if estimate := tokens.EstimateTokens("gpt-4.1-mini", body); estimate != vendor {
			t.Fatalf("estimated %d, the vendor counts %d: %s", estimate, vendor, body)
		}
		if vendor > exact || exact > bytes || bytes > bound {
			t.Fatalf("the vendor counts %d, CountTokens %d, by bytes %d, the bound is %d: %s", vendor, exact, bytes, bound, body)
		}
	})
}

func TestCountTokens_manyShortMessages(t *testing.T) {
	messages := make([]message, 500)
	for i := range messages {
		messages[i] = message{Role: "user", Name: "a", Content: "hi"}
	}
	body := encode(t, request{"gpt-4.1-mini", messages})
	vendor, got := vendorCount(t, messages), tokens.CountTokens("gpt-4.1-mini", body)
	if got != vendor-3+64 {
		t.Errorf("CountTokens %d, the vendor counts %d", got, vendor)
	}
}

func TestCountTokens_isTight(t *testing.T) {
	messages := []message{
		{Role: "system", Content: "You are a helpful assistant."},
		{Role: "user", Content: strings.Repeat("The quick brown fox jumps over the lazy dog. ", 100)},
	}
	body := encode(t, request{"gpt-4.1-mini", messages})
	vendor := vendorCount(t, messages)
	if got := tokens.CountTokens("gpt-4.1-mini", body); got < vendor || got > vendor+80 {
		t.Errorf("CountTokens %d, the vendor counts %d", got, vendor)
	}
	if got := tokens.InputTokensBound("gpt-4.1-mini", body); got < 4*vendor {
		t.Errorf("the cheap bound %d is close to %d: what is the exact count for?", got, vendor)
	}
	if got := tokens.CountTokens("openai/gpt-4.1-mini-2025-04-14", body); got > vendor+80 {
		t.Errorf("a dated name with its provider counts %d", got)
	}
}

func TestCountTokens_longPromptsAreCountedWhole(t *testing.T) {
	text := strings.Repeat("word ", 40_000)
	body := encode(t, request{"gpt-4o", []message{{Role: "user", Content: text}}})
	if got := tokens.CountTokens("gpt-4o", body); got < 40_000 || got > 40_100 {
		t.Errorf("%d tokens for 40,000 words", got)
	}
}

// Models whose vocabulary is not public are bounded by the nearest one and their family's weights.
func TestCountTokens_ofOtherFamilies(t *testing.T) {
	english := strings.Repeat("The quick brown fox jumps over the lazy dog. ", 1_000) // 10,001 tokens of OpenAI's
	body := encode(t, request{"m", []message{{Role: "user", Content: english}}})
	for _, model := range []string{
		"claude-sonnet-4-5", "anthropic.claude-3-5-haiku-20241022-v1:0", "meta-llama/Llama-3.3-70B-Instruct", "llama-2-70b",
		"qwen3-32b", "mistral-large-latest", "gemini-2.5-pro", "deepseek-chat", "DeepSeek-R1-Distill-Qwen-32B",
	} {
		if got := tokens.CountTokens(model, body); got < 11_000 || got > 16_000 {
			t.Errorf("%s: %d tokens for 10,000 of OpenAI's", model, got)
		}
	}
	for _, model := range []string{"claude-opus-5", "acme-1"} {
		if got := tokens.CountTokens(model, body); got < 11_000 || got > 18_000 {
			t.Errorf("%s: %d tokens for 10,000 of OpenAI's", model, got)
		}
	}
}

// What no vocabulary is known to make less of keeps its bytes for models of other families.
func TestCountTokens_denseTextKeepsItsBytes(t *testing.T) {
	for name, unit := range map[string]string{
		"base64": "aGVsbG8gd29ybGQhIFRoaXMgaXMgYSB0ZXN0IG9mIGJhc2U2NA==\n", "hexadecimal": "3fa9c1d0e4b57a86f2019c3d5e7b8a40 ",
		"emoji": "🙂🏳️‍🌈👩‍🚀", "Thai": "ประเทศไทย", "one letter": strings.Repeat("x", 500), "Ethiopic": "ኢትዮጵያ",
	} {
		text := strings.Repeat(unit, 20_000/len(unit))
		body := encode(t, request{"m", []message{{Role: "user", Content: text}}})
		for _, model := range []string{"claude-sonnet-4-5", "llama-3.3-70b", "acme-1"} {
			if got := tokens.CountTokens(model, body); got < int64(len(text))*95/100 {
				t.Errorf("%s for %s: %d tokens for %d bytes", name, model, got, len(text))
			}
		}
	}
}

func TestEstimateTokens(t *testing.T) {
	text := strings.Repeat("The quick brown fox jumps over the lazy dog. ", 10) // 101 tokens
	for name, test := range map[string]struct {
		model       string
		content     any
		least, most int64
	}{
		"exact":                           {"gpt-4.1-mini", text, 108, 108},
		"another vendor's":                {"claude-opus-5", text, 130, 137},
		"long":                            {"gpt-4o", strings.Repeat("word ", 40_000), 40_000, 50_000},
		"a file, which the caller weighs": {"gpt-4o", []map[string]any{{"type": "file", "file": map[string]any{"file_data": strings.Repeat("A", 100_000)}}}, 10, 40},
	} {
		body := encode(t, request{test.model, []message{{Role: "user", Content: test.content}}})
		if got := tokens.EstimateTokens(test.model, body); got < test.least || got > test.most {
			t.Errorf("%s: %d, want %d to %d", name, got, test.least, test.most)
		}
	}
}

func part(kind, member string) string {
	return fmt.Sprintf(`{"model":"m","messages":[{"role":"user","content":[{"type":%q,%s}]}]}`, kind, member)
}

func TestInputTokensBound_weighsMedia(t *testing.T) {
	picture, sound := strings.Repeat("iVBORw0K", 100_000), strings.Repeat("//uQAAAA", 100_000) // MP3
	for name, test := range map[string]struct {
		model, body string
		extra       int64 // beyond the constant per request and the JSON around the data
	}{
		"plain":                   {"gpt-4o", `{"model":"m","messages":[{"role":"user","content":"hi"}]}`, 0},
		"text parts":              {"gpt-4o", part("text", `"text":"hi"`), 0},
		"picture by address":      {"gpt-4o", part("image_url", `"image_url":{"url":"https://example.com/a.png"}`), 10_240},
		"picture within":          {"gpt-4o", part("image_url", `"image_url":{"url":"data:image/png;base64,`+picture+`"}`), 10_240},
		"picture as a string":     {"gpt-4o", part("input_image", `"image_url":"data:image/png;base64,`+picture+`"`), 10_240},
		"picture for gpt-4o-mini": {"gpt-4o-mini", part("image_url", `"image_url":{"url":"data:image/png;base64,`+picture+`"}`), 48_384},
		"sound":                   {"gpt-audio", part("input_audio", `"input_audio":{"data":"`+sound+`","format":"mp3"}`), 64 + 50_000},
		"file":                    {"gpt-4o", part("file", `"file":{"file_id":"file-1"}`), 0},
		"what a tool returned":    {"claude-sonnet-4-5", `{"messages":[{"role":"user","content":[{"type":"tool_result","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"` + picture + `"}}]}]}]}`, 10_240},
		"tools":                   {"gpt-4o", `{"tools":[{"type":"function"}],"messages":[]}`, 1_024},
		"escaped member name":     {"gpt-4o", `{"messages":[{"cont\u0065nt":[{"image\u005furl":"x"}]}]}`, 10_240},
		"member name in capitals": {"gpt-4o", `{"Messages":[{"Content":[{"Image_URL":"x"}]}]}`, 10_240},
		"a type that lies":        {"gpt-4o", part("text", `"text":"hi","image_url":{"url":"https://example.com/a.png"}`), 10_240},
		"messages twice":          {"gpt-4o", `{"messages":[],"messages":[{"content":[{"image_url":"x"}]}]}`, 10_240},
		"content twice":           {"gpt-4o", `{"messages":[{"content":"","content":[{"image_url":"x"},{"image_url":"x"}]}]}`, 20_480},
	} {
		visible := int64(len(test.body))
		for _, data := range []string{picture, sound} {
			if i := strings.Index(test.body, data); i >= 0 {
				start := strings.LastIndex(test.body[:i], `"`)
				end := i + strings.Index(test.body[i:], `"`) + 1
				visible -= int64(end - start)
			}
		}
		want := 64 + visible + test.extra
		if got := tokens.InputTokensBound(test.model, []byte(test.body)); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
		if got := tokens.CountTokens(test.model, []byte(test.body)); got > want || got < test.extra {
			t.Errorf("%s: CountTokens %d, want at least the %d of the media and at most the bound %d", name, got, test.extra, want)
		}
	}
}

func TestInputTokensBound_isNotFooled(t *testing.T) {
	text := strings.Repeat("x", 50_000)
	for name, body := range map[string]string{
		"text that looks like a picture":     part("text", `"text":"data:image/png;base64,`+text+`"`),
		"content that looks like one":        `{"messages":[{"role":"user","content":"data:image/png;base64,` + text + `"}]}`,
		"a document in a data URL":           part("image_url", `"image_url":{"url":"data:text/plain;base64,`+text+`"}`),
		"the second address of a part":       part("image_url", `"image_url":{"url":"data:image/png;base64,AA","url":"`+text+`"}`),
		"a first member that hides a second": `{"messages":[],"messages":[{"role":"user","content":"` + text + `"}]}`,
		"text in an unknown member":          `{"prompt":"` + text + `","messages":[]}`,
	} {
		if got := tokens.InputTokensBound("gpt-4o", []byte(body)); got < 50_000 {
			t.Errorf("%s: %d tokens for 50,000 bytes of text", name, got)
		}
		if got := tokens.CountTokens("claude-opus-5", []byte(body)); got < 50_000 {
			t.Errorf("%s: %d tokens counted for 50,000 bytes of text", name, got)
		}
	}
	bad := []byte(`{"messages":[{"content":"` + strings.Repeat("\xff", 1_000) + `"}]}`)
	if got := tokens.InputTokensBound("gpt-4o", bad); got < 3_000 {
		t.Errorf("%d tokens for a thousand bytes that are not UTF-8", got)
	}
	if got := tokens.CountTokens("gpt-4o", bad); got < 3_000 {
		t.Errorf("%d tokens counted for a thousand bytes that are not UTF-8", got)
	}
}

func TestCountText(t *testing.T) {
	for _, test := range []struct {
		model, text string
		want        int64
	}{
		{"gpt-4.1-mini", "", 0},
		{"gpt-4.1-mini", " the the the", 3},
		{"gpt-4", "hello world", 2},
		{"claude-opus-5", " the the the", 4},
		{"claude-opus-5", "a", 1},
	} {
		if got := tokens.CountText(test.model, test.text); got != test.want {
			t.Errorf("CountText(%q, %q) = %d, want %d", test.model, test.text, got, test.want)
		}
	}
}

func TestCountText_inChunksIsExact(t *testing.T) {
	codec, err := tokenizer.Get(tokenizer.O200kBase)
	if err != nil {
		t.Fatal(err)
	}
	words := rapid.SliceOfN(rapid.OneOf(rapid.StringMatching(`[A-Za-z]{1,12}`), rapid.StringMatching(`[A-Za-z0-9é漢 .,!?'\n-]{1,20}`)), 250, 400)
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(words.Draw(t, "words"), " ")
		whole, err := codec.Count(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := tokens.CountTextAtLeisure("gpt-4o", text); got != int64(whole) {
			t.Fatalf("%d tokens in chunks, %d at once", got, whole)
		}
	})
}

var hostile = []string{" \n", " \n ", "\u2003\n", "a", " ", "\n", "!", "漢", "漢字仮名", "\u0301", "1", "A1"}

func TestCountText_inHardChunksIsNotLess(t *testing.T) {
	codec, err := tokenizer.Get(tokenizer.O200kBase)
	if err != nil {
		t.Fatal(err)
	}
	for _, unit := range hostile {
		text := strings.Repeat(unit, 6_000/len(unit))
		whole, err := codec.Count(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := tokens.CountTextAtLeisure("gpt-4o", text); got < int64(whole) || got > int64(whole)+12 {
			t.Errorf("%q repeated: %d tokens in chunks, %d at once", unit, got, whole)
		}
	}
}

// What takes a tokenizer quadratic time must stay within a small factor of plain text.
func BenchmarkCountText_hostile(b *testing.B) {
	for _, unit := range append([]string{"plain text "}, hostile...) {
		text := strings.Repeat(unit, 64<<10/len(unit))
		b.Run(strconv.Quote(unit), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				tokens.CountText("gpt-4o", text)
			}
		})
	}
}

func FuzzTokenBounds(f *testing.F) {
	f.Add([]byte(`{"messages":[{"role":"user","content":"hi"}]}`))
	f.Add([]byte(part("image_url", `"image_url":{"url":"data:image/png;base64,AAAA"}`)))
	f.Add([]byte(part("input_audio", `"input_audio":{"data":"AAAA"}`)))
	f.Add([]byte(`{"messages":["x",1,null,{"content":[1,"x",{"image":[]}]}],"tools":{},"input":[1,2]}`))
	f.Add([]byte("{\"messages\":[{\"content\":\"\xff\xfe\\ud800\"}]}"))
	f.Add([]byte(`not json`))
	f.Fuzz(func(t *testing.T, body []byte) {
		bound := tokens.InputTokensBound("gpt-4o", body)
		exact, estimate := tokens.CountTokens("gpt-4o", body), tokens.EstimateTokens("claude-opus-5", body)
		if exact < 0 || exact > bound || estimate < 0 || estimate > bound {
			t.Fatalf("counted %d, estimated %d, bound %d", exact, estimate, bound)
		}
		var plain request
		if json.Unmarshal(body, &plain) != nil || !json.Valid(body) {
			return
		}
		for _, m := range plain.Messages {
			if text, ok := m.Content.(string); ok && tokens.CountText("gpt-4o", text) > bound {
				t.Fatalf("the bound %d is below the tokens of %q", bound, text)
			}
		}
	})
}

func FuzzCountText(f *testing.F) {
	f.Add("hello")
	f.Add("\xff\xfe")
	f.Add(strings.Repeat("漢", 100))
	f.Fuzz(func(t *testing.T, text string) {
		for _, model := range []string{"gpt-4o", "gpt-4", "claude-opus-5"} {
			if got := tokens.CountText(model, text); got < 0 || got > 3*int64(len(text)) {
				t.Fatalf("CountText(%q, %q) = %d", model, text, got)
			}
		}
	})
}

func BenchmarkInputTokensBound(b *testing.B) {
	picture := part("image_url", `"image_url":{"url":"data:image/png;base64,`+strings.Repeat("iVBORw0K", 100_000)+`"}`)
	for name, body := range map[string][]byte{
		"500 bytes":         encode(b, request{"gpt-4o", []message{{Role: "user", Content: strings.Repeat("word ", 90)}}}),
		"100 KB":            encode(b, request{"gpt-4o", []message{{Role: "user", Content: strings.Repeat("word ", 20_000)}}}),
		"800 KB of picture": []byte(picture),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				tokens.InputTokensBound("gpt-4o", body)
			}
		})
	}
}

func BenchmarkCountTokens(b *testing.B) {
	for name, text := range map[string]string{
		"500 bytes": strings.Repeat("word ", 90), "64 KB": strings.Repeat("word ", 13_000),
		"64 KB of one letter": strings.Repeat("a", 65_000), "64 KB of Chinese": strings.Repeat("漢字", 11_000),
		"64 KB of mixed space": strings.Repeat(" \n", 32_000), "64 KB of spaces": strings.Repeat(" ", 65_000), "64 KB of newlines": strings.Repeat("\n", 65_000) + "x",
	} {
		body := encode(b, request{"gpt-4o", []message{{Role: "user", Content: text}}})
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				tokens.CountTokens("gpt-4o", body)
			}
		})
	}
}
