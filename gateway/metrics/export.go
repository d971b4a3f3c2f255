package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// exportGauges say how far receivers of ledger rows are behind. Only the gateway that sends has them.
type exportGauges struct {
	seconds *prometheus.GaugeVec
	rows    *prometheus.GaugeVec
}

func newExportGauges(registry *prometheus.Registry) exportGauges {
	g := exportGauges{
		seconds: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "bursar_ledger_export_lag_seconds", Help: "Age of the oldest ledger row that has not arrived at a receiver, by export.",
		}, []string{"export"}),
		rows: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "bursar_ledger_export_lag_rows", Help: "Ledger rows that have not arrived at a receiver, give or take a few, by export.",
		}, []string{"export"}),
	}
	registry.MustRegister(g.seconds, g.rows)
	return g
}

// ExportLags notes how far a receiver is behind.
func (m *Metrics) ExportLags(export string, rows int64, age time.Duration) {
	m.exports.rows.WithLabelValues(export).Set(float64(rows))
	m.exports.seconds.WithLabelValues(export).Set(age.Seconds())
}
