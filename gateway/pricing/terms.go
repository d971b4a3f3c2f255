package pricing

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Terms are a price as people state it, in US dollars per million tokens, such as in
// gateway.yaml. Nil is not stated, zero is free.
type Terms struct {
	// Input and Output are required.
	Input  *money.Nano
	Output *money.Nano
	// CachedInput, CacheWrite and AudioInput are Input if nil, CacheWrite1h is CacheWrite.
	CachedInput  *money.Nano
	CacheWrite   *money.Nano
	CacheWrite1h *money.Nano
	AudioInput   *money.Nano
	// Reasoning and AudioOutput are Output if nil.
	Reasoning   *money.Nano
	AudioOutput *money.Nano
}

// Price turns terms into a price that [Price.Version] names by its content: the same terms
// have the same version on every gateway. The error names the term that is wrong.
func (t Terms) Price() (Price, error) {
	rates, err := t.rates()
	if err != nil {
		return Price{}, err
	}
	sum := sha256.Sum256(fmt.Append(nil, rates))
	return Price{Rates: rates, Version: "config:" + hex.EncodeToString(sum[:4])}, nil
}

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
		Output:      *t.Output,
		Reasoning:   either(t.Reasoning, *t.Output),
		AudioOutput: either(t.AudioOutput, *t.Output),
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

func (r Rates) check() error {
	for _, rate := range []struct {
		name string
		rate money.Nano
	}{
		{"input", r.Input},
		{"cached input", r.CachedInput},
		{"cache write", r.CacheWrite},
		{"one-hour cache write", r.CacheWrite1h},
		{"audio input", r.AudioInput},
		{"output", r.Output},
		{"reasoning", r.Reasoning},
		{"audio output", r.AudioOutput},
	} {
		if rate.rate < 0 || rate.rate > money.Max {
			return fmt.Errorf("the %s price of %s US dollars per million tokens is not between 0 and %s", rate.name, rate.rate, money.Max)
		}
	}
	return nil
}
