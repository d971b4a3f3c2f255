package proxy

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/bursarhq/terraform-provider-bursar/gateway/content"
	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/gateway/hosted"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/tokens"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// call is one request on its way through the gateway.
type call struct {
	endpoint *endpoint
	// id is the reservation's and the ledger row's; each try at reserving that failed has spent one.
	id        string
	requestID string
	started   time.Time
	// who is how the caller presents itself, subject who the book says that is.
	who     policy.Caller
	subject *policy.Subject

	body []byte
	// header are the client's headers that go along.
	header http.Header
	// pathModel is the model that the path names, as Azure's clients do; it outranks the body's.
	pathModel string
	// model is the real name once it is known, asked what the client wrote.
	model, asked string
	stream       bool
	// wantsUsage: the client asked for usage on its stream itself.
	wantsUsage bool
	// clientCap is the output cap the client set, 0 when it set none.
	clientCap int64
	choices   int64
	// attributed is what the caller says the call is for.
	attributed attribution

	// method and path are what the provider is asked, the endpoint's if empty.
	method, path string
	// previous is the stored response that the call goes on from; carried are the tokens it adds to the
	// prompt. pinned is the deployment that alone can serve the call, "" for any.
	previous string
	carried  int64
	pinned   string
	// granted: the operator gave the call's team the route, whatever models it has.
	granted bool
	// unstored: the provider is asked not to keep the response.
	unstored bool
	// most is what the call can use at most beside the tokens that stand in its body, and made what a
	// provider that took it has used, where no answer says.
	most, made pricing.Usage
	// unbounded is the most completion tokens of an answer that no cap bounds.
	unbounded int64
	// holds is what the body holds beside text.
	holds content.Found
	// inputs is how many prompts the call has, at least 1.
	inputs int64
	// work is what the call lets its provider do by itself.
	work hosted.Work
	// contentType is the body's, JSON if empty.
	contentType string

	served deployment.Model
	// weighed is what the prompt was counted as, by the providers' names of the model; nil before it was counted.
	weighed map[string]tokens.Weight
	// askedProvider: the provider was asked to count the prompt, or cannot be.
	askedProvider bool
	// promptReported is how many tokens the provider says that the prompt has, 0 when it says nothing.
	promptReported int64
	bounds         bounds
	decision       quota.Decision
	// leastOutput is the output that the call would have done with.
	leastOutput int64
	deployment  deployment.Deployment
	taken       taken
	upstreamFor time.Duration
	// took is the whole call and overhead what the gateway itself took of it, known when the call has ended.
	took, overhead time.Duration
	// firstToken is after how long a stream's first went to the client; 0 for others.
	firstToken time.Duration

	usage pricing.Usage
	cost  money.Nano
	// leastCost is what the call costs at least because its provider reported what cannot be.
	leastCost money.Nano
	// settled: cost is what the call really cost.
	settled bool
	reason  string
	// cutOff: the gateway had to stop before the call had ended.
	cutOff atomic.Bool
	// produced counts the bytes of text that a stream has brought so far.
	produced atomic.Int64
}

func (p *Proxy) newCall(r *http.Request, e *endpoint) *call {
	return &call{
		endpoint: e, id: newReservation(), requestID: httpx.RequestID(r.Context()), started: p.Now(), choices: 1,
		inputs: 1, work: hosted.Work{Rounds: 1, Readings: 1}, pathModel: r.PathValue("model"),
	}
}

// newReservation is an id for one try at reserving.
func newReservation() string { return ulid.Make().String() }

// outputCap is what one choice may produce; 0 where nothing bounds it.
func (c *call) outputCap() int64 {
	if !c.endpoint.capped {
		return 0
	}
	return max(1, c.decision.OutputTokens/c.choices)
}
