package proxy

import (
	"math"

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

// minOutput is the least that one choice of the call gets where limits have room: the team's setting, the model's or
// the gateway's, and never more than the model can say.
func (p *Proxy) minOutput(c *call) int64 {
	least := p.MinOutputTokens
	if least == 0 {
		least = DefaultMinOutputTokens
	}
	for _, deployment := range c.served.Deployments {
		if deployment.MinOutputTokens > 0 {
			least = deployment.MinOutputTokens
			break
		}
	}
	if team := c.subject.Team; team != nil && team.MinOutputTokens != nil {
		least = *team.MinOutputTokens
	}
	return min(least, c.bounds.maxOutput)
}

// outputRange is the least and the most that one choice is given.
func (p *Proxy) outputRange(c *call) (least, most int64) {
	switch {
	case !c.endpoint.capped && c.bounds.outputTokenCost > 0:
		return c.unbounded, c.unbounded
	case !c.endpoint.capped:
		return 0, 0
	case c.clientCap > 0:
		most = min(c.bounds.maxOutput, c.clientCap)
		return most, most
	case c.least > 0:
		return min(c.least, c.bounds.maxOutput), c.bounds.maxOutput
	default:
		return p.minOutput(c), c.bounds.maxOutput
	}
}

// flexible says whether the gateway chooses the output cap.
func (c *call) flexible() bool { return c.endpoint.capped && c.clientCap == 0 }

// room is how many tokens of output a limit has room for beside the prompt: now, once the calls under way have used
// nothing, and when nothing is used at all. It is negative where the prompt alone is too much.
type room struct{ now, settled, idle int64 }

// roomOf is false for limits that do not depend on tokens.
func roomOf(denial quota.Denial, request quota.Request) (room, bool) {
	switch denial.Kind {
	case quota.KindTokens:
		left := denial.Limit - request.InputTokens
		return room{left - denial.Used, left - denial.Settled, left}, true
	case quota.KindBudget:
		left := denial.Limit - int64(request.InputCost)
		price := request.OutputTokenCost
		return room{affordable(left-denial.Used, price), affordable(left-denial.Settled, price), affordable(left, price)}, true
	default:
		return room{}, false
	}
}

// affordable is how many tokens of a price an amount in nano-USD pays for.
func affordable(amount int64, price money.Nano) int64 {
	switch {
	case amount < 0:
		return -1
	case price == 0:
		return math.MaxInt64
	default:
		return amount / int64(price)
	}
}

// lowered is the least output to try a refused request with whose caller named no cap; the request's own when that
// would not help. What only others' reservations keep out is not lowered but waits.
func (c *call) lowered(decision quota.Decision, request quota.Request) int64 {
	least := request.MinOutputTokens
	if !c.flexible() {
		return least
	}
	for _, denial := range decision.Denials {
		room, ok := roomOf(denial, request)
		switch {
		case !ok, room.settled >= least:
		case room.idle >= restOutput*c.choices:
			least = min(least, max(room.now, restOutput*c.choices))
		default:
			least = min(least, idleOutput*c.choices)
		}
	}
	return least
}

// held says whether only what calls under way have reserved keeps the request out: they will settle for less in a
// moment, and a refusal now would be wrong a second later.
func held(decision quota.Decision, request quota.Request) bool {
	for _, denial := range decision.Denials {
		if !heldBy(denial, request) {
			return false
		}
	}
	return len(decision.Denials) > 0
}

func heldBy(denial quota.Denial, request quota.Request) bool {
	room, ok := roomOf(denial, request)
	return ok && room.settled >= request.MinOutputTokens
}

// inputMatters says whether a tighter count of the prompt could change the answer: every limit that refused would
// have room for the least output alone, at the latest when others have settled.
func (c *call) inputMatters(decision quota.Decision, request quota.Request) bool {
	promptless := request
	promptless.InputTokens, promptless.InputCost = 0, 0
	if c.flexible() {
		promptless.MinOutputTokens = min(request.MinOutputTokens, idleOutput*c.choices)
	}
	for _, denial := range decision.Denials {
		room, ok := roomOf(denial, promptless)
		if !ok || room.settled <= promptless.MinOutputTokens {
			return false
		}
	}
	return true
}
