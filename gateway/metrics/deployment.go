package metrics

import "github.com/prometheus/client_golang/prometheus"

// Deployment is what is told of one deployment of a model.
type Deployment struct {
	Model, ID string
	// Cooling: it is left alone for now because it has failed.
	Cooling bool
	// Requests and Failures are counted since the gateway knows the deployment.
	Requests, Failures int64
}

// Deployments makes the metrics tell of deployments, as states returns them whenever somebody asks.
func (m *Metrics) Deployments(states func() []Deployment) {
	m.registry.MustRegister(deployments{states})
}

type deployments struct{ states func() []Deployment }

var (
	deploymentLabels = []string{"model", "deployment"}
	deploymentState  = prometheus.NewDesc("bursar_deployment_state",
		"How a deployment stands on this gateway: 0 takes calls, 1 is left alone because it has failed.", deploymentLabels, nil)
	deploymentRequests = prometheus.NewDesc("bursar_deployment_requests_total",
		"Calls sent to a deployment, retries included.", deploymentLabels, nil)
	deploymentFailures = prometheus.NewDesc("bursar_deployment_failures_total",
		"Calls that a deployment did not answer as it should: 429, 5xx, refused credentials, too slow, not reached.", deploymentLabels, nil)
)

// Describe implements [prometheus.Collector].
func (d deployments) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- deploymentState
	descriptions <- deploymentRequests
	descriptions <- deploymentFailures
}

// Collect implements [prometheus.Collector].
func (d deployments) Collect(metrics chan<- prometheus.Metric) {
	for _, deployment := range d.states() {
		state := 0.0
		if deployment.Cooling {
			state = 1
		}
		labels := []string{deployment.Model, deployment.ID}
		metrics <- prometheus.MustNewConstMetric(deploymentState, prometheus.GaugeValue, state, labels...)
		metrics <- prometheus.MustNewConstMetric(deploymentRequests, prometheus.CounterValue, float64(deployment.Requests), labels...)
		metrics <- prometheus.MustNewConstMetric(deploymentFailures, prometheus.CounterValue, float64(deployment.Failures), labels...)
	}
}
