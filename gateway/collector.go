package gateway

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"ladder/telemetry"
)

// collector gives a gateway's [Stats] to Prometheus.
type collector struct {
	gateway *Gateway

	requests, failed, responses, retries *prometheus.Desc
	bytesIn, bytesOut, accepted, dropped *prometheus.Desc
	inFlight, connections, upstreamsIdle *prometheus.Desc
	durations                            prometheus.Collector
}

// Collector makes the gateway's metrics: ladder_gateway_*.
func (g *Gateway) Collector() prometheus.Collector {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(telemetry.MetricPrefix+"gateway_"+name, help, labels, nil)
	}
	return &collector{
		gateway:       g,
		requests:      describe("requests_total", "Requests that ended, by the code that says how.", "code"),
		failed:        describe("requests_failed_total", "Requests that the application or Ladder failed."),
		responses:     describe("responses_total", "Responses by class of status; none for answers that broke off.", "class"),
		retries:       describe("retries_total", "Times that a request was sent again, to another instance or on a fresh connection."),
		bytesIn:       describe("request_body_bytes_total", "Bytes of request bodies."),
		bytesOut:      describe("response_body_bytes_total", "Bytes of response bodies."),
		accepted:      describe("connections_accepted_total", "Clients that were accepted."),
		dropped:       describe("access_log_dropped_total", "Lines that the access log lost."),
		inFlight:      describe("requests_in_flight", "Requests that have begun and not ended."),
		connections:   describe("connections", "Clients that are connected, idle ones included."),
		upstreamsIdle: describe("upstream_connections_idle", "Idle connections that are kept to an instance.", "member"),
		durations: telemetry.HistogramCollector("gateway_request_duration_seconds",
			"From a request's first byte to the last of its answer; tunnels are not in it.", nil, g.durations.Snapshot),
	}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.requests, c.failed, c.responses, c.retries, c.bytesIn, c.bytesOut, c.accepted, c.dropped, c.inFlight, c.connections,
		c.upstreamsIdle,
	} {
		out <- d
	}
	c.durations.Describe(out)
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	stats := c.gateway.Stats()
	count := func(d *prometheus.Desc, n uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	gauge := func(d *prometheus.Desc, n int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	for _, info := range Codes() { // also those that never happened: a rate needs a zero to begin from
		count(c.requests, stats.Outcomes[info.Name], info.Name)
	}
	count(c.failed, stats.Failed)
	count(c.responses, stats.Classes[0], "none")
	for class := 1; class < statusClasses; class++ {
		count(c.responses, stats.Classes[class], strconv.Itoa(class)+"xx")
	}
	count(c.retries, stats.Retries)
	count(c.bytesIn, stats.BytesIn)
	count(c.bytesOut, stats.BytesOut)
	count(c.accepted, stats.Accepted)
	count(c.dropped, stats.LogDropped)
	gauge(c.inFlight, stats.InFlight)
	gauge(c.connections, stats.Connections)
	c.gateway.rotation.each(func(b *backend) { gauge(c.upstreamsIdle, int64(b.idleCount()), b.member.Name()) })
	c.durations.Collect(out)
}
