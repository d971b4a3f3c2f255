package proxy

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/proxy/asked"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/tokens"
	"github.com/bursarhq/terraform-provider-bursar/gateway/trace"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// call is one request on its way through the gateway: it is asked, admitted and settled. A refusal ends it before that.
type call struct {
	endpoint  *endpoint
	requestID string
	started   time.Time
	// who is how the caller presents itself, subject who the book says that is.
	who     policy.Caller
	subject *policy.Subject
	// Call is what is asked for.
	asked.Call
	// method and path are what the provider is asked, the endpoint's if empty.
	method, path string
	admitted
	settled

	// reason is why the call failed, "" when it did not.
	reason string
	// cutOff: the gateway had to stop before the call had ended.
	cutOff atomic.Bool
	// produced counts the bytes of text that a stream has brought so far.
	produced atomic.Int64
	// upstreamFor is how long providers took.
	upstreamFor time.Duration
	// span is the call's trace, and asking the part that a provider has of it; nil without tracing.
	span, asking *trace.Span
	// took is the whole call and overhead what the gateway itself took of it, known when the call has ended.
	took, overhead time.Duration
	// firstToken is after how long a stream's first went to the client; 0 for others.
	firstToken time.Duration
}

// admitted is what a call was found to be, and what was reserved for it.
type admitted struct {
	// id is the reservation's and the ledger row's; each try at reserving that failed has spent one.
	id string
	// model is the real name of what the client asked for.
	model  string
	served deployment.Model
	// granted: the operator gave the call's team the route, whatever models it has.
	granted bool
	// carried are the tokens that the response it goes on from adds to the prompt. pinned is the deployment that
	// alone can serve the call, "" for any.
	carried int64
	pinned  string
	// weighed is what the prompt was counted as, by the providers' names of the model; nil before it was counted.
	weighed map[string]tokens.Weight
	// askedProvider: the provider was asked to count the prompt, or cannot be.
	askedProvider bool
	bounds        bounds
	// leastOutput is the output that the call would have done with.
	leastOutput int64
	decision    quota.Decision
	// wouldRefuse are the names of the watched limits that would have refused it.
	wouldRefuse []string
	// row is the call's in the ledger, without what it used.
	row api.LedgerRow
}

// settled is what became of a call: who served it, what it used and what that cost.
type settled struct {
	deployment deployment.Deployment
	taken      taken
	// promptReported is how many tokens the provider says that the prompt has, 0 when it says nothing.
	promptReported int64
	usage          pricing.Usage
	cost           money.Nano
	// leastCost is what the call costs at least because its provider reported what cannot be.
	leastCost money.Nano
	// booked: cost is what the call really cost.
	booked bool
}

// newCall is a call of an endpoint; nil is for who only looks at what there is.
func (p *Proxy) newCall(r *http.Request, e *endpoint) *call {
	return &call{
		endpoint: e, requestID: httpx.RequestID(r.Context()), started: p.Now(), Call: asked.New(r.PathValue("model")),
		admitted: admitted{id: newReservation()},
	}
}

// newReservation is an id for one try at reserving.
func newReservation() string { return ulid.Make().String() }

// outputCap is what one choice may produce; 0 where nothing bounds it.
func (c *call) outputCap() int64 {
	if !c.endpoint.capped {
		return 0
	}
	return max(1, c.decision.OutputTokens/c.Choices)
}
