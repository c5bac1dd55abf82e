package node

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"ladder/telemetry"
)

var (
	memberUp       = prometheus.NewDesc(telemetry.MetricPrefix+"member_up", "1 while the member gets traffic.", memberLabels, nil)
	memberInFlight = prometheus.NewDesc(telemetry.MetricPrefix+"member_in_flight", "Requests that the member is working on.", memberLabels, nil)
	memberHandled  = prometheus.NewDesc(telemetry.MetricPrefix+"member_requests_total", "Requests that the member has answered.", memberLabels, nil)
	memberFailed   = prometheus.NewDesc(telemetry.MetricPrefix+"member_failures_total", "Requests that the member could not answer.", memberLabels, nil)
	memberRestarts = prometheus.NewDesc(telemetry.MetricPrefix+"member_restarts_total", "How often Ladder has restarted the member.", memberLabels, nil)
	rungStands     = prometheus.NewDesc(telemetry.MetricPrefix+"rung", "The highest rung that the file stands on.", nil, nil)
	filesApplied   = prometheus.NewDesc(telemetry.MetricPrefix+"config_version", "How many files this process has run, the first included.", nil, nil)

	memberLabels = []string{"pool", "member"}
)

// registerMetrics puts what the node knows into /metrics.
func (n *Node) registerMetrics() error {
	for _, collector := range []prometheus.Collector{
		telemetry.BuildCollector(n.options.Version), telemetry.HealthCollector(n.health), nodeCollector{n}, gatewayCollector{n.front},
	} {
		if err := n.registry.Register(collector); err != nil {
			return fmt.Errorf("registering metrics: %w", err)
		}
	}
	return nil
}

// gatewayCollector gives what the gateway of the moment counts; the file may have none.
type gatewayCollector struct{ tier *gatewayTier }

// Describe says nothing, which tells Prometheus that the metrics may come and go.
func (gatewayCollector) Describe(chan<- *prometheus.Desc) {}

func (c gatewayCollector) Collect(metrics chan<- prometheus.Metric) {
	if opened := c.tier.gateway.Load(); opened != nil {
		opened.Collector().Collect(metrics)
	}
}

// nodeCollector gives the members of all pools.
type nodeCollector struct{ node *Node }

func (c nodeCollector) Describe(descriptions chan<- *prometheus.Desc) {
	for _, description := range []*prometheus.Desc{memberUp, memberInFlight, memberHandled, memberFailed, memberRestarts, rungStands, filesApplied} {
		descriptions <- description
	}
}

func (c nodeCollector) Collect(metrics chan<- prometheus.Metric) {
	number, _ := c.node.File().Rung()
	metrics <- prometheus.MustNewConstMetric(rungStands, prometheus.GaugeValue, float64(number))
	metrics <- prometheus.MustNewConstMetric(filesApplied, prometheus.CounterValue, float64(c.node.changes.Load()))
	for _, pool := range c.node.application.status() {
		for _, member := range pool.Members {
			give := func(description *prometheus.Desc, kind prometheus.ValueType, value float64) {
				metrics <- prometheus.MustNewConstMetric(description, kind, value, pool.Name, member.Name)
			}
			up := 0.0
			if member.State.String() == "up" {
				up = 1
			}
			give(memberUp, prometheus.GaugeValue, up)
			give(memberInFlight, prometheus.GaugeValue, float64(member.InFlight))
			give(memberHandled, prometheus.CounterValue, float64(member.Handled))
			give(memberFailed, prometheus.CounterValue, float64(member.Failed))
			give(memberRestarts, prometheus.CounterValue, float64(member.Restarts))
		}
	}
}
