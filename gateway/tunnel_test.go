package gateway

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestWebSocketGoesThrough(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *Options) { o.Timeouts.Response, o.Timeouts.Idle = brief, brief }, application(t, func(w http.ResponseWriter, r *http.Request) {
		socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			t.Error(err)
			return
		}
		socket.SetReadLimit(8 << 20)
		for {
			kind, message, err := socket.Read(context.Background())
			if err != nil {
				return
			}
			if err := socket.Write(context.Background(), kind, message); err != nil {
				return
			}
		}
	}))
	socket, _, err := websocket.Dial(t.Context(), "ws://"+f.address()+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.CloseNow()
	socket.SetReadLimit(8 << 20)
	for i, size := range []int{1, 100, 16 << 10, 16384, 300 << 10, 5 << 20} {
		message := strings.Repeat("m", size)
		if err := socket.Write(t.Context(), websocket.MessageBinary, []byte(message)); err != nil {
			t.Fatal(err)
		}
		_, back, err := socket.Read(t.Context())
		if err != nil || string(back) != message {
			t.Fatalf("message of %d bytes came back as %d, %v", size, len(back), err)
		}
		if i == 2 {
			time.Sleep(3 * brief) // no pause is too long for a tunnel
		}
	}
	entry, _ := f.pool.Load().Find("app.1")
	if entry.InFlight.Load() != 1 {
		t.Errorf("in flight %d while the tunnel is open", entry.InFlight.Load())
	}
	_ = socket.Close(websocket.StatusNormalClosure, "")
	f.logged(`"path":"/ws","status":101`, `"code":"upgraded"`)
	eventually(t, "the tunnel to end", func() bool { return entry.InFlight.Load() == 0 && f.Stats().InFlight == 0 })
}

// upgrading is an application that switches to a protocol of its own and then does what serve says.
func upgrading(t *testing.T, serve func(*rawConn)) string {
	return rawApplication(t, func(r *rawConn) {
		request, _, err := r.request()
		if err != nil {
			return
		}
		if request.Header.Get("Upgrade") != "my/1" || request.Header.Get("Connection") != "Upgrade" {
			t.Errorf("the application saw %v", request.Header)
		}
		r.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: my/1\r\n\r\nearly ")
		serve(r)
	})
}

const upgradeRequest = "GET /up HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: my/1\r\n\r\n"

func TestAnyProtocolIsTunnelledAndHalfCloseWorks(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil, upgrading(t, func(r *rawConn) {
		all, err := io.ReadAll(r.reader) // until the client has closed its side
		if err != nil {
			t.Error(err)
		}
		fmt.Fprintf(r, "got %q", all)
	}))
	raw := dialRaw(t, f.address())
	raw.say(upgradeRequest + "too early ")
	response, err := http.ReadResponse(raw.reader, nil)
	if err != nil || response.StatusCode != 101 || response.Header.Get("Upgrade") != "my/1" {
		t.Fatal(response, err)
	}
	raw.say("and more")
	_ = raw.CloseWrite()
	if rest := raw.ended(); rest != `early got "too early and more"` {
		t.Errorf("got %q", rest)
	}
	f.logged(`"path":"/up","status":101`, `"bytes_in":18`, `"code":"upgraded"`)
}

func TestHalfOpenTunnelIsBounded(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	f := newFixture(t, func(o *Options) { o.Timeouts.Response = brief }, upgrading(t, func(r *rawConn) {
		for b := make([]byte, 100); ; { // ignores the end of the stream and never says anything
			if _, err := r.Read(b); err != nil {
				<-gone
				return
			}
		}
	}))
	t.Cleanup(func() { close(gone) })
	raw := dialRaw(t, f.address())
	raw.say(upgradeRequest)
	_ = raw.CloseWrite()
	raw.ended()
	f.logged(`"path":"/up"`)
}

func TestTunnelEndsWithTheApplication(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil, upgrading(t, func(r *rawConn) { _ = r.SetLinger(0) }))
	raw := dialRaw(t, f.address())
	raw.say(upgradeRequest)
	raw.ended()
	f.logged(`"path":"/up"`)
}

func TestRefusedUpgradeIsAnOrdinaryAnswer(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil, application(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Upgrade", "my/2")
		w.Header().Set("Connection", "Upgrade")
		http.Error(w, "other version", 426)
	}))
	raw := dialRaw(t, f.address())
	for range 2 {
		raw.say(upgradeRequest)
		response, body := raw.response("GET")
		if response.StatusCode != 426 || body != "other version\n" || response.Header.Get("Upgrade") != "my/2" {
			t.Errorf("got %d %q %v", response.StatusCode, body, response.Header)
		}
	}
}

func TestServerSentEvents(t *testing.T) {
	t.Parallel()
	next := make(chan string)
	f := newFixture(t, func(o *Options) { o.Timeouts.Response = brief }, application(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		control := http.NewResponseController(w)
		_ = control.Flush()
		for {
			select {
			case text := <-next:
				fmt.Fprintf(w, "data: %s\n\n", text)
				_ = control.Flush()
			case <-r.Context().Done():
				next <- "gone"
				return
			}
		}
	}))
	response, err := client(t).Get(f.url("/events"))
	if err != nil {
		t.Fatal(err)
	}
	events := bufio.NewReader(response.Body)
	for i := range 3 {
		next <- fmt.Sprint(i) // the next is only sent once this one has come: nothing is held back
		line, err := events.ReadString('\n')
		if err != nil || line != fmt.Sprintf("data: %d\n", i) {
			t.Fatalf("got %q, %v", line, err)
		}
		_, _ = events.ReadString('\n')
		if i == 1 {
			time.Sleep(3 * brief) // no pause is too long for events
		}
	}
	_ = response.Body.Close()
	if got := <-next; got != "gone" {
		t.Errorf("got %q", got)
	}
	f.logged(`"path":"/events"`, `"code":"client-aborted"`)
}
