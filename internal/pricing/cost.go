package pricing

import (
	"math/bits"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Cost is what the usage costs, and [money.Max] at most: what the provider says that it cost where the price
// believes it, and else, or at most a multiple of it, what the list makes of it.
func (p Price) Cost(u Usage) money.Nano {
	listed := p.listed(u)
	if p.Believed == 0 || u.Cost <= 0 {
		return listed
	}
	return min(u.Cost, p.mostOf(listed))
}

// listed is what the list makes of the usage, rounded up to the nano-dollar once, and [money.Max] at most.
//
// Negative counts are read as zero. Parts that exceed their whole are cut to it: what was written
// to a cache first, then what was read from one. Sound and pictures may be among those, so they are
// charged apart only as far as the rest of the prompt goes.
func (p Price) listed(u Usage) money.Nano {
	rates := p.plan(u.Service).at(u.readAtOnce())
	var sum total
	sum.prompt(u, rates)
	completion := max(u.CompletionTokens, 0)
	completion = sum.part(completion, u.AudioOutputTokens, rates.AudioOutput)
	completion = sum.part(completion, u.ImageOutputTokens, rates.ImageOutput)
	completion = sum.part(completion, u.ReasoningTokens, rates.Reasoning)
	sum.part(completion, completion, rates.Output)

	sum.pieces(1, p.Request)
	if u.Images > 0 {
		sum.pieces(u.Images, p.image(u.ImageSize, u.ImageQuality))
	}
	sum.pieces(u.Searches, p.Search.at(u.SearchContext))
	sum.characters(u.Characters, p.Characters)
	sum.seconds(u.AudioSeconds, p.AudioHour)
	return sum.rounded()
}

// readAtOnce is the size of the prompt that decides which prices hold.
func (u *Usage) readAtOnce() int64 {
	if u.LargestPrompt > 0 {
		return min(u.LargestPrompt, u.PromptTokens)
	}
	return u.PromptTokens
}

// prompt charges a prompt, whose kinds overlap: a token from a cache may also be of a picture.
func (s *total) prompt(u Usage, rates *Rates) {
	whole := max(u.PromptTokens, 0)
	left := s.part(whole, u.CacheWrite1hTokens, rates.CacheWrite1h)
	left = s.part(left, u.CacheWriteTokens, rates.CacheWrite)
	discounted := rates.CachedInput < rates.Input
	if discounted {
		left = s.part(left, u.CachedTokens, rates.CachedInput)
	}
	sound := kindOfInput{u.AudioInputTokens, rates.AudioInput}
	pictures := kindOfInput{u.ImageInputTokens, rates.ImageInput}
	if pictures.rate > sound.rate {
		sound, pictures = pictures, sound
	}
	cached := whole - left
	left = s.part(left, sound.within(cached, rates.Input), sound.rate)
	left = s.part(left, pictures.within(cached, rates.Input), pictures.rate)
	if !discounted { // then the kind decides, and being read from a cache changes nothing for sound and pictures
		left = s.part(left, u.CachedTokens, rates.CachedInput)
	}
	s.part(left, left, rates.Input)
}

// kindOfInput is how many tokens of one kind a prompt has, and what one of them costs.
type kindOfInput struct {
	tokens int64
	rate   money.Nano
}

// within is how many of them are charged apart when so many tokens of the prompt were cached. A
// dearer kind may be all of the rest; of a cheaper one only those count that cannot be cached.
func (k kindOfInput) within(cached int64, input money.Nano) int64 {
	if k.rate >= input {
		return k.tokens
	}
	return max(k.tokens, 0) - min(cached, max(k.tokens, 0))
}

// at returns the rates for a prompt of so many tokens.
func (p *Plan) at(promptTokens int64) *Rates {
	rates := &p.Rates
	for i := range p.Tiers {
		if promptTokens <= p.Tiers[i].Above {
			break
		}
		rates = &p.Tiers[i].Rates
	}
	return rates
}

// image is the price of a picture. A size or quality that nobody named, or that the list does
// not have, costs as the dearest that it could be.
func (p *Price) image(size, quality string) money.Nano {
	var fitting, dearest money.Nano
	fits := false
	for _, listed := range p.Images {
		dearest = max(dearest, listed.Each)
		if listed.Size == size && listed.Quality == quality {
			return listed.Each
		}
		if agree(listed.Size, size) && agree(listed.Quality, quality) {
			fitting, fits = max(fitting, listed.Each), true
		}
	}
	if fits {
		return fitting
	}
	return dearest
}

// agree: either side leaves it open, or both say the same.
func agree(listed, asked string) bool {
	return listed == "" || open(asked) || listed == asked
}

// open: the vendor chooses.
func open(asked string) bool { return asked == "" || asked == "auto" }

func (s SearchPrice) at(context string) money.Nano {
	switch context {
	case "", "medium":
		return s.Medium
	case "low":
		return s.Low
	case "high":
		return s.High
	default:
		return s.dearest()
	}
}

func (s SearchPrice) dearest() money.Nano { return max(s.Low, s.Medium, s.High) }

// total is a sum of counts × prices in 128 bits, in parts of 1/9,000,000 nano-USD: the least
// that a million tokens and the 3,600 seconds of an hour both divide.
//
// Tokens are below 2⁶³ for the prompt and for the completion, prices at most 2⁵³, so they make
// less than 2¹²¹ together; pieces and seconds are cut to 2³² and add less than 2¹¹².
type total struct{ hi, lo uint64 }

const (
	totalUnit  = 9_000_000
	perMillion = 9         // what a price per million weighs in a total
	perHour    = 2_500     // what a price per hour, charged by the second, weighs
	perPiece   = totalUnit // what a price of one piece weighs
	mostPieces = 1 << 32
)

// part charges the tokens that are still left of a whole and returns what remains of it.
func (s *total) part(left, tokens int64, rate money.Nano) (rest int64) {
	tokens = min(max(tokens, 0), left)
	s.add(tokens, rate, perMillion)
	return left - tokens
}

func (s *total) pieces(count int64, each money.Nano) {
	s.add(min(max(count, 0), mostPieces), each, perPiece)
}

func (s *total) seconds(count int64, hour money.Nano) {
	s.add(min(max(count, 0), mostPieces), hour, perHour)
}

func (s *total) characters(count int64, million money.Nano) {
	s.add(min(max(count, 0), mostPieces), million, perMillion)
}

func (s *total) add(count int64, price money.Nano, weight uint64) {
	hi, lo := bits.Mul64(uint64(count), uint64(price))
	carry, lo := bits.Mul64(lo, weight)
	hi = hi*weight + carry
	s.lo, carry = bits.Add64(s.lo, lo, 0)
	s.hi, _ = bits.Add64(s.hi, hi, carry)
}

// rounded is the total in nano-USD, rounded up.
func (s *total) rounded() money.Nano {
	lo, carry := bits.Add64(s.lo, totalUnit-1, 0)
	hi := s.hi + carry
	if hi >= totalUnit {
		return money.Max
	}
	quotient, _ := bits.Div64(hi, lo, totalUnit)
	return money.Nano(min(quotient, uint64(money.Max)))
}
