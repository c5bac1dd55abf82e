package admin

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"ladder/telemetry"
)

// serveAlive answers monitors; it says only that the process serves.
func (s *Server) serveAlive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

func (s *Server) serveStatus(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.options.Load().currentStatus())
}

func (s *Server) serveSeries(w http.ResponseWriter, _ *http.Request) {
	var samples []telemetry.Sample
	if series := s.options.Load().Series; series != nil {
		samples = series.Samples()
	}
	writeJSON(w, http.StatusOK, seriesOf(samples))
}

func (s *Server) serveConfig(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
	_, _ = w.Write(s.options.Load().Config())
}

func (s *Server) serveSession(a access) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		granted, _ := a.of(r)
		writeJSON(w, http.StatusOK, Session{Actions: granted == act})
	}
}

func (s *Server) serveUnknown(w http.ResponseWriter, _ *http.Request) {
	fail(w, http.StatusNotFound, Failure{Error: "there is nothing here", Hint: "docs/reference/api.md lists the routes of /api/v1"})
}

// currentStatus asks for the status and gives lists that are empty as [] rather than null.
func (o *Options) currentStatus() Status {
	status := o.Status()
	status.URLs.Application = orEmpty(status.URLs.Application)
	status.Pools = orEmpty(status.Pools)
	for i := range status.Pools {
		status.Pools[i].Members = orEmpty(status.Pools[i].Members)
	}
	if status.Gateway != nil {
		gateway := *status.Gateway
		gateway.Listen = orEmpty(gateway.Listen)
		status.Gateway = &gateway
	}
	status.Warnings = orEmpty(status.Warnings)
	status.Events = orEmpty(status.Events)
	return status
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// seriesOf turns samples into columns.
func seriesOf(samples []telemetry.Sample) Series {
	n := len(samples)
	series := Series{
		IntervalSeconds: telemetry.SeriesInterval.Seconds(),
		Time:            make([]float64, n), RequestsPerSecond: make([]float64, n), ErrorsPerSecond: make([]float64, n),
		P50MS: make([]*float64, n), P90MS: make([]*float64, n), P99MS: make([]*float64, n),
		InFlight: make([]int64, n), Connections: make([]int64, n),
	}
	for i, sample := range samples {
		series.Time[i] = float64(sample.Time.UnixMilli()) / 1e3
		series.RequestsPerSecond[i], series.ErrorsPerSecond[i] = sample.RequestsPerSecond, sample.ErrorsPerSecond
		series.P50MS[i], series.P90MS[i], series.P99MS[i] = latency(sample.P50), latency(sample.P90), latency(sample.P99)
		series.InFlight[i], series.Connections[i] = sample.InFlight, sample.Connections
	}
	return series
}

// latency is a duration in milliseconds, nil where there was none.
func latency(duration time.Duration) *float64 {
	if duration == 0 {
		return nil
	}
	milliseconds := Milliseconds(duration)
	return &milliseconds
}

// Milliseconds is how the API gives durations, to the microsecond.
func Milliseconds(duration time.Duration) float64 {
	return float64(duration.Microseconds()) / 1e3
}

// statusCache makes one status document for all streams that want one in the same second.
type statusCache struct {
	mu   sync.Mutex
	made time.Time
	text []byte
}

func (c *statusCache) get(options *Options) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.made) >= StatusInterval/2 {
		text, err := json.Marshal(options.currentStatus())
		if err != nil {
			return nil, err
		}
		c.made, c.text = now, text
	}
	return c.text, nil
}

func writeJSON(w http.ResponseWriter, code int, document any) {
	text, err := json.Marshal(document)
	if err != nil {
		code, text = http.StatusInternalServerError, []byte(`{"error":"the answer could not be written as JSON"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write(append(text, '\n'))
}

func fail(w http.ResponseWriter, code int, failure Failure) { writeJSON(w, code, failure) }
