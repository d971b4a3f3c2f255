package pricing

import (
	"errors"
	"fmt"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Terms are prices of tokens as people state them, in US dollars per million tokens, such as in
// gateway.yaml. Nil is not stated, zero is free.
type Terms struct {
	// Input and Output are required, unless what is used is charged by the piece.
	Input  *money.Nano
	Output *money.Nano
	// CachedInput, CacheWrite, AudioInput and ImageInput are Input if nil, CacheWrite1h is CacheWrite.
	CachedInput  *money.Nano
	CacheWrite   *money.Nano
	CacheWrite1h *money.Nano
	AudioInput   *money.Nano
	ImageInput   *money.Nano
	// Reasoning, AudioOutput and ImageOutput are Output if nil.
	Reasoning   *money.Nano
	AudioOutput *money.Nano
	ImageOutput *money.Nano
}

// TierTerms are the terms of a whole request whose prompt has more than Above tokens.
type TierTerms struct {
	Above int64
	Terms
}

// Price turns terms into a price that [Price.Version] names by its content: the same terms
// have the same version on every gateway. The error names the term that is wrong.
func (t Terms) Price() (Price, error) { return List{Terms: t}.Price() }

func (t Terms) rates() (Rates, error) {
	if t.Input == nil {
		return Rates{}, errors.New("the input price is missing")
	}
	if t.Output == nil {
		return Rates{}, errors.New("the output price is missing")
	}
	rates := Rates{
		Input:       *t.Input,
		CachedInput: either(t.CachedInput, *t.Input),
		CacheWrite:  either(t.CacheWrite, *t.Input),
		AudioInput:  either(t.AudioInput, *t.Input),
		ImageInput:  either(t.ImageInput, *t.Input),
		Output:      *t.Output,
		Reasoning:   either(t.Reasoning, *t.Output),
		AudioOutput: either(t.AudioOutput, *t.Output),
		ImageOutput: either(t.ImageOutput, *t.Output),
	}
	rates.CacheWrite1h = either(t.CacheWrite1h, rates.CacheWrite)
	return rates, rates.check()
}

func either(stated *money.Nano, otherwise money.Nano) money.Nano {
	if stated == nil {
		return otherwise
	}
	return *stated
}

// kind is one kind of token: its word in the catalogue, its name in messages, and where it stands.
type kind struct {
	word, name string
	term       func(*Terms) **money.Nano
	rate       func(*Rates) *money.Nano
}

var kinds = []kind{
	{"in", "input", func(t *Terms) **money.Nano { return &t.Input }, func(r *Rates) *money.Nano { return &r.Input }},
	{"cached", "cached input", func(t *Terms) **money.Nano { return &t.CachedInput }, func(r *Rates) *money.Nano { return &r.CachedInput }},
	{"write", "cache write", func(t *Terms) **money.Nano { return &t.CacheWrite }, func(r *Rates) *money.Nano { return &r.CacheWrite }},
	{"write_1h", "one-hour cache write", func(t *Terms) **money.Nano { return &t.CacheWrite1h }, func(r *Rates) *money.Nano { return &r.CacheWrite1h }},
	{"audio_in", "audio input", func(t *Terms) **money.Nano { return &t.AudioInput }, func(r *Rates) *money.Nano { return &r.AudioInput }},
	{"image_in", "image input", func(t *Terms) **money.Nano { return &t.ImageInput }, func(r *Rates) *money.Nano { return &r.ImageInput }},
	{"out", "output", func(t *Terms) **money.Nano { return &t.Output }, func(r *Rates) *money.Nano { return &r.Output }},
	{"reasoning", "reasoning", func(t *Terms) **money.Nano { return &t.Reasoning }, func(r *Rates) *money.Nano { return &r.Reasoning }},
	{"audio_out", "audio output", func(t *Terms) **money.Nano { return &t.AudioOutput }, func(r *Rates) *money.Nano { return &r.AudioOutput }},
	{"image_out", "image output", func(t *Terms) **money.Nano { return &t.ImageOutput }, func(r *Rates) *money.Nano { return &r.ImageOutput }},
}

// over are the terms with what they leave out taken from others.
func (t Terms) over(others Terms) Terms {
	for _, kind := range kinds {
		if term := kind.term(&t); *term == nil {
			*term = *kind.term(&others)
		}
	}
	return t
}

// apart are the terms without those of output that only repeat the price of output.
func (t Terms) apart() Terms {
	for _, term := range []**money.Nano{&t.Reasoning, &t.AudioOutput, &t.ImageOutput} {
		if *term != nil && t.Output != nil && **term == *t.Output {
			*term = nil
		}
	}
	return t
}

// dearer are the dearer of two rates, kind by kind.
func (r Rates) dearer(other Rates) Rates {
	for _, kind := range kinds {
		*kind.rate(&r) = max(*kind.rate(&r), *kind.rate(&other))
	}
	return r
}

func (r Rates) check() error {
	for _, kind := range kinds {
		rate := *kind.rate(&r)
		if err := checkAmount(rate); err != nil {
			return fmt.Errorf("the %s price of %s US dollars per million tokens %w", kind.name, rate, err)
		}
	}
	return nil
}

// checkAmount keeps prices within what a [total] can hold.
func checkAmount(amount money.Nano) error {
	if amount < 0 || amount > money.Max {
		return fmt.Errorf("is not between 0 and %s", money.Max)
	}
	return nil
}
