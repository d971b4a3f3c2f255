// Package pricing knows what models cost and how many tokens a request may use.
//
// It promises that costs are whole nano-dollars rounded up once per request, and that an
// upper bound is never below the cost of what stayed within it. It must never know of teams,
// limits or HTTP: it is arithmetic on token counts and on the text of a prompt.
package pricing

import (
	"math/bits"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const perMillion = 1_000_000

// Rates are prices of single tokens, each as nano-USD per million tokens. All of them are
// set: a kind of token that a vendor does not price apart costs what its nearest relative does.
type Rates struct {
	Input        money.Nano
	CachedInput  money.Nano
	CacheWrite   money.Nano
	CacheWrite1h money.Nano
	AudioInput   money.Nano
	Output       money.Nano
	Reasoning    money.Nano
	AudioOutput  money.Nano
}

// Price is what a model costs. The zero Price is free.
type Price struct {
	Rates
	// TierAbove is the number of prompt tokens above which Tier prices the whole request,
	// not only what exceeds it; 0 is never.
	TierAbove int64
	Tier      Rates
	// Version names this price in ledger rows, so that history survives price changes.
	Version string
}

// Usage is what a request used. The parts of the prompt and of the completion are counted
// within PromptTokens and CompletionTokens, as OpenAI reports them.
type Usage struct {
	PromptTokens       int64
	CachedTokens       int64
	CacheWriteTokens   int64
	CacheWrite1hTokens int64
	AudioInputTokens   int64

	CompletionTokens  int64
	ReasoningTokens   int64
	AudioOutputTokens int64
}

// Cost is what the usage costs, rounded up to the nano-dollar once, and [money.Max] at most.
//
// Negative counts are read as zero. Parts that exceed their whole are cut to it, the rarer and
// dearer kinds first: an upstream that contradicts itself is never booked below its own figures.
func (p Price) Cost(u Usage) money.Nano {
	rates := &p.Rates
	if p.TierAbove > 0 && u.PromptTokens > p.TierAbove {
		rates = &p.Tier
	}
	var sum product
	prompt := max(u.PromptTokens, 0)
	prompt = sum.add(prompt, u.CacheWrite1hTokens, rates.CacheWrite1h)
	prompt = sum.add(prompt, u.CacheWriteTokens, rates.CacheWrite)
	prompt = sum.add(prompt, u.AudioInputTokens, rates.AudioInput)
	prompt = sum.add(prompt, u.CachedTokens, rates.CachedInput)
	sum.add(prompt, prompt, rates.Input)
	completion := max(u.CompletionTokens, 0)
	completion = sum.add(completion, u.AudioOutputTokens, rates.AudioOutput)
	completion = sum.add(completion, u.ReasoningTokens, rates.Reasoning)
	sum.add(completion, completion, rates.Output)
	return sum.dollars()
}

// InputBound is the most that a prompt of at most this many tokens can cost, whatever they are.
func (p Price) InputBound(tokens int64) money.Nano {
	dearest := p.dearest(tokens, Rates.dearestInput)
	var sum product
	sum.add(max(tokens, 0), tokens, dearest)
	return sum.dollars()
}

// OutputTokenBound is the most that one completion token can cost after a prompt of at most
// this many tokens, rounded up to the nano-dollar.
func (p Price) OutputTokenBound(promptTokens int64) money.Nano {
	var sum product
	sum.add(1, 1, p.dearest(promptTokens, Rates.dearestOutput))
	return sum.dollars()
}

// dearest looks at both tiers unless the prompt is too short for the second one.
func (p Price) dearest(promptTokens int64, pick func(Rates) money.Nano) money.Nano {
	dearest := pick(p.Rates)
	if p.TierAbove > 0 && promptTokens > p.TierAbove {
		dearest = max(dearest, pick(p.Tier))
	}
	return dearest
}

func (r Rates) dearestInput() money.Nano {
	return max(r.Input, r.CachedInput, r.CacheWrite, r.CacheWrite1h, r.AudioInput)
}

func (r Rates) dearestOutput() money.Nano {
	return max(r.Output, r.Reasoning, r.AudioOutput)
}

// product is a sum of tokens × price in 128 bits. Eight products of an int64 and a price of at
// most 2⁵³ stay below 2¹²⁰.
type product struct{ hi, lo uint64 }

// add charges the tokens that are still left of a whole and returns what remains of it.
func (s *product) add(left, tokens int64, rate money.Nano) (rest int64) {
	tokens = min(max(tokens, 0), left)
	hi, lo := bits.Mul64(uint64(tokens), uint64(rate))
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, lo, 0)
	s.hi, _ = bits.Add64(s.hi, hi, carry)
	return left - tokens
}

// dollars divides by a million, rounding up.
func (s *product) dollars() money.Nano {
	lo, carry := bits.Add64(s.lo, perMillion-1, 0)
	hi := s.hi + carry
	if hi >= perMillion {
		return money.Max
	}
	quotient, _ := bits.Div64(hi, lo, perMillion)
	return money.Nano(min(quotient, uint64(money.Max)))
}
