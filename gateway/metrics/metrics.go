// Package metrics counts what the gateway does, for Prometheus.
//
// It promises names and labels that stay, and never a secret or a text of a caller's choice in a label
// but the ids of teams and the names of models that are served. It must never decide anything.
package metrics

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Metrics are the gateway's metrics in a registry of their own.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	spend    *prometheus.CounterVec
	tokens   *prometheus.CounterVec
	above    *prometheus.CounterVec
	unpriced *prometheus.CounterVec
	overhead prometheus.Histogram
	drift    *prometheus.GaugeVec
	stores   storeGauges
	// answered and used find a call's counters by their labels, quicker than the vectors do.
	answered, used sync.Map
	exports        exportGauges
}

// overheadBuckets are in seconds; the gateway's own work is measured in fractions of a millisecond.
var overheadBuckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5}

// New returns metrics that count from zero.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bursar_requests_total", Help: "Calls answered, by team, model, HTTP status and, for refusals, the limit or reason.",
		}, []string{"team_id", "model", "status", "reason"}),
		spend: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bursar_spend_usd_total", Help: "US dollars settled, by team and model.",
		}, []string{"team_id", "model"}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bursar_tokens_total", Help: "Tokens settled, by team, model and kind (prompt, completion).",
		}, []string{"team_id", "model", "kind"}),
		unpriced: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bursar_unpriced_calls_total", Help: "Calls that cost the fallback price of unpriced_models as nobody knows their model's, by model.",
		}, []string{"model"}),
		above: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bursar_prompt_above_bound_total", Help: "Calls whose provider reported more prompt tokens than the bound that was reserved, by model; they are booked in full.",
		}, []string{"model"}),
		overhead: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "bursar_overhead_seconds", Help: "Time that a call spent in the gateway and not waiting for an upstream.", Buckets: overheadBuckets,
		}),
		drift: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "bursar_quota_drift_nanousd", Help: "What a budget's counter has beyond the ledger, in nano-USD, by scope; absent when they agree.",
		}, []string{"scope"}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "bursar_build_info", Help: "Always 1; the version is in the label.", ConstLabels: prometheus.Labels{"version": version},
	})
	info.Set(1)
	m.stores = newStoreGauges(m.registry)
	m.exports = newExportGauges(m.registry)
	m.registry.MustRegister(m.requests, m.spend, m.tokens, m.above, m.unpriced, m.overhead, m.drift, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler answers with all metrics in Prometheus's text form.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Call is what is counted of one call.
type Call struct {
	TeamID string
	// Model is the name the client asked for, "" when it is not one that is served.
	Model  string
	Status int
	// Reason is the word for a refusal, "" for an answer.
	Reason           string
	Cost             money.Nano
	PromptTokens     int64
	CompletionTokens int64
	// AboveBound: the provider reported a longer prompt than was reserved.
	AboveBound bool
	// Unpriced: the call costs what is stated for models whose price nobody knows.
	Unpriced bool
	Overhead time.Duration
}

// CallEnded counts a call.
func (m *Metrics) CallEnded(c Call) {
	m.answers(answer{c.TeamID, c.Model, c.Reason, c.Status}).Inc()
	m.overhead.Observe(c.Overhead.Seconds())
	if c.PromptTokens+c.CompletionTokens == 0 {
		return
	}
	if c.AboveBound {
		m.above.WithLabelValues(c.Model).Inc()
	}
	if c.Unpriced {
		m.unpriced.WithLabelValues(c.Model).Inc()
	}
	of := m.uses(user{c.TeamID, c.Model})
	of.spend.Add(float64(c.Cost) / float64(money.USD))
	of.prompt.Add(float64(c.PromptTokens))
	of.completion.Add(float64(c.CompletionTokens))
}

// answer are the labels of a call's answer.
type answer struct {
	teamID, model, reason string
	status                int
}

func (m *Metrics) answers(l answer) prometheus.Counter {
	if known, ok := m.answered.Load(l); ok {
		counter, _ := known.(prometheus.Counter)
		return counter
	}
	counter := m.requests.WithLabelValues(l.teamID, l.model, strconv.Itoa(l.status), l.reason)
	m.answered.Store(l, counter)
	return counter
}

// user are the labels of what is spent.
type user struct{ teamID, model string }

type use struct{ spend, prompt, completion prometheus.Counter }

func (m *Metrics) uses(l user) *use {
	if known, ok := m.used.Load(l); ok {
		counters, _ := known.(*use)
		return counters
	}
	counters := &use{
		spend:      m.spend.WithLabelValues(l.teamID, l.model),
		prompt:     m.tokens.WithLabelValues(l.teamID, l.model, "prompt"),
		completion: m.tokens.WithLabelValues(l.teamID, l.model, "completion"),
	}
	m.used.Store(l, counters)
	return counters
}

// Drifted notes by how much a counter is beyond the ledger; 0 says that they agree again.
func (m *Metrics) Drifted(scope string, by money.Nano) {
	if by == 0 {
		m.drift.DeleteLabelValues(scope)
		return
	}
	m.drift.WithLabelValues(scope).Set(float64(by))
}
