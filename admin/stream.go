package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ladder/telemetry"
)

// The types of stream events.
const (
	streamStatus  = "status"  // Status, at once and then every StatusInterval
	streamSample  = "sample"  // Series with the seconds that are new since the last one
	streamEvent   = "event"   // telemetry.Event, as it happens
	streamWarning = "warning" // WarningList, when one comes, goes or changes
)

// streamRetry is how long a browser waits before it comes back.
const streamRetry = time.Second

// stream is one client of GET /api/v1/events (server-sent events, HTML Living Standard section 9.2).
type stream struct {
	server  *Server
	options *Options
	w       http.ResponseWriter
	control *http.ResponseController
	wanted  map[string]bool

	past     []telemetry.Event // that the client missed while it was away
	events   *telemetry.Subscription
	sampled  time.Time // of the newest sample that was sent
	lastSent time.Time
}

// serveEvents streams until the client goes, falls behind or the server stops.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		w.Header().Set("Retry-After", "10")
		fail(w, http.StatusServiceUnavailable, Failure{
			Error: "too many event streams are open", Hint: "close dashboards that nobody looks at",
		})
		return
	}
	wanted, err := wantedTypes(r.URL.Query()["types"])
	if err != nil {
		fail(w, http.StatusBadRequest, Failure{Error: err.Error()})
		return
	}
	t := &stream{server: s, options: s.options.Load(), w: w, control: http.NewResponseController(w), wanted: wanted, sampled: time.Now()}
	_ = t.control.SetReadDeadline(time.Time{}) // the server's would end the stream, since nothing more is read
	t.subscribe(r.Header.Get("Last-Event-ID"))
	defer t.events.Close()
	w.Header().Set("Content-Type", "text/event-stream")
	_ = t.run(r) // the client is gone or too slow; it comes back by itself
}

// wantedTypes reads ?types=status,event; none means all.
func wantedTypes(parameters []string) (map[string]bool, error) {
	wanted := map[string]bool{streamStatus: true, streamSample: true, streamEvent: true, streamWarning: true}
	if len(parameters) == 0 {
		return wanted, nil
	}
	chosen := make(map[string]bool)
	for _, name := range strings.Split(strings.Join(parameters, ","), ",") {
		if !wanted[name] {
			return nil, fmt.Errorf("there is no event type %q: types are status, sample, event, warning", name)
		}
		chosen[name] = true
	}
	return chosen, nil
}

// subscribe begins with the events after the one that the client saw last; a new client begins with the next one.
func (t *stream) subscribe(lastID string) {
	if lastID == "" {
		t.events = t.options.Bus.Subscribe()
		return
	}
	seen := uint64(0) // an ID of another process: everything that is remembered is new
	if boot, number, found := strings.Cut(lastID, "."); found && boot == t.server.boot {
		seen, _ = strconv.ParseUint(number, 10, 64)
	}
	t.past, t.events = t.options.Bus.SubscribeSince(seen)
}

// run sends until sending fails or the request's context is done.
func (t *stream) run(r *http.Request) error {
	if err := t.begin(); err != nil {
		return err
	}
	ticker := time.NewTicker(StatusInterval)
	defer ticker.Stop()
	changed := t.options.Health.Changed()
	for {
		var err error
		select {
		case <-r.Context().Done():
			return nil
		case event := <-t.events.Events():
			if t.events.Dropped() > 0 {
				return nil // too slow; it comes back with the ID of the last event that it saw
			}
			err = t.sendEvent(event)
		case <-changed:
			changed = t.options.Health.Changed()
			err = t.sendWarnings()
		case <-ticker.C:
			err = t.tick()
		}
		if err != nil {
			return err
		}
	}
}

// begin sends what a client needs to start with.
func (t *stream) begin() error {
	if err := t.write(fmt.Sprintf("retry: %d\n\n", streamRetry.Milliseconds())); err != nil {
		return err
	}
	for _, event := range t.past {
		if err := t.sendEvent(event); err != nil {
			return err
		}
	}
	if err := t.sendWarnings(); err != nil {
		return err
	}
	return t.tick()
}

// tick sends what is due each second, or a comment when nothing has been sent for long.
func (t *stream) tick() error {
	if err := t.sendStatus(); err != nil {
		return err
	}
	if err := t.sendSamples(); err != nil {
		return err
	}
	if time.Since(t.lastSent) >= HeartbeatInterval {
		return t.write(": alive\n\n")
	}
	return nil
}

func (t *stream) sendStatus() error {
	if !t.wanted[streamStatus] {
		return nil
	}
	text, err := t.server.status.get(t.server.options.Load())
	if err != nil {
		return err
	}
	return t.write("event: " + streamStatus + "\ndata: " + string(text) + "\n\n")
}

func (t *stream) sendSamples() error {
	if !t.wanted[streamSample] || t.options.Series == nil {
		return nil
	}
	samples := t.options.Series.Since(t.sampled)
	if len(samples) == 0 {
		return nil
	}
	t.sampled = samples[len(samples)-1].Time
	return t.send(streamSample, "", seriesOf(samples))
}

func (t *stream) sendEvent(event telemetry.Event) error {
	if !t.wanted[streamEvent] {
		return nil
	}
	return t.send(streamEvent, t.server.boot+"."+strconv.FormatUint(event.ID, 10), event)
}

func (t *stream) sendWarnings() error {
	if !t.wanted[streamWarning] {
		return nil
	}
	return t.send(streamWarning, "", WarningList{Warnings: orEmpty(t.options.Health.Current())})
}

func (t *stream) send(kind, id string, document any) error {
	text, err := json.Marshal(document)
	if err != nil {
		return err
	}
	head := "event: " + kind + "\n"
	if id != "" {
		head += "id: " + id + "\n"
	}
	return t.write(head + "data: " + string(text) + "\n\n")
}

// write sends one event whole, within the time that a client has for it.
func (t *stream) write(text string) error {
	t.lastSent = time.Now()
	if err := t.control.SetWriteDeadline(t.lastSent.Add(t.server.streamWriteTimeout)); err != nil {
		return err
	}
	if _, err := t.w.Write([]byte(text)); err != nil {
		return err
	}
	return t.control.Flush()
}
