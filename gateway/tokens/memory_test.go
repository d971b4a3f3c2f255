package tokens_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/gateway/tokens"
)

// turns is an agent's conversation: each call repeats all that was said before.
func turns(t testing.TB, n int) []byte {
	messages := []message{{Role: "system", Content: strings.Repeat("You are careful and brief. ", 200)}}
	for i := range n {
		messages = append(messages,
			message{Role: "assistant", Content: fmt.Sprintf("I shall read part %d now.", i)},
			message{Role: "user", Content: strings.Repeat(fmt.Sprintf("func f%d(a, b int) (sum%d int, err error) { return a*%d + b, nil }\n", i, i, i), 100)})
	}
	return encode(t, request{"gpt-4.1-mini", messages})
}

// What is remembered weighs what it weighed before, also for OpenAI's models, which are counted exactly.
func TestMemory_changesNoCount(t *testing.T) {
	memory := tokens.NewMemory(100)
	drawLong := rapid.Custom(func(t *rapid.T) string {
		unit := rapid.SampledFrom([]string{
			"The quick brown fox. ", "words", "漢字仮名。", " \n", "    \n\t", "a", "Привет, мир! ", "{\"id\": 1234567, \"b\": [true, null]},\n",
			"aGVsbG8gd29ybGQhIFRoaXMgaXMgYSB0ZXN0", "🙂🏳️‍🌈", "x = foo(bar, 'baz')\n", "it's ", "1234567890", "\n\n\n", "é", "ﷺ ",
		}).Draw(t, "unit")
		return strings.Repeat(unit, rapid.IntRange(1, 12_000/len(unit)).Draw(t, "times"))
	})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(drawLong, 1, 3).Draw(t, "texts"), "")
		more := text + drawLong.Draw(t, "more")
		for _, model := range []string{"gpt-4o", "gpt-4", "claude-opus-5"} {
			for _, content := range []string{text, more, text} {
				body := encode(t, request{model, []message{{Role: "user", Content: content}}})
				if got, want := memory.WeighAtLeisure("a", model, body), (*tokens.Memory)(nil).WeighAtLeisure("a", model, body); got != want {
					t.Fatalf("%s: %+v, without memory %+v", model, got, want)
				}
			}
		}
	})
}

// Nothing that one owner has sent makes a call of another any quicker.
func TestMemory_isItsOwners(t *testing.T) {
	memory := tokens.NewMemory(10_000)
	body := turns(t, 20)
	memory.Weigh("a", "gpt-4.1-mini", body)
	blocks := memory.Len()
	if blocks < 20 {
		t.Fatalf("%d blocks are remembered of 20 turns", blocks)
	}
	memory.Weigh("a", "gpt-4.1-mini", body)
	if got := memory.Len(); got != blocks {
		t.Errorf("the same again: %d blocks, not %d", got, blocks)
	}
	memory.Weigh("b", "gpt-4.1-mini", body)
	if got := memory.Len(); got != 2*blocks {
		t.Errorf("another owner: %d blocks, want %d", got, 2*blocks)
	}
	memory.Weigh("a", "gpt-4", body) // another vocabulary
	if got := memory.Len(); got != 3*blocks {
		t.Errorf("another vocabulary: %d blocks, want %d", got, 3*blocks)
	}
}

// A conversation that goes on costs its new end.
func TestMemory_onlyTheEndIsNew(t *testing.T) {
	memory := tokens.NewMemory(10_000)
	memory.Weigh("a", "claude-opus-5", turns(t, 50))
	before := memory.Len()
	memory.Weigh("a", "claude-opus-5", turns(t, 51))
	if got := memory.Len() - before; got < 1 || got > 3 {
		t.Errorf("%d blocks are new in the turn after 50", got)
	}
}

func TestMemory_isBounded(t *testing.T) {
	memory := tokens.NewMemory(64)
	kept := turns(t, 3)
	for i := range 100 {
		memory.Weigh(fmt.Sprint("owner ", i), "gpt-4o", turns(t, 5))
		memory.Weigh("kept", "gpt-4o", kept)
		if got := memory.Len(); got > 64 {
			t.Fatalf("%d blocks", got)
		}
	}
}

// An agent's long prompt, the first time and when it goes on.
func BenchmarkMemory(b *testing.B) {
	body, next := turns(b, 80), turns(b, 81)
	b.Run("first", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			tokens.NewMemory(1000).Weigh("a", "claude-opus-5", body)
		}
	})
	b.Run("next", func(b *testing.B) {
		memory := tokens.NewMemory(10_000)
		for range 20 { // until all of it was counted within the time for one call
			memory.Weigh("a", "claude-opus-5", body)
		}
		b.SetBytes(int64(len(next)))
		for b.Loop() {
			memory.Weigh("a", "claude-opus-5", next)
		}
	})
}
