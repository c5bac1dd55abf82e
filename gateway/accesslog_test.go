package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ladder/telemetry"
)

func TestLogLineIsJSONWithStableKeys(t *testing.T) {
	f := newFixture(t, nil, application(t, echo))
	raw := dialRaw(t, f.address())
	raw.say("POST /a\"b\\c/%0d%0a?secret=1 HTTP/1.1\r\nHost: a\r\nX-Request-Id: abc\r\nContent-Length: 3\r\n\r\nxyz")
	raw.response("POST")
	var line map[string]any
	if err := json.Unmarshal([]byte(f.logged(`"status":200`)), &line); err != nil {
		t.Fatal(err)
	}
	when, err := time.Parse(time.RFC3339, line["time"].(string))
	if err != nil || time.Since(when).Abs() > time.Minute {
		t.Errorf("time %v, %v", when, err)
	}
	if line["duration_ms"].(float64) <= 0 || line["wait_ms"].(float64) <= 0 || line["wait_ms"].(float64) > line["duration_ms"].(float64) {
		t.Errorf("duration %v, wait %v", line["duration_ms"], line["wait_ms"])
	}
	for _, key := range []string{"time", "duration_ms", "wait_ms"} {
		delete(line, key)
	}
	want := map[string]any{
		"client": "127.0.0.1", "method": "POST", "path": `/a"b\c/%0d%0a`, "status": 200.0, "bytes_in": 3.0, "bytes_out": 3.0,
		"member": "app.1", "retries": 0.0, "id": "abc", "code": "ok",
	}
	if fmt.Sprint(line) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", line, want)
	}
}

func TestTextLinesHaveAFixedOrder(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.AccessLog.Format = FormatText }, application(t, echo))
	raw := dialRaw(t, f.address())
	raw.say("GET /a\"b HTTP/1.1\r\nHost: a\r\nX-Request-Id: abc\r\n\r\n")
	raw.response("GET")
	parts := strings.Fields(f.logged(" 200 "))
	parts[0], parts[7], parts[8] = "", "", "" // time and durations
	if got := strings.Join(parts, " "); got != ` 127.0.0.1 GET /a\u0022b 200 in=0 out=0   member=app.1 retries=0 id=abc ok` {
		t.Errorf("got %q", got)
	}
	bad := dialRaw(t, f.address())
	bad.say("GET /\x1b[31m HTTP/1.1\r\n\r\n")
	bad.ended()
	if line := f.logged(" bad-request:"); !strings.Contains(line, " - - 400 ") {
		t.Errorf("got %q", line)
	}
}

func TestEscapingKeepsLinesWhole(t *testing.T) {
	for text, want := range map[string]string{
		"plain/path": "plain/path", "a b": `a\u0020b`, "a\nb": `a\u000ab`, `a"b\`: `a\u0022b\u005c`, "\xff\x7f": `\u00ff\u007f`, "": "",
	} {
		if got := string(appendEscaped(nil, []byte(text))); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestMillisHaveThreeDecimals(t *testing.T) {
	for nanoseconds, want := range map[int64]string{0: "0.000", 999: "0.000", 1000: "0.001", 1_234_567: "1.234", 61_000_050_000: "61000.050", -5: "0.000"} {
		if got := string(appendMillis(nil, nanoseconds)); got != want {
			t.Errorf("%d became %s, want %s", nanoseconds, got, want)
		}
	}
}

// failingWriter fails while it is told to.
type failingWriter struct {
	failing atomic.Bool
	logBuffer
}

func (w *failingWriter) Write(lines []byte) (int, error) {
	if w.failing.Load() {
		return 0, errors.New("disk full")
	}
	return w.logBuffer.Write(lines)
}

func TestFailingLogWarnsAndServesOn(t *testing.T) {
	writer, health := &failingWriter{}, telemetry.NewHealth(nil)
	f := newFixture(t, func(o *Options) { o.AccessLog.Writer, o.Health = writer, health }, application(t, echo))
	writer.failing.Store(true)
	c := client(t)
	f.get(c, "/lost")
	eventually(t, "the warning", func() bool {
		current := health.Current()
		return len(current) == 1 && current[0].Code == telemetry.AccessLogFailing && strings.Contains(current[0].Text, "disk full")
	})
	if response, _ := f.get(c, "/lost"); response.StatusCode != 200 {
		t.Errorf("got %d", response.StatusCode)
	}
	eventually(t, "the line to be lost", func() bool { f.Gateway.log.flush(); return f.Stats().Requests == 2 })
	writer.failing.Store(false)
	f.get(c, "/kept")
	eventually(t, "the warning to go", func() bool {
		return len(health.Current()) == 0 && strings.Contains(writer.String(), "/kept")
	})
}

// stuckWriter blocks until it is released, and says when it has begun to.
type stuckWriter struct{ stuck, release chan struct{} }

func newStuckWriter() stuckWriter { return stuckWriter{make(chan struct{}, 1), make(chan struct{})} }

func (w stuckWriter) Write(lines []byte) (int, error) {
	select {
	case w.stuck <- struct{}{}:
	default:
	}
	<-w.release
	return len(lines), nil
}

func TestStuckLogIsBoundedAndHoldsNobodyUp(t *testing.T) {
	writer := newStuckWriter()
	f := newFixture(t, func(o *Options) { o.AccessLog.Writer = writer }, application(t, echo))
	long := "GET /" + strings.Repeat("x", 8000) + " HTTP/1.1\r\nHost: a\r\n\r\n"
	raw := dialRaw(t, f.address())
	const enough = 2*LogShardBytes/8000 + 20
	for range enough {
		raw.say(long)
		raw.response("GET")
	}
	if f.Stats().LogDropped == 0 {
		t.Error("no line was dropped")
	}
	close(writer.release)
}

func TestSaturationIsAWarning(t *testing.T) {
	health := telemetry.NewHealth(nil)
	f := newFixture(t, func(o *Options) { o.Health, o.Limits.Connections = health, 1 }, application(t, echo))
	raw := dialRaw(t, f.address())
	eventually(t, "the warning", func() bool {
		current := health.Current()
		return len(current) == 1 && current[0].Code == telemetry.GatewaySaturated
	})
	_ = raw.Close()
	eventually(t, "the warning to go", func() bool { return len(health.Current()) == 0 })
}

func TestStatsAndMetrics(t *testing.T) {
	f := newFixture(t, nil, application(t, echo), closedPort(t))
	c := client(t)
	for range 4 {
		f.get(c, "/")
	}
	f.pool.Remove("app.1")
	response, err := c.Post(f.url("/"), "", strings.NewReader("four"))
	if err != nil {
		t.Fatal(err)
	}
	readAll(t, response)
	eventually(t, "five requests", func() bool { return f.Stats().Requests == 5 })
	stats := f.Stats()
	if stats.Outcomes["ok"] != 4 || stats.Outcomes["connect-failed"] != 1 || stats.Failed != 1 || stats.Classes[2] != 4 || stats.Classes[5] != 1 {
		t.Errorf("got %+v", stats)
	}
	if stats.Retries != 2 || stats.BytesIn != 4 || stats.InFlight != 0 || stats.Connections != 1 || stats.Accepted != 1 {
		t.Errorf("got %+v", stats)
	}
	if n := stats.Durations.Count(); n != 5 {
		t.Errorf("%d durations", n)
	}
	if traffic := f.Traffic(); traffic.Requests != 5 || traffic.Errors != 1 {
		t.Errorf("got %+v", traffic)
	}
	page := httptest.NewRecorder()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(f.Collector())
	telemetry.MetricsHandler(registry).ServeHTTP(page, httptest.NewRequest("GET", "/", nil))
	for _, line := range []string{
		`ladder_gateway_requests_total{code="ok"} 4`, `ladder_gateway_requests_total{code="connect-failed"} 1`,
		`ladder_gateway_requests_total{code="internal"} 0`, `ladder_gateway_requests_failed_total 1`,
		`ladder_gateway_responses_total{class="2xx"} 4`, `ladder_gateway_responses_total{class="5xx"} 1`,
		`ladder_gateway_responses_total{class="none"} 0`, `ladder_gateway_retries_total 2`, `ladder_gateway_connections 1`,
		`ladder_gateway_request_duration_seconds_count 5`, `ladder_gateway_upstream_connections_idle{member="app.2"} 0`,
	} {
		if !strings.Contains(page.Body.String(), "\n"+line+"\n") {
			t.Errorf("no %s in:\n%s", line, page.Body)
		}
	}
}

// TestLogUnderLoad checks that each request has exactly one line, whatever happens at once.
func TestLogUnderLoad(t *testing.T) {
	f := newFixture(t, nil, application(t, echo))
	const clients, each = 16, 100
	var running sync.WaitGroup
	for number := range clients {
		running.Go(func() {
			c := client(t)
			for i := range each {
				response, err := c.Post(f.url(fmt.Sprintf("/%d/%d", number, i)), "", strings.NewReader("body"))
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
			}
		})
	}
	running.Wait()
	eventually(t, "all lines", func() bool {
		f.Gateway.log.flush()
		return strings.Count(f.log.String(), "\n") == clients*each
	})
	seen := map[string]bool{}
	for line := range strings.Lines(f.log.String()) {
		var fields struct{ Path, Code string }
		if err := json.Unmarshal([]byte(line), &fields); err != nil || fields.Code != "ok" || seen[fields.Path] {
			t.Fatalf("%v: %s", err, line)
		}
		seen[fields.Path] = true
	}
}
