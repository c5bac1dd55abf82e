package telemetry

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
)

func scrape(t *testing.T, register func(health *Health) *Histogram) string {
	t.Helper()
	health := NewHealth(nil)
	histogram := register(health)
	registry := NewRegistry()
	registry.MustRegister(BuildCollector("1.2.3"), HealthCollector(health),
		HistogramCollector("gateway_request_duration_seconds", "How long requests took.", nil, histogram.Snapshot))
	recorder := httptest.NewRecorder()
	MetricsHandler(registry).ServeHTTP(recorder, httptest.NewRequest("GET", "/metrics", nil))
	return recorder.Body.String()
}

func TestMetrics(t *testing.T) {
	page := scrape(t, func(health *Health) *Histogram {
		health.Set(DatabaseDown, "database", "it ended")
		health.Set(AppInstanceUnhealthy, "app.1", "explained by the database")
		histogram := NewHistogram()
		histogram.Record(3 * time.Millisecond)
		histogram.Record(30 * time.Millisecond)
		return histogram
	})
	for _, line := range []string{
		`ladder_build_info{version="1.2.3"} 1`,
		`ladder_warning{code="database-down",severity="critical",subject="database"} 1`,
		`ladder_gateway_request_duration_seconds_bucket{le="0.0025"} 0`,
		`ladder_gateway_request_duration_seconds_bucket{le="0.005"} 1`,
		`ladder_gateway_request_duration_seconds_bucket{le="0.05"} 2`,
		`ladder_gateway_request_duration_seconds_count 2`,
		`go_goroutines `,
		`process_open_fds `,
	} {
		if !strings.Contains(page, line) {
			t.Errorf("/metrics lacks %s", line)
		}
	}
	if strings.Contains(page, "app.1") {
		t.Error("/metrics has a warning that another one explains")
	}
	sum := regexp.MustCompile(`ladder_gateway_request_duration_seconds_sum 0\.03[23]`)
	if !sum.MatchString(page) {
		t.Error("the sum of 3 ms and 30 ms is not near 0.033 s")
	}
}
