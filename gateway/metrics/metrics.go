// Package metrics counts what the gateway does, for Prometheus.
//
// It promises names and labels that stay, and never a secret or a text of a caller's choice in a label
// but the ids of teams and the names of models that are served. It must never decide anything.
package metrics

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Options say which series there are.
type Options struct {
	// Version is the program's.
	Version string
	// LiteLLMNames adds series by the names of LiteLLM's metrics.
	LiteLLMNames bool
}

// Metrics are the gateway's metrics in a registry of their own.
type Metrics struct {
	options   Options
	registry  *prometheus.Registry
	calls     *calls
	above     *prometheus.CounterVec
	unpriced  *prometheus.CounterVec
	overhead  prometheus.Histogram
	durations *prometheus.HistogramVec
	upstream  *prometheus.HistogramVec
	firstWord *prometheus.HistogramVec
	drift     *prometheus.GaugeVec
	stores    storeGauges
	exports   exportGauges
	// standing is how budgets and limits stood last.
	standing atomic.Pointer[Standing]
	// active are the teams with calls since somebody asked last.
	active atomic.Pointer[sync.Map]
}

var (
	// overheadBuckets are in seconds; the gateway's own work is measured in fractions of a millisecond.
	overheadBuckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5}
	// callBuckets are for what waits for a provider.
	callBuckets = []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320}
)

// New returns metrics that count from zero.
func New(options Options) *Metrics {
	byModel := []string{"model"}
	m := &Metrics{
		options:  options,
		registry: prometheus.NewRegistry(),
		calls:    newCalls(),
		unpriced: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bursar_unpriced_calls_total", Help: "Calls that cost the fallback price of unpriced_models as nobody knows their model's, by model.",
		}, byModel),
		above: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bursar_prompt_above_bound_total", Help: "Calls whose provider reported more prompt tokens than the bound that was reserved, by model; they are booked in full.",
		}, byModel),
		overhead: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "bursar_overhead_seconds", Help: "Time that a call spent in the gateway and not waiting for an upstream.", Buckets: overheadBuckets,
		}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "bursar_request_duration_seconds", Help: "Time from a call's arrival to the end of its answer, by model; calls that no provider was asked for are left out.", Buckets: callBuckets,
		}, byModel),
		upstream: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "bursar_upstream_duration_seconds", Help: "The part of it that the gateway waited for providers, by model.", Buckets: callBuckets,
		}, byModel),
		firstWord: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "bursar_time_to_first_token_seconds", Help: "Time from a streamed call's arrival to the first of its answer, by model.", Buckets: callBuckets,
		}, byModel),
		drift: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "bursar_quota_drift_nanousd", Help: "What a budget's counter has beyond the ledger, in nano-USD, by scope; absent when they agree.",
		}, []string{"scope"}),
	}
	m.active.Store(&sync.Map{})
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "bursar_build_info", Help: "Always 1; the version is in the label.", ConstLabels: prometheus.Labels{"version": options.Version},
	})
	info.Set(1)
	m.stores = newStoreGauges(m.registry)
	m.exports = newExportGauges(m.registry)
	m.registry.MustRegister(m.above, m.unpriced, m.overhead, m.durations, m.upstream, m.firstWord, m.drift, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler answers with all metrics in Prometheus's text form.
func (m *Metrics) Handler() http.Handler { return http.HandlerFunc(m.serve) }

func (m *Metrics) serve(w http.ResponseWriter, r *http.Request) {
	families, err := m.registry.Gather()
	if err != nil && len(families) == 0 {
		http.Error(w, "the metrics could not be gathered", http.StatusInternalServerError)
		return
	}
	var p page
	format := expfmt.NewFormat(expfmt.TypeTextPlain)
	text := expfmt.NewEncoder(&p.text, format)
	if m.options.LiteLLMNames {
		families = append(families, renamed(families)...)
	}
	for _, family := range families {
		if err := text.Encode(family); err != nil {
			http.Error(w, "the metrics could not be written", http.StatusInternalServerError)
			return
		}
	}
	w.Header().Set("Content-Type", string(format))
	p.to = w
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		packed, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // the level is one that there is
		defer packed.Close()
		p.to = packed
	}
	m.write(&p)
	p.flush()
}

// write writes what has very many series.
func (m *Metrics) write(p *page) {
	standing := m.standing.Load()
	m.calls.write(p)
	if standing != nil {
		standing.write(p)
	}
	if !m.options.LiteLLMNames {
		return
	}
	m.calls.writeLiteLLM(p, standing.aliases())
	if standing != nil {
		standing.writeLiteLLM(p)
	}
}

// Call is what is counted of one call.
type Call struct {
	TeamID string
	// Model is the name the client asked for, "" when it is not one that is served.
	Model  string
	Status int
	// Reason is the word for a refusal, "" for an answer.
	Reason string
	// WouldRefuse are the watched limits that would have refused it.
	WouldRefuse      []string
	Cost             money.Nano
	PromptTokens     int64
	CompletionTokens int64
	// AboveBound: the provider reported a longer prompt than was reserved.
	AboveBound bool
	// Unpriced: the call costs what is stated for models whose price nobody knows.
	Unpriced bool
	// Overhead is the gateway's own part of Took, Upstream the providers'; 0 is that none was asked.
	Overhead, Upstream, Took time.Duration
	// FirstToken is after how long the first of a stream went to the client; 0 for others.
	FirstToken time.Duration
}

// CallEnded counts a call.
func (m *Metrics) CallEnded(c Call) {
	m.calls.answers.of(answer{c.TeamID, c.Model, c.Reason, c.Status}).count.Add(1)
	for _, limit := range c.WouldRefuse {
		m.calls.watched.of(watched{c.TeamID, limit}).count.Add(1)
	}
	m.overhead.Observe(c.Overhead.Seconds())
	m.touch(c.TeamID)
	if c.Upstream > 0 {
		m.durations.WithLabelValues(c.Model).Observe(c.Took.Seconds())
		m.upstream.WithLabelValues(c.Model).Observe(c.Upstream.Seconds())
	}
	if c.FirstToken > 0 {
		m.firstWord.WithLabelValues(c.Model).Observe(c.FirstToken.Seconds())
	}
	if c.PromptTokens+c.CompletionTokens == 0 {
		return
	}
	if c.AboveBound {
		m.above.WithLabelValues(c.Model).Inc()
	}
	if c.Unpriced {
		m.unpriced.WithLabelValues(c.Model).Inc()
	}
	of := m.calls.uses.of(user{c.TeamID, c.Model})
	of.spend.Add(int64(c.Cost))
	of.promptTokens.Add(c.PromptTokens)
	of.completed.Add(c.CompletionTokens)
}

func (m *Metrics) touch(teamID string) {
	if active := m.active.Load(); teamID != "" {
		if _, known := active.Load(teamID); !known {
			active.Store(teamID, true)
		}
	}
}

// Active returns the teams with calls since it was asked last.
func (m *Metrics) Active() map[string]bool {
	teams := map[string]bool{}
	m.active.Swap(&sync.Map{}).Range(func(id, _ any) bool {
		teams[fmt.Sprint(id)] = true
		return true
	})
	return teams
}

// Drifted notes by how much a counter is beyond the ledger; 0 says that they agree again.
func (m *Metrics) Drifted(scope string, by money.Nano) {
	if by == 0 {
		m.drift.DeleteLabelValues(scope)
		return
	}
	m.drift.WithLabelValues(scope).Set(float64(by))
}
