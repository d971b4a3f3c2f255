// Package proxy is the data path: it authenticates a call, reserves what it may use, forwards it,
// passes the answer on and settles what it really used.
//
// It promises that nothing is forwarded without a reservation, that every reservation ends, and that a
// client has the end of an answer only when its cost is recorded. It must never know how counters,
// records or policies are kept.
package proxy

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/calibration"
	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/metrics"
	"github.com/bursarhq/terraform-provider-bursar/gateway/minutes"
	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/proxy/unread"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/tokens"
	"github.com/bursarhq/terraform-provider-bursar/gateway/trace"
	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
)

// Options are what the data path is made of.
type Options struct {
	Book   *policy.Book
	Engine quota.Engine
	Models *deployment.Registry
	// Capacity counts what deployments with limits of their own take, over all teams. It writes no ledger.
	Capacity quota.Engine
	Upstream *upstream.Client
	// IsAdminKey recognises the admin key, which may not call models.
	IsAdminKey func(auth.Secret) bool
	Logger     *slog.Logger
	// IdentifierHeader names the team that a request is for; it is obeyed for keys that may speak for teams.
	IdentifierHeader string
	// ExceededStatus is the HTTP status for an exhausted budget, by dialect.
	ExceededStatus ExceededStatus
	// Contact is who can raise limits: an e-mail address or a link; "" names nobody.
	Contact string
	// AskForMore is the address of the page where more of a limit can be asked for; "" is none.
	AskForMore string
	// LiteLLMErrors answers 401 for a model that is not allowed.
	LiteLLMErrors bool
	// AllowUnpriced serves models without a price at no cost.
	AllowUnpriced bool
	// AllowUnpricedTools serves tools that providers run at a price that is not known, at the cost of their tokens.
	AllowUnpricedTools bool
	// Events takes what people must be told of; nil tells nobody.
	Events Events
	// MinOutputTokens is the least that a caller without an output cap gets where limits have room; 0 is
	// [DefaultMinOutputTokens]. Models and teams may have others.
	MinOutputTokens int64
	// ContentionWait is how long a call waits for others to settle when only their
	// reservations, not what they have used, keep it out of a limit.
	ContentionWait time.Duration
	Now            func() time.Time
	// PassThrough are routes that are passed on at a fixed price.
	PassThrough []PassThrough
	// StreamIdle is how long an upstream may say nothing within an answer that is passed on as it comes;
	// 0 is five minutes. There is no bound on how long such an answer takes.
	StreamIdle time.Duration
	// StreamHold is how long the opening of a stream is kept back, so that a provider that fails before its
	// answer begins can be followed by another; 0 is three seconds, below that nothing is kept back.
	StreamHold time.Duration
	// Responses remembers whose stored responses are; nil keeps none.
	Responses ResponseRecord
	// Tokens lets callers come with a token instead of a key; nil does not.
	Tokens *Tokens
	// Unread bounds what is held of answers that their clients do not read; 0 is 64 MiB, and four times that in all.
	Unread unread.Bounds
	// Metrics counts calls; nil does not.
	Metrics *metrics.Metrics
	// Tracer traces calls; nil does not.
	Tracer *trace.Tracer
	// Minutes counts calls for the record of what was used and refused; nil does not.
	Minutes *minutes.Counter
	// Calibration is what was learned of the deployments' vocabularies; nil learns while this gateway runs.
	Calibration *calibration.Book
}

// Proxy serves the routes that models are called by.
type Proxy struct {
	Options
	live *liveCalls
	told told
	// counts are those of texts that were counted before.
	counts *tokens.Memory
	asked  countedKeys
	unread *unread.Answers
	// unreached are the calls that reached no provider and are not in the ledger yet.
	unreached unreached
	tidings   tidings
}

// New returns a proxy. [Proxy.Run] must run along with it while it serves.
func New(options Options) *Proxy {
	options.StreamIdle = cmp.Or(options.StreamIdle, defaultStreamIdle)
	if options.Calibration == nil {
		options.Calibration = calibration.New(calibration.Options{Now: options.Now})
	}
	options.StreamHold = cmp.Or(options.StreamHold, defaultStreamHold)
	options.Unread.PerKey = cmp.Or(options.Unread.PerKey, maxAnswer)
	options.Unread.InAll = cmp.Or(options.Unread.InAll, 4*maxAnswer)
	return &Proxy{
		Options: options, live: newLiveCalls(), counts: tokens.NewMemory(tokens.DefaultMemory), unread: unread.New(options.Unread),
	}
}

// Run keeps the reservations of calls under way alive until ctx ends.
func (p *Proxy) Run(ctx context.Context) {
	var others sync.WaitGroup
	others.Go(func() { p.purgeResponses(ctx) })
	if p.Events != nil {
		others.Go(func() { p.runUnreached(ctx) })
		others.Go(func() { p.runTidings(ctx) })
	}
	p.live.renew(ctx, p)
	others.Wait()
}

// serve serves the calls of one endpoint and writes their log lines.
func (p *Proxy) serve(e *endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := p.newCall(r, e)
		status := &httpx.Status{ResponseWriter: w}
		defer func() {
			p.log(r.Context(), c, status.Code)
			p.count(c, status.Code)
			p.remember(c, status.Code)
			endTrace(c, r, status.Code)
		}()
		if err := p.answer(status, r, c); err != nil {
			if r.Context().Err() != nil {
				err = clientGone(err)
			}
			c.reason = reasonOf(err)
			httpx.WriteErrorAs(status, r, p.Logger, err, e.voice.body)
		}
	})
}

func (p *Proxy) answer(w http.ResponseWriter, r *http.Request, c *call) error {
	if err := p.admit(w, r, c); err != nil {
		return err
	}
	// From here on money may be spent: the call is settled even when the client hangs up.
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	defer cancel()
	if c.Stream || c.endpoint.binary { // what is read whole is read to its end
		stop := context.AfterFunc(r.Context(), cancel) // a client that hangs up ends the upstream's work
		defer stop()
	}
	p.live.add(c, cancel)
	defer p.live.remove(c)
	return c.worded(p.pass(ctx, cancel, w, r, c))
}

// pass sends the call on, and its answer back.
func (p *Proxy) pass(ctx context.Context, cancel context.CancelFunc, w http.ResponseWriter, r *http.Request, c *call) error {
	response, err := p.forward(ctx, r.Context(), c)
	if err != nil {
		return p.endUnanswered(r.Context(), c, err)
	}
	defer response.Body.Close()
	switch {
	case c.Stream:
		return p.passStream(w, r, c, response, cancel)
	case c.endpoint.binary:
		return p.passBinary(w, r, c, response, cancel)
	default:
		return p.passAnswer(w, r, c, response)
	}
}

// admit does everything that comes before the first byte to an upstream.
func (p *Proxy) admit(w http.ResponseWriter, r *http.Request, c *call) error {
	if err := p.authenticate(r, c); err != nil {
		return err
	}
	c.span = p.Tracer.Start(r, c.endpoint.path, c.started) // not before: strangers could fill the queue of spans
	if err := p.read(w, r, c); err != nil {
		return p.countRefused(r.Context(), c, err)
	}
	if err := p.findPrevious(r.Context(), c); err != nil {
		return err
	}
	if err := p.findItems(r.Context(), c); err != nil {
		return err
	}
	step := c.span.Step("reserve")
	err := p.reserve(r.Context(), c)
	step.End(failing(err))
	return err
}
