package admin_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"ladder/admin"
	"ladder/internal/hint"
	"ladder/telemetry"
)

func TestStatusDocument(t *testing.T) {
	n := newNode()
	got := call{url: start(t, n.options()).URL() + "/api/v1/status"}.do(t)
	status := decode[admin.Status](t, got.body)
	if status.Name != "chirp" || status.Rung.Number != 1 || len(status.Pools) != 1 || status.Pools[0].Members[0].Name != "app.1" {
		t.Errorf("status: %s", got.body)
	}
	for _, field := range []string{`"state":"up"`, `"gateway":null`, `"warnings":[]`, `"events":[]`, `"application":[]`} {
		if !strings.Contains(got.body, field) {
			t.Errorf("status lacks %s: %s", field, got.body)
		}
	}
}

func TestSeriesDocument(t *testing.T) {
	var traffic telemetry.Traffic
	series := telemetry.NewSeries(telemetry.TrafficFunc(func() telemetry.Traffic { return traffic }))
	began := time.Unix(1_700_000_000, 0)
	series.Observe(began)
	series.Observe(began.Add(time.Second))
	histogram := telemetry.NewHistogram()
	histogram.Record(20 * time.Millisecond)
	traffic = telemetry.Traffic{Requests: 50, Errors: 5, InFlight: 2, Connections: 9, Latency: histogram.Snapshot()}
	series.Observe(began.Add(2 * time.Second))

	options := newNode().options()
	options.Series = series
	document := decode[admin.Series](t, call{url: start(t, options).URL() + "/api/v1/series"}.do(t).body)
	if len(document.Time) != 2 || document.Time[1] != 1_700_000_002 || document.RequestsPerSecond[1] != 50 || document.ErrorsPerSecond[1] != 5 {
		t.Errorf("series: %+v", document)
	}
	if document.P99MS[0] != nil || document.P99MS[1] == nil || *document.P99MS[1] < 19.6 || *document.P99MS[1] > 20.4 {
		t.Errorf("p99: %v", document.P99MS)
	}
}

func TestApplyMovesToANewAddress(t *testing.T) {
	n := newNode()
	options := n.options()
	server := start(t, options)
	before := server.URL()
	options.Listen = "127.0.0.2:0"
	if err := server.Apply(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	if got := (call{url: server.URL() + "/healthz"}).do(t); got.code != 200 || !strings.Contains(server.URL(), "127.0.0.2") {
		t.Errorf("new address %s: %d", server.URL(), got.code)
	}
	eventually(t, "the old address is closed", func() bool { return !answers(before) })

	options.Listen = admin.Off
	if err := server.Apply(t.Context(), options); err != nil || server.URL() != "" {
		t.Errorf("turned off: %v, URL %q", err, server.URL())
	}
	options.Listen = "localhost:0"
	if err := server.Apply(t.Context(), options); err != nil || !answers(server.URL()) {
		t.Errorf("turned on again: %v, URL %q", err, server.URL())
	}
}

func answers(base string) bool {
	response, err := client().Get(base + "/healthz")
	if err != nil {
		return false
	}
	return response.Body.Close() == nil
}

// TestApplyToAnAddressThatTheOldOneBlocks moves between two spellings of one address.
func TestApplyToAnAddressThatTheOldOneBlocks(t *testing.T) {
	options := newNode().options()
	server := start(t, options)
	_, port, err := net.SplitHostPort(server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	options.Listen = "localhost:" + port
	if err := server.Apply(t.Context(), options); err != nil || !answers("http://127.0.0.1:"+port) {
		t.Errorf("after moving in place: %v", err)
	}
}

func TestAFailedApplyLeavesEverythingAsItWas(t *testing.T) {
	occupied, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer occupied.Close()
	n := newNode()
	server := start(t, n.options())
	before := server.URL()
	for _, listen := range []string{occupied.Addr().String(), "0.0.0.0:0", "nonsense"} {
		options := n.options()
		options.Listen, options.ActionToken = listen, "another"
		if err := server.Apply(t.Context(), options); err == nil || hint.Of(err) == "" {
			t.Errorf("moving to %s: %v without a hint", listen, err)
		}
		got := call{method: "POST", url: before + "/api/v1/instances/app.1/restart", header: bearer(actionToken)}.do(t)
		if server.URL() != before || got.code != 204 {
			t.Errorf("after the failure: URL %s, an action with the old token %d", server.URL(), got.code)
		}
	}
}

// TestAnApplyMayMoveTheServerThatItCameThrough is what `ladder apply` of a new admin.listen does.
func TestAnApplyMayMoveTheServerThatItCameThrough(t *testing.T) {
	n := newNode()
	server := start(t, n.options())
	n.apply = func(ctx context.Context, _ string) (admin.Plan, error) {
		options := n.options()
		options.Listen = "127.0.0.2:0"
		return admin.Plan{}, server.Apply(ctx, options)
	}
	got := call{method: "POST", url: server.URL() + "/api/v1/apply", header: bearer(actionToken)}.do(t)
	if got.code != 200 || !answers(server.URL()) {
		t.Errorf("apply: %d %s", got.code, got.body)
	}
}

func TestStartAndStopAreForgiving(t *testing.T) {
	never := admin.New(newNode().options())
	if err := never.Stop(t.Context()); err != nil {
		t.Errorf("stopping before a start: %v", err)
	}
	if err := admin.New(admin.Options{Listen: "127.0.0.1:0"}).Start(t.Context()); err == nil {
		t.Error("a server without Status, Controller and ActionToken starts")
	}
	occupied, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer occupied.Close()
	options := newNode().options()
	options.Listen = occupied.Addr().String()
	if err := admin.New(options).Start(t.Context()); err == nil || !strings.Contains(hint.Of(err), "admin.listen") {
		t.Errorf("a port in use: %v, hint %q", err, hint.Of(err))
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	server := start(t, newNode().options())
	var open []net.Conn
	for range admin.MaxConnections {
		connection, err := net.Dial("tcp", server.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		open = append(open, connection)
	}
	waiting := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() {
		response, err := waiting.Get(server.URL() + "/healthz")
		if err == nil {
			err = response.Body.Close()
		}
		ended <- err
	}()
	select {
	case err := <-ended:
		t.Fatalf("one more than the limit was served: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	open[0].Close()
	if err := <-ended; err != nil {
		t.Errorf("after one left: %v", err)
	}
}
