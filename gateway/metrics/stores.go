package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// storeGauges are how the stores fare.
type storeGauges struct {
	degraded, lag, backlog prometheus.Gauge
	deleted, dropped       prometheus.Counter
}

func newStoreGauges(registry *prometheus.Registry) storeGauges {
	g := storeGauges{
		degraded: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "bursar_store_degraded", Help: "1 while this gateway cannot reach the counters and decides by on_store_down, else 0.",
		}),
		lag: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "bursar_ledger_lag_seconds", Help: "How long the oldest ledger entry has been waiting for the record, 0 when none is.",
		}),
		backlog: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "bursar_ledger_backlog_entries", Help: "How many ledger entries wait for the record.",
		}),
		deleted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "bursar_ledger_deleted_rows_total", Help: "How many ledger rows this gateway has deleted because they were older than retention.ledger.",
		}),
	}
	g.dropped = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "bursar_ledger_dropped_rows_total", Help: "How many ledger rows came to this gateway after their day was deleted and are not booked, as they may have been before; the log has each.",
	})
	registry.MustRegister(g.degraded, g.lag, g.backlog, g.deleted, g.dropped)
	return g
}

// StoreDegraded notes whether the counters are out of reach.
func (m *Metrics) StoreDegraded(degraded bool) {
	m.stores.degraded.Set(0)
	if degraded {
		m.stores.degraded.Set(1)
	}
}

// LedgerBehind notes how much waits for the record and since when.
func (m *Metrics) LedgerBehind(entries int64, oldest time.Duration) {
	m.stores.backlog.Set(float64(entries))
	m.stores.lag.Set(oldest.Seconds())
}

// LedgerDeleted counts rows that retention has deleted.
func (m *Metrics) LedgerDeleted(rows int64) { m.stores.deleted.Add(float64(rows)) }

// LedgerRowDropped counts a row that came after its day was deleted.
func (m *Metrics) LedgerRowDropped() { m.stores.dropped.Inc() }

// PricesSince shows how old the price catalogue is, by when its prices were last compared.
func (m *Metrics) PricesSince(since, now func() time.Time) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "bursar_price_catalogue_age_seconds",
		Help: "How long ago the prices were last compared with the vendors' that have waited longest; with a price file, the age of that file.",
	}, func() float64 { return now().Sub(since()).Seconds() }))
}
