package admin_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"ladder/admin"
	"ladder/telemetry"
)

// message is one server-sent event.
type message struct{ kind, id, data string }

// listener reads a stream in the background.
type listener struct {
	messages chan message
	ended    chan error
	leave    context.CancelFunc
}

func listen(t *testing.T, url string, header map[string]string) *listener {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	t.Cleanup(leave)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("stream: %s", response.Status)
	}
	l := &listener{messages: make(chan message, 1000), ended: make(chan error, 1), leave: leave}
	go l.read(response.Body)
	return l
}

func (l *listener) read(body io.ReadCloser) {
	defer body.Close()
	var next message
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "event":
			next.kind = value
		case "id":
			next.id = value
		case "data":
			next.data = value
		case "":
			if next.kind != "" {
				l.messages <- next
			}
			next = message{}
		}
	}
	l.ended <- lines.Err()
}

// next waits for a message of a kind and passes over others.
func (l *listener) next(t *testing.T, kind string) message {
	t.Helper()
	timeout := time.After(10 * time.Second)
	for {
		select {
		case m := <-l.messages:
			if m.kind == kind {
				return m
			}
		case err := <-l.ended:
			t.Fatalf("the stream ended (%v) before a %s came", err, kind)
		case <-timeout:
			t.Fatalf("no %s came", kind)
		}
	}
}

func TestStreamTellsStatusEventsAndWarnings(t *testing.T) {
	n := newNode()
	stream := listen(t, start(t, n.options()).URL()+"/api/v1/events", nil)
	if status := decode[admin.Status](t, stream.next(t, "status").data); status.Name != "chirp" {
		t.Errorf("status: %+v", status)
	}
	n.mu.Lock()
	n.status.Name = "renamed"
	n.mu.Unlock()
	eventually(t, "a later status shows the change", func() bool {
		return decode[admin.Status](t, stream.next(t, "status").data).Name == "renamed"
	})

	n.health.Set(telemetry.DatabaseDown, "database", "it\nended")
	eventually(t, "the warning arrives", func() bool {
		list := decode[admin.WarningList](t, stream.next(t, "warning").data)
		return len(list.Warnings) == 1 && list.Warnings[0].Text == "it\nended"
	})
	n.health.Clear(telemetry.DatabaseDown, "database")
	eventually(t, "the end of the warning arrives", func() bool {
		return stream.next(t, "warning").data == `{"warnings":[]}`
	})
	n.bus.Publish(telemetry.Event{Code: "instance_exited", Subject: "app.1", Message: "line 1\nline 2"})
	eventually(t, "the event arrives", func() bool {
		return decode[telemetry.Event](t, stream.next(t, "event").data).Message == "line 1\nline 2"
	})
}

func TestStreamTellsSamples(t *testing.T) {
	series := telemetry.NewSeries(telemetry.TrafficFunc(func() telemetry.Traffic { return telemetry.Traffic{Connections: 7} }))
	if err := series.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = series.Stop(context.Background()) }()
	options := newNode().options()
	options.Series = series
	stream := listen(t, start(t, options).URL()+"/api/v1/events?types=sample", nil)
	first := decode[admin.Series](t, stream.next(t, "sample").data)
	second := decode[admin.Series](t, stream.next(t, "sample").data)
	if first.Connections[0] != 7 || second.Time[0] <= first.Time[len(first.Time)-1] {
		t.Errorf("samples: %+v, then %+v", first, second)
	}
}

func TestStreamResumesAfterTheLastEvent(t *testing.T) {
	n := newNode()
	url := start(t, n.options()).URL() + "/api/v1/events?types=event"
	n.bus.Publish(telemetry.Event{Code: "before"})

	first := listen(t, url, nil)
	publishUntilHeard(t, n, first)
	n.bus.Publish(telemetry.Event{Code: "seen"})
	seen := message{}
	for decode[telemetry.Event](t, seenData(t, first, &seen)).Code != "seen" {
	}
	first.leave()
	n.bus.Publish(telemetry.Event{Code: "missed"})

	resumed := listen(t, url, map[string]string{"Last-Event-ID": seen.id})
	if code := decode[telemetry.Event](t, resumed.next(t, "event").data).Code; code != "missed" {
		t.Errorf("the first event after coming back is %q", code)
	}
	stranger := listen(t, url, map[string]string{"Last-Event-ID": "earlier-process.4711"})
	if code := decode[telemetry.Event](t, stranger.next(t, "event").data).Code; code != "before" {
		t.Errorf("the first event for a client of an earlier process is %q", code)
	}
}

func seenData(t *testing.T, l *listener, into *message) string {
	t.Helper()
	*into = l.next(t, "event")
	return into.data
}

// publishUntilHeard waits until a stream is subscribed.
func publishUntilHeard(t *testing.T, n *node, l *listener) {
	t.Helper()
	eventually(t, "the stream hears events", func() bool {
		n.bus.Publish(telemetry.Event{Code: "tick"})
		return len(l.messages) > 0
	})
}

func TestStreamsAreBounded(t *testing.T) {
	n := newNode()
	server := start(t, n.options())
	url := server.URL() + "/api/v1/events"
	var open []*listener
	for range admin.MaxStreams {
		open = append(open, listen(t, url, nil))
	}
	if got := (call{url: url}).do(t); got.code != 503 || got.header.Get("Retry-After") == "" {
		t.Errorf("one stream too many: %d", got.code)
	}
	open[0].leave()
	eventually(t, "its place is free", func() bool { return server.OpenStreams() < admin.MaxStreams })
	listen(t, url, nil)
}

func TestUnknownStreamTypeIsRefused(t *testing.T) {
	got := call{url: start(t, newNode().options()).URL() + "/api/v1/events?types=status,nonsense"}.do(t)
	if got.code != 400 || !strings.Contains(got.body, "nonsense") {
		t.Errorf("unknown type: %d %s", got.code, got.body)
	}
}

// TestSlowClientIsDropped opens a stream and never reads from it.
func TestSlowClientIsDropped(t *testing.T) {
	n := newNode()
	n.status.Name = strings.Repeat("x", 8<<20) // more than the kernel buffers
	options := n.options()
	server := admin.New(options)
	server.SetStreamWriteTimeout(50 * time.Millisecond)
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Stop(context.Background()) }()
	connection, err := net.Dial("tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := io.WriteString(connection, "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := connection.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the stream is dropped", func() bool { return server.OpenStreams() == 0 })
}

func TestStreamsEndWhenTheServerStops(t *testing.T) {
	server := admin.New(newNode().options())
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	stream := listen(t, server.URL()+"/api/v1/events", nil)
	stream.next(t, "status")
	began := time.Now()
	if err := server.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("stopping took %v", took)
	}
	if err := <-stream.ended; err != nil {
		t.Errorf("the stream ended with %v, not cleanly", err)
	}
}

func TestStreamEventsAreOneLineOfJSON(t *testing.T) {
	n := newNode()
	stream := listen(t, start(t, n.options()).URL()+"/api/v1/events?types=event", nil)
	publishUntilHeard(t, n, stream)
	if m := stream.next(t, "event"); !json.Valid([]byte(m.data)) || m.id == "" {
		t.Errorf("event %+v", m)
	}
}
