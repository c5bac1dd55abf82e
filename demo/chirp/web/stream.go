package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"ladder/demo/chirp/store"
)

const (
	// maxStreams of one instance; each is a connection that stays open.
	maxStreams = 2000
	// streamBacklog is how many posts may wait for one slow reader before it is dropped; its browser connects again.
	streamBacklog = 32
	// streamHeartbeat keeps proxies from taking a quiet stream for a dead one.
	streamHeartbeat = 15 * time.Second
	// streamWriteTimeout for one event; the server's own limit is for whole responses.
	streamWriteTimeout = 10 * time.Second
	// streamRetry is how long a browser waits before it connects again, in milliseconds.
	streamRetry = 1000
)

// hub hands each new post to every open stream.
type hub struct {
	mu     sync.Mutex
	closed bool
	open   map[chan []byte]struct{}
}

func newHub() *hub { return &hub{open: make(map[chan []byte]struct{})} }

// subscribe returns a channel of events that is closed when the stream shall end, or nil if there are too many.
func (h *hub) subscribe() chan []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.open) >= maxStreams {
		return nil
	}
	events := make(chan []byte, streamBacklog)
	h.open[events] = struct{}{}
	return events
}

func (h *hub) unsubscribe(events chan []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.end(events)
}

// end is called with the lock held; ending twice is fine.
func (h *hub) end(events chan []byte) {
	if _, open := h.open[events]; open {
		delete(h.open, events)
		close(events)
	}
}

func (h *hub) publish(post store.Post) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.open) == 0 {
		return
	}
	data, err := json.Marshal(newPostJSON(post))
	if err != nil {
		return // cannot be: it is made of strings
	}
	event := fmt.Appendf(nil, "event: post\nid: %s\ndata: %s\n\n", post.ID, data)
	for events := range h.open {
		select {
		case events <- event:
		default:
			h.end(events)
		}
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for events := range h.open {
		h.end(events)
	}
}

// stream sends new posts as server-sent events until the reader goes away or the server stops.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) error {
	events := s.hub.subscribe()
	if events == nil {
		return &statusError{http.StatusServiceUnavailable, "Too many people are watching. Please try again later.", ""}
	}
	defer s.hub.unsubscribe(events)
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no")
	heartbeat := time.NewTicker(streamHeartbeat)
	defer heartbeat.Stop()

	control := http.NewResponseController(w)
	event := fmt.Appendf(nil, "retry: %d\n: welcome\n\n", streamRetry)
	for {
		_ = control.SetWriteDeadline(time.Now().Add(streamWriteTimeout)) // a recorder in tests has no deadlines
		if _, err := w.Write(event); err != nil {
			return nil //nolint:nilerr // the reader went away
		}
		if err := control.Flush(); err != nil {
			return nil //nolint:nilerr // the reader went away
		}
		select {
		case next, open := <-events:
			if !open {
				return nil
			}
			event = next
		case <-heartbeat.C:
			event = []byte(": still here\n\n")
		case <-r.Context().Done():
			return nil
		}
	}
}
