package web

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"ladder/demo/chirp/store"
)

// watch opens the stream and sends on the data of each event.
func (s *site) watch(t *testing.T) <-chan string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, "GET", s.url+"/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if got := response.Header.Get("Content-Type"); response.StatusCode != 200 || got != "text/event-stream" {
		t.Fatalf("the stream answers %d, %s", response.StatusCode, got)
	}
	events := make(chan string, 100)
	go func() {
		defer response.Body.Close()
		defer close(events)
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			if data, is := strings.CutPrefix(lines.Text(), "data: "); is {
				events <- data
			}
		}
	}()
	return events
}

func TestNewPostsReachTheStreamsOfEveryInstance(t *testing.T) {
	url := server.Database(t)
	first, second := startOn(t, url), startOn(t, url)
	streams := []<-chan string{first.watch(t), second.watch(t), second.watch(t)}
	maya := first.member(t, "maya")
	for i, stream := range streams {
		heard := false
		for deadline := time.Now().Add(20 * time.Second); !heard && time.Now().Before(deadline); {
			maya.post("maya", "on\nair") // again and again: nobody says when an instance has begun to listen
			select {
			case data := <-stream:
				heard = strings.Contains(data, `"body":"on\nair"`) && strings.Contains(data, `"username":"maya"`)
			case <-time.After(50 * time.Millisecond):
			}
		}
		if !heard {
			t.Errorf("stream %d did not hear the post", i)
		}
	}
	second.web.EndStreams()
	for deadline := time.After(10 * time.Second); ; {
		select {
		case _, open := <-streams[1]:
			if !open {
				second.visitor(t).get("/stream").want(503)
				return
			}
		case <-deadline:
			t.Fatal("the stream did not end with the server")
		}
	}
}

func TestTheHubDropsReadersThatDoNotKeepUp(t *testing.T) {
	h := newHub()
	slow, fast := h.subscribe(), h.subscribe()
	for range streamBacklog + 1 {
		h.publish(store.Post{ID: 1, Body: "x"})
		<-fast
	}
	received := 0
	for range slow {
		received++
	}
	if received != streamBacklog {
		t.Errorf("a slow reader got %d events before it was dropped, want %d", received, streamBacklog)
	}
	h.unsubscribe(slow) // after it was dropped
	h.unsubscribe(fast)
	if len(h.open) != 0 {
		t.Errorf("%d readers are left", len(h.open))
	}
}

func TestTheHubIsBounded(t *testing.T) {
	h := newHub()
	for range maxStreams {
		if h.subscribe() == nil {
			t.Fatal("a reader below the bound was refused")
		}
	}
	if h.subscribe() != nil {
		t.Error("a reader above the bound was accepted")
	}
	h.close()
	if h.subscribe() != nil {
		t.Error("a reader was accepted after the end")
	}
}

// TestStreamsEndWithTheirReader makes sure that nobody is kept for a closed browser.
func TestStreamsEndWithTheirReader(t *testing.T) {
	s := startSite(t)
	response, err := http.Get(s.url + "/stream")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(response.Body, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		s.web.hub.mu.Lock()
		open := len(s.web.hub.open)
		s.web.hub.mu.Unlock()
		if open == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d streams are still open", open)
		}
	}
}
