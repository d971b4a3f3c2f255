package quotabench

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// scenario is one question to the gateway.
type scenario struct {
	name, what string
	limits     Limits
	keys       int
	run        func(ctx context.Context, s *stage, result *Result) error
	// replicas, crash and storeCrash are what it needs of the bench.
	replicas, crash, storeCrash bool
}

func (s scenario) kills() bool { return s.crash || s.storeCrash }

// missing says what the bench was not given, "" for nothing.
func (s scenario) missing(b *Bench) string {
	switch {
	case s.replicas && len(b.URLs) < 2:
		return "there is one replica only"
	case s.crash && b.Crash == nil:
		return "no way to kill the gateway was given"
	case s.storeCrash && b.StoreCrash == nil:
		return "no way to kill the store was given"
	default:
		return ""
	}
}

const (
	// minute is what limits per minute are about. Windows of less than a second more are not called false refusals, as
	// many gateways count in whole seconds.
	minute = time.Minute
	grain  = time.Second

	callsInLimit = 60
)

// scenarios are all, in the order of the report.
var scenarios = []scenario{
	{
		name: "requests", what: "bursts at a limit of requests per minute, around the turn of the minute", keys: 1,
		limits: Limits{RequestsPerMinute: callsInLimit}, run: requestsPerMinute,
	},
	{
		name: "tokens", what: "the same at a limit of tokens per minute", keys: 1,
		limits: Limits{TokensPerMinute: callsInLimit * likely.tokens()}, run: tokensPerMinute,
	},
	{
		name: "parallel", what: "four times as many calls at once as may run at once", keys: 1,
		limits: Limits{ParallelRequests: 10}, run: parallelRequests,
	},
	{
		name: "budget", what: "three times the budget in one burst, then call by call until it is spent", keys: 1,
		limits: Limits{Budget: callsInLimit * money.Nano(likely.cost())}, run: spendBudget,
	},
	{
		name: "shared-budget", what: "the same by five keys that share one budget", keys: 5,
		limits: Limits{Budget: callsInLimit * money.Nano(likely.cost())}, run: spendBudget,
	},
	{
		name: "replicas", what: "bursts at a limit of requests per minute, spread over all replicas by five keys", keys: 5, replicas: true,
		limits: Limits{RequestsPerMinute: callsInLimit}, run: requestsPerMinute,
	},
	{
		name: "broken-streams", what: "streams that clients leave after five of fifty events", keys: 1,
		limits: Limits{Budget: 1000 * money.USD}, run: breakStreams,
	},
	{
		name: "changed-limit", what: "a limit of requests per minute is lowered to one under steady calls", keys: 1,
		limits: Limits{RequestsPerMinute: 6000}, run: lowerLimit,
	},
	{
		name: "gateway-killed", what: "the gateway is killed in the middle of a burst and started again, then the budget is spent", keys: 1, crash: true,
		limits: Limits{Budget: 2 * callsInLimit * money.Nano(likely.cost())}, run: killGateway,
	},
	{
		name: "store-killed", what: "the gateway's store is killed in the middle of a burst and started again, then the budget is spent", keys: 1, storeCrash: true,
		limits: Limits{Budget: 2 * callsInLimit * money.Nano(likely.cost())}, run: killStore,
	},
}

// Names are those of all scenarios.
func Names() (names []string) {
	for _, one := range scenarios {
		names = append(names, one.name)
	}
	return names
}

func (b *Bench) chosen() ([]scenario, error) {
	for _, name := range b.Only {
		if !slices.Contains(Names(), name) {
			return nil, fmt.Errorf("there is no scenario %q: it is one of %s", name, strings.Join(Names(), ", "))
		}
	}
	return slices.DeleteFunc(slices.Clone(scenarios), func(one scenario) bool {
		return len(b.Only) > 0 && !slices.Contains(b.Only, one.name)
	}), nil
}
