package proxy

import (
	"cmp"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// How much output a caller gets who names no cap. An answer is cut by a limit only when the limit is really used up.
const (
	// DefaultMinOutputTokens is the least that such a caller gets where limits have room.
	DefaultMinOutputTokens = 4_096
	// restOutput is the least where what is used for good leaves less than that.
	restOutput = 1_024
	// idleOutput is the least under a limit that is so small that it leaves less even when nothing is used.
	idleOutput = 256
)

// minOutput is the least that one choice of the call gets where limits have room: the team's setting, else the
// model's, else the gateway's, and never more than the model can say.
func (p *Proxy) minOutput(c *call) int64 {
	var own, team int64
	for _, deployment := range c.served.Deployments {
		own = max(own, deployment.MinOutputTokens)
	}
	if t := c.subject.Team; t != nil && t.MinOutputTokens != nil {
		team = *t.MinOutputTokens
	}
	return min(cmp.Or(team, own, p.MinOutputTokens, DefaultMinOutputTokens), c.bounds.maxOutput)
}

// outputRange is the usual least and the most that one choice is given.
func (p *Proxy) outputRange(c *call) (least, most int64) {
	switch {
	case !c.endpoint.capped && c.bounds.outputTokenCost > 0:
		return c.Unbounded, c.Unbounded
	case !c.endpoint.capped:
		return 0, 0
	case c.ClientCap > 0:
		most = min(c.bounds.maxOutput, c.ClientCap)
		return most, most
	default:
		return p.minOutput(c), c.bounds.maxOutput
	}
}

// askOutput asks for as much output as the call wants. A caller who named no cap is content with less where limits
// are used up or small, but not on the word of a loose bound of the prompt.
func (p *Proxy) askOutput(c *call, request *quota.Request, exact bool) {
	least, most := p.outputRange(c)
	request.OutputTokens, request.MinOutputTokens = most*c.Choices, least*c.Choices
	if c.flexible() && exact {
		request.RestOutputTokens, request.IdleOutputTokens = restOutput*c.Choices, idleOutput*c.Choices
	}
}

// flexible says whether the gateway chooses the output cap.
func (c *call) flexible() bool { return c.endpoint.capped && c.ClientCap == 0 }

// inputMatters says whether a tighter count of the prompt could change the answer: every limit that refused would
// have room for the least output alone, at the latest when others have settled. Nobody is told that a prompt is too
// large before it was counted.
func (c *call) inputMatters(decision quota.Decision, request quota.Request) bool {
	least := request.MinOutputTokens
	if c.flexible() {
		least = min(least, idleOutput*c.Choices)
	}
	if slices.ContainsFunc(decision.Denials, func(d quota.Denial) bool { return d.TooLarge && d.Limit > least }) {
		return true
	}
	for _, denial := range decision.Denials {
		switch denial.Kind {
		case quota.KindTokens:
			if denial.Settled+least >= denial.Limit {
				return false
			}
		case quota.KindBudget:
			if denial.Settled+int64(money.Nano(least)*request.OutputTokenCost) >= denial.Limit {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// contended says whether only what calls under way have reserved keeps the request out: they will settle for less in
// a moment, and a refusal now would be wrong a second later. Parallel requests are meant to be refused at once.
func contended(decision quota.Decision) bool {
	for _, denial := range decision.Denials {
		if !denial.Held || denial.Kind == quota.KindParallel {
			return false
		}
	}
	return len(decision.Denials) > 0
}
