package gateway

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// brief is a time-out for tests: longer than a sweep, so that what is on time is not cut.
const brief = 400 * time.Millisecond

// tooLate is when a phase that is bounded by brief must have been cut, on a busy machine.
const tooLate = 10 * time.Second

func TestSlowHeadIsCutByAnAbsoluteDeadline(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *Options) { o.Limits.HeaderTimeout = brief }, application(t, echo))
	raw := dialRaw(t, f.address())
	began := time.Now()
	stop := make(chan struct{})
	go func() { // a byte now and then does not help
		defer close(stop)
		for _, b := range []byte("GET / HTTP/1.1\r\nHost: " + strings.Repeat("a", 10000)) {
			if _, err := raw.Write([]byte{b}); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	response, _ := raw.response("GET")
	if response.StatusCode != 408 || response.Header.Get("Ladder-Error") != "header-timeout" || !response.Close {
		t.Errorf("got %d %v", response.StatusCode, response.Header)
	}
	if took := time.Since(began); took < brief || took > tooLate {
		t.Errorf("cut after %v", took)
	}
	f.logged(`"status":408`, `"code":"header-timeout"`, `"method":"-"`)
	_ = raw.Close()
	<-stop
}

func TestSlowBodyIsCut(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *Options) { o.Timeouts.Body = brief }, application(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err == nil {
			t.Error("the application took the part for the whole")
		}
	}))
	for name, request := range map[string]string{
		"held whole": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345",
		"streamed":   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n12345",
		"chunked":    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			raw := dialRaw(t, f.address())
			raw.say(request)
			response, _ := raw.response("POST")
			if response.StatusCode != 408 || response.Header.Get("Ladder-Error") != "body-timeout" || !response.Close {
				t.Errorf("got %d %v", response.StatusCode, response.Header)
			}
		})
	}
	f.logged(`"status":408`, `"code":"body-timeout"`)
}

func TestBodyThatGoesOnIsNotCut(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *Options) { o.Timeouts.Body = brief }, application(t, echo))
	raw := dialRaw(t, f.address())
	raw.say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
	for began := time.Now(); time.Since(began) < 3*brief; time.Sleep(brief / 10) {
		raw.say("1\r\nx\r\n")
	}
	raw.say("0\r\n\r\n")
	if response, _ := raw.response("POST"); response.StatusCode != 200 {
		t.Errorf("got %d", response.StatusCode)
	}
}

func TestIdleConnectionIsClosedInSilence(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *Options) { o.Timeouts.Idle = brief }, application(t, echo))
	fresh, used := dialRaw(t, f.address()), dialRaw(t, f.address())
	used.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	used.response("GET")
	for _, raw := range []*rawConn{fresh, used} {
		if rest := raw.ended(); rest != "" {
			t.Errorf("got %q", rest)
		}
	}
	if stats := f.Stats(); stats.Requests != 1 {
		t.Errorf("%d requests were counted", stats.Requests)
	}
}

func TestSlowReaderIsCut(t *testing.T) {
	t.Parallel()
	for name, length := range map[string]bool{"spliced": true, "chunked": false} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, func(o *Options) { o.Timeouts.Write = brief }, application(t, func(w http.ResponseWriter, r *http.Request) {
				if length {
					w.Header().Set("Content-Length", "104857600")
				}
				piece := make([]byte, 1<<20)
				for range 100 {
					if _, err := w.Write(piece); err != nil {
						return
					}
				}
			}))
			raw := dialRaw(t, f.address())
			raw.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			line := f.logged(`"code":"client-write-timeout"`) // the client never reads
			if !strings.Contains(line, `"status":200`) {
				t.Error(line)
			}
			eventually(t, "the connection's end", func() bool { return f.Stats().Connections == 0 })
		})
	}
}

func TestReaderThatIsSlowButSteadyIsNotCut(t *testing.T) {
	t.Parallel()
	const size = 8 << 20
	f := newFixture(t, func(o *Options) { o.Timeouts.Write = time.Second }, application(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "8388608")
		_, _ = w.Write(make([]byte, size))
	}))
	raw := dialRaw(t, f.address())
	_ = raw.SetReadBuffer(64 << 10)
	raw.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	response, err := http.ReadResponse(raw.reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := int64(0)
	for began := time.Now(); time.Since(began) < 2500*time.Millisecond && got < size; time.Sleep(20 * time.Millisecond) {
		n, err := io.CopyN(io.Discard, response.Body, 50<<10)
		got += n
		if err != nil {
			t.Fatal(err)
		}
	}
	rest, err := io.Copy(io.Discard, response.Body)
	if err != nil || got+rest != size {
		t.Errorf("got %d bytes, %v", got+rest, err)
	}
}

func TestSilentApplicationIsGivenUp(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	f := newFixture(t, func(o *Options) { o.Timeouts.Response = brief }, rawApplication(t, func(r *rawConn) {
		request, _, err := r.request()
		if err != nil {
			return
		}
		if request.URL.Path == "/half" {
			r.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
		}
		<-release
	}))
	t.Cleanup(func() { close(release) })
	raw := dialRaw(t, f.address())
	for range 2 { // the connection is kept: the client is not to blame
		raw.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		response, _ := raw.response("GET")
		if response.StatusCode != 504 || response.Header.Get("Ladder-Error") != "response-timeout" {
			t.Errorf("got %d %v", response.StatusCode, response.Header)
		}
	}
	raw.say("GET /half HTTP/1.1\r\nHost: a\r\n\r\n")
	if answer := raw.ended(); !strings.HasSuffix(answer, "\r\n\r\nhalf") {
		t.Errorf("got %q", answer)
	}
	f.logged(`"path":"/half","status":200`, `"code":"response-timeout"`)
	entry, _ := f.pool.Load().Find("app.1")
	if entry.InFlight.Load() != 0 || entry.Failed.Load() != 3 {
		t.Errorf("in flight %d, failed %d", entry.InFlight.Load(), entry.Failed.Load())
	}
}

func TestResponseTimeoutBeginsAfterTheBody(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *Options) { o.Timeouts.Response = brief }, application(t, echo))
	raw := dialRaw(t, f.address())
	raw.say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
	time.Sleep(2 * brief) // of the client's making: the application owes nothing yet
	raw.say("0\r\n\r\n")
	if response, body := raw.response("POST"); response.StatusCode != 200 || body != "x" {
		t.Errorf("got %d %q", response.StatusCode, body)
	}
}

func TestClientThatLeavesFreesTheApplication(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*rawConn){
		"reset":  func(r *rawConn) { _ = r.SetLinger(0); _ = r.Close() },
		"closed": func(r *rawConn) { _ = r.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			asked, gone := make(chan struct{}), make(chan struct{})
			f := newFixture(t, nil, application(t, func(_ http.ResponseWriter, r *http.Request) {
				close(asked)
				<-r.Context().Done() // net/http sees the connection's end
				close(gone)
			}))
			raw := dialRaw(t, f.address())
			raw.say("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
			<-asked
			leave(raw)
			select {
			case <-gone:
			case <-time.After(patience):
				t.Fatal("the application still works for a client that has gone")
			}
			f.logged(`"path":"/slow","status":499`, `"code":"client-aborted"`)
		})
	}
}

func TestHalfClosedClientIsStillAnswered(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil, application(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(1500 * time.Millisecond)
		_, _ = io.WriteString(w, "late")
	}))
	raw := dialRaw(t, f.address())
	raw.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	_ = raw.CloseWrite()
	if _, body := raw.response("GET"); body != "late" {
		t.Errorf("got %q", body)
	}
	raw.ended()
}
