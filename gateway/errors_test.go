package gateway

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"ladder/topology"
)

// closedPort is an address at which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestCodesAreATable(t *testing.T) {
	names := map[string]bool{}
	for _, info := range Codes() {
		if info.Name == "" || info.Meaning == "" || info.Advice == "" || names[info.Name] {
			t.Errorf("incomplete or repeated: %+v", info)
		}
		answers := info.Status >= 400 && info.Status != statusClientClosed
		if answers && (info.Title == "" || info.Failed == SideNone) {
			t.Errorf("%s answers clients and does not say who failed", info.Name)
		}
		if info.Code.String() != info.Name {
			t.Errorf("%d is %s and %s", info.Code, info.Code, info.Name)
		}
		names[info.Name] = true
	}
}

func TestErrorPagesSayWhichSideFailed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil, closedPort(t))
	ask := func(method, accept string) (*http.Response, string) {
		request, _ := http.NewRequest(method, f.url("/x"), nil)
		request.Header.Set("Accept", accept)
		response, err := client(t).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		return response, readAll(t, response)
	}
	for _, try := range []struct{ accept, media, part string }{
		{"text/html,application/xhtml+xml", "text/html", "<dt>Failed</dt><dd>the application</dd>"},
		{"*/*", "text/plain", "Failed: the application. Code: connect-failed."},
		{"application/json", "application/json", `"failed":"application"`},
	} {
		response, body := ask("GET", try.accept)
		if response.StatusCode != 502 || response.Header.Get("Ladder-Error") != "connect-failed" {
			t.Errorf("%d %v", response.StatusCode, response.Header)
		}
		if !strings.HasPrefix(response.Header.Get("Content-Type"), try.media) || !strings.Contains(body, try.part) {
			t.Errorf("Accept %q got %q:\n%s", try.accept, response.Header.Get("Content-Type"), body)
		}
		if id := response.Header.Get("X-Request-Id"); id == "" || !strings.Contains(body, id) {
			t.Errorf("the page does not have the request id %q", id)
		}
	}
	_, body := ask("GET", "application/json")
	var document struct {
		Status                                   int
		Code, Failed, Title, Message, Request_id string
	}
	if err := json.Unmarshal([]byte(body), &document); err != nil || document.Status != 502 || document.Code != "connect-failed" {
		t.Errorf("%v: %s", err, body)
	}
	if response, body := ask("HEAD", "*/*"); body != "" || response.ContentLength <= 0 {
		t.Errorf("HEAD got a body %q, length %d", body, response.ContentLength)
	}
}

func TestNoInstanceKeepsTheConnection(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	raw := dialRaw(t, f.address())
	for range 2 {
		raw.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
		response, _ := raw.response("POST")
		if response.StatusCode != 503 || response.Header.Get("Ladder-Error") != "no-instance" || response.Header.Get("Retry-After") == "" {
			t.Errorf("got %d %v", response.StatusCode, response.Header)
		}
	}
	f.pool.Add(topology.NewMember("app.1", application(t, echo)), topology.Up, "")
	raw.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
	if response, body := raw.response("POST"); response.StatusCode != 200 || body != "abc" {
		t.Errorf("got %d %q", response.StatusCode, body)
	}
	f.logged(`"status":503`, `"member":"-"`, `"code":"no-instance"`)
}

func TestClientFaultsAreAnsweredAndTheConnectionClosed(t *testing.T) {
	t.Parallel()
	reached := make(chan string, 1)
	limits := func(o *Options) { o.Limits = Limits{Body: 1000, Head: 4096, Headers: 20} }
	f := newFixture(t, limits, application(t, func(w http.ResponseWriter, r *http.Request) {
		reached <- r.Method + " " + r.URL.Path
	}))
	for _, try := range []struct {
		request string
		status  int
		code    string
	}{
		{"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad-request"},
		{"GET / HTTP/1.1\r\n\r\n", 400, "bad-request"},
		{"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "version-refused"},
		{"GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: y\r\n", 21) + "\r\n", 431, "head-too-large"},
		{"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("y", 5000) + "\r\n\r\n", 431, "head-too-large"},
		{"GET /" + strings.Repeat("y", 5000) + " HTTP/1.1\r\nHost: a\r\n\r\n", 414, "target-too-long"},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n", 413, "body-too-large"},
		{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501, "not-implemented"},
		{"GET / HTTP/1.1\r\nHost: a\r\nExpect: cake\r\n\r\n", 417, "expectation-failed"},
		{"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method-refused"},
		{"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405, "method-refused"},
	} {
		raw := dialRaw(t, f.address())
		raw.say(try.request)
		response, _ := raw.response("GET")
		if response.StatusCode != try.status || response.Header.Get("Ladder-Error") != try.code {
			t.Errorf("%.40q: %d %s", try.request, response.StatusCode, response.Header.Get("Ladder-Error"))
		}
		if !response.Close {
			t.Errorf("%.40q: the answer does not close the connection", try.request)
		}
		if rest := raw.ended(); rest != "" {
			t.Errorf("%.40q: then came %q", try.request, rest)
		}
		f.logged(fmt.Sprintf(`"status":%d`, try.status), try.code)
	}
	select {
	case got := <-reached:
		t.Errorf("the application was asked for %s", got)
	default:
	}
}

func TestChunkedBodyOverTheLimitIsCutOff(t *testing.T) {
	t.Parallel()
	aborted := make(chan error, 1)
	f := newFixture(t, func(o *Options) { o.Limits.Body = 10000 }, application(t, func(_ http.ResponseWriter, r *http.Request) {
		_, err := r.Body.Read(make([]byte, 1<<20))
		for err == nil {
			_, err = r.Body.Read(make([]byte, 1<<20))
		}
		aborted <- err
	}))
	raw := dialRaw(t, f.address())
	raw.say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
	for range 3 {
		raw.say("1000\r\n" + strings.Repeat("x", 0x1000) + "\r\n")
	}
	response, _ := raw.response("POST")
	if response.StatusCode != 413 || !response.Close {
		t.Errorf("got %d, close %v", response.StatusCode, response.Close)
	}
	if err := <-aborted; err == nil || err.Error() == "EOF" {
		t.Errorf("the application took the part for the whole: %v", err)
	}
	f.logged(`"code":"body-too-large"`)
}

func TestMalformedChunkBreaksTheRequestOff(t *testing.T) {
	t.Parallel()
	aborted := make(chan error, 1)
	f := newFixture(t, nil, application(t, func(_ http.ResponseWriter, r *http.Request) {
		b := make([]byte, 100)
		var err error
		for err == nil {
			_, err = r.Body.Read(b)
		}
		aborted <- err
	}))
	raw := dialRaw(t, f.address())
	raw.say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n+2\r\nno\r\n0\r\n\r\n")
	response, _ := raw.response("POST")
	if response.StatusCode != 400 || response.Header.Get("Ladder-Error") != "bad-request" {
		t.Errorf("got %d", response.StatusCode)
	}
	if err := <-aborted; err.Error() == "EOF" {
		t.Error("the application took the part for the whole")
	}
	f.logged(`"code":"bad-request"`, `"detail":"bad-chunk-size"`)
}

func TestApplicationFaults(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]struct {
		answer string // "" hangs up at once
		status int
		code   string
	}{
		"hangs up":           {"", 502, "response-broken"},
		"half a head":        {"HTTP/1.1 200 OK\r\nContent-", 502, "response-broken"},
		"not HTTP":           {"SSH-2.0-OpenSSH_9.2\r\n\r\n", 502, "response-malformed"},
		"two lengths":        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", 502, "response-malformed"},
		"unasked 101":        {"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", 502, "response-malformed"},
		"endless head":       {"HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 200), 502, "response-malformed"},
		"bad chunk at once":  {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\nxx\r\n", 502, "response-malformed"},
		"hangs up after 103": {"HTTP/1.1 103 Early Hints\r\n\r\n", 502, "response-broken"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil, rawApplication(t, func(r *rawConn) {
				if _, _, err := r.request(); err == nil && try.answer != "" {
					_, _ = r.Write([]byte(try.answer))
				}
			}))
			raw := dialRaw(t, f.address())
			for range 2 {
				raw.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
				response, _ := raw.response("POST")
				if response.StatusCode == 103 {
					response, _ = raw.response("POST")
				}
				if response.StatusCode != try.status || response.Header.Get("Ladder-Error") != try.code {
					t.Errorf("got %d %q", response.StatusCode, response.Header.Get("Ladder-Error"))
				}
			}
			f.logged(`"code":"` + try.code + `"`)
			entry, _ := f.pool.Load().Find("app.1")
			if entry.Failed.Load() != 2 || entry.InFlight.Load() != 0 {
				t.Errorf("failed %d, in flight %d", entry.Failed.Load(), entry.InFlight.Load())
			}
		})
	}
}

func TestBrokenOffAnswersAreNeverTakenForWhole(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"length":    "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart",
		"chunked":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
		"bad chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9c40\r\n" + strings.Repeat("part", 10000) + "\r\nxx\r\n",
		"spliced":   "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("part", 50000),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil, rawApplication(t, func(r *rawConn) {
				if _, _, err := r.request(); err == nil {
					_, _ = r.Write([]byte(answer))
				}
			}))
			// a request that must not be repeated: the beginning of its answer is not held back for the end
			response, err := client(t).Post(f.url("/"), "text/plain", nil)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			var whole error
			for b := make([]byte, 1000); whole == nil; {
				_, whole = response.Body.Read(b)
			}
			if whole.Error() == "EOF" {
				t.Error("the client took the part for the whole")
			}
			f.logged(`"status":200`, "response-")
			if stats := f.Stats(); stats.Failed != 1 {
				t.Errorf("failed %d", stats.Failed)
			}
		})
	}
	t.Run("close-delimited is reset", func(t *testing.T) {
		f := newFixture(t, func(o *Options) { o.Timeouts.Response = 300 * time.Millisecond }, rawApplication(t, func(r *rawConn) {
			if _, _, err := r.request(); err == nil {
				_, _ = r.Write([]byte("HTTP/1.1 200 OK\r\n\r\npart"))
				_, _ = r.reader.ReadByte() // until the gateway gives up
			}
		}))
		raw := dialRaw(t, f.address())
		raw.say("GET / HTTP/1.0\r\n\r\n")
		var err error
		for b := make([]byte, 1000); err == nil; {
			_, err = raw.Read(b)
		}
		if !strings.Contains(err.Error(), "reset") {
			t.Errorf("the connection ended with %v", err)
		}
		f.logged(`"status":200`, `"code":"response-timeout"`)
	})
}
