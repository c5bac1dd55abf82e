package telemetry

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// MetricPrefix begins the name of every metric of Ladder's own: ladder_<package>_<what>_<unit>, counters end in _total,
// times are in seconds, sizes in bytes.
const MetricPrefix = "ladder_"

// MetricsTimeout bounds how long one scrape may take.
const MetricsTimeout = 10 * time.Second

// NewRegistry makes a registry of Prometheus metrics that already has those of the process and of the Go runtime.
func NewRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return registry
}

// MetricsHandler serves what the registry gathers, in the format the scraper asks for.
func MetricsHandler(registry *prometheus.Registry) http.Handler {
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		Timeout: MetricsTimeout, MaxRequestsInFlight: 4, ErrorHandling: promhttp.ContinueOnError,
	})
}

// BuildCollector gives ladder_build_info{version} 1.
func BuildCollector(version string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: MetricPrefix + "build_info", Help: "Always 1; the label says which version runs.",
		ConstLabels: prometheus.Labels{"version": version},
	}, func() float64 { return 1 })
}

// healthCollector gives ladder_warning{code,subject,severity} 1 for each warning that is shown.
type healthCollector struct {
	health  *Health
	warning *prometheus.Desc
}

// HealthCollector gives ladder_warning{code,subject,severity} 1 for each warning of [Health.Current].
func HealthCollector(health *Health) prometheus.Collector {
	return healthCollector{health: health, warning: prometheus.NewDesc(MetricPrefix+"warning",
		"1 for each health warning that holds; docs/reference/warnings.md explains the codes.",
		[]string{"code", "subject", "severity"}, nil)}
}

// Describe implements prometheus.Collector.
func (c healthCollector) Describe(descriptions chan<- *prometheus.Desc) { descriptions <- c.warning }

// Collect implements prometheus.Collector.
func (c healthCollector) Collect(metrics chan<- prometheus.Metric) {
	for _, warning := range c.health.Current() {
		metrics <- prometheus.MustNewConstMetric(c.warning, prometheus.GaugeValue, 1,
			string(warning.Code), warning.Subject, warning.Severity.String())
	}
}

// histogramCollector gives a [Histogram] as a classic Prometheus histogram in seconds.
type histogramCollector struct {
	description *prometheus.Desc
	snapshot    func() HistogramSnapshot
}

// HistogramCollector gives a histogram of seconds under name (without [MetricPrefix]: "gateway_request_duration_seconds").
func HistogramCollector(name, help string, labels prometheus.Labels, snapshot func() HistogramSnapshot) prometheus.Collector {
	return histogramCollector{
		description: prometheus.NewDesc(MetricPrefix+name, help, nil, labels), snapshot: snapshot,
	}
}

// Describe implements prometheus.Collector.
func (c histogramCollector) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- c.description
}

// Collect implements prometheus.Collector.
func (c histogramCollector) Collect(metrics chan<- prometheus.Metric) {
	snapshot := c.snapshot()
	bounds := metricBounds()
	buckets := make(map[float64]uint64, len(bounds))
	for _, bound := range bounds {
		buckets[bound.Seconds()] = snapshot.CountAtMost(bound)
	}
	metrics <- prometheus.MustNewConstHistogram(c.description, snapshot.Count(), snapshot.Sum().Seconds(), buckets)
}

// metricBounds are the upper bounds that Prometheus gets: 1, 2.5 and 5 of each power of ten from 100 µs to 100 s.
func metricBounds() []time.Duration {
	var bounds []time.Duration
	for decade := 100 * time.Microsecond; decade <= 10*time.Second; decade *= 10 {
		bounds = append(bounds, decade, decade*5/2, decade*5)
	}
	return append(bounds, 100*time.Second)
}
