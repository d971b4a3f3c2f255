package pricing

import "github.com/bursarhq/terraform-provider-bursar/internal/money"

// Bound is the most that a request can cost: Input, and OutputToken for each token of its completion.
type Bound struct {
	// Input is for everything but the completion: the prompt, and what is charged by the piece.
	Input money.Nano
	// OutputToken is for one token of the completion, rounded up to the nano-dollar.
	OutputToken money.Nano
}

// Bound is the most that a request can cost that stays within a usage: that has no more prompt
// tokens, of whatever kinds, no more pictures, seconds, characters and searches. Its completion
// and the parts of its prompt are not read. Sizes and qualities that it leaves open are the
// dearest, and Service is the tier asked for: whatever may serve it then is covered.
func (p Price) Bound(most Usage) Bound {
	var input, output money.Nano
	for _, plan := range p.plansFor(most.Service) {
		if plan == nil {
			continue
		}
		input = max(input, plan.dearest(most.PromptTokens, (*Rates).dearestInput))
		output = max(output, plan.dearest(most.PromptTokens, (*Rates).dearestOutput))
	}
	var fixed, token total
	prompt := max(most.PromptTokens, 0)
	fixed.part(prompt, prompt, input)
	fixed.pieces(1, p.Request)
	if most.Images > 0 {
		fixed.pieces(most.Images, p.imageWithin(most.ImageSize, most.ImageQuality))
	}
	fixed.pieces(most.Searches, p.Search.within(most.SearchContext))
	fixed.characters(most.Characters, p.Characters)
	fixed.seconds(most.AudioSeconds, p.AudioHour)
	token.part(1, 1, output)
	return Bound{Input: p.mostOf(fixed.rounded()), OutputToken: p.mostOf(token.rounded())}
}

// imageWithin is the most that a picture costs whose size or quality may be left open.
func (p *Price) imageWithin(size, quality string) money.Nano {
	if !open(size) && !open(quality) {
		return p.image(size, quality)
	}
	var dearest money.Nano
	for _, listed := range p.Images {
		dearest = max(dearest, listed.Each)
	}
	return dearest
}

// within is the most that a search costs that was asked for with a context, or with none.
func (s SearchPrice) within(context string) money.Nano {
	if context == "" {
		return s.dearest()
	}
	return s.at(context)
}

// dearest looks at all the rates that a prompt of at most so many tokens can be charged at.
func (p *Plan) dearest(promptTokens int64, pick func(*Rates) money.Nano) money.Nano {
	dearest := pick(&p.Rates)
	for i := range p.Tiers {
		if promptTokens > p.Tiers[i].Above {
			dearest = max(dearest, pick(&p.Tiers[i].Rates))
		}
	}
	return dearest
}

func (r *Rates) dearestInput() money.Nano {
	return max(r.Input, r.CachedInput, r.CacheWrite, r.CacheWrite1h, r.AudioInput, r.ImageInput)
}

func (r *Rates) dearestOutput() money.Nano {
	return max(r.Output, r.Reasoning, r.AudioOutput, r.ImageOutput)
}
