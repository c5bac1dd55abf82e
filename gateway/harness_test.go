package gateway

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ladder/topology"
)

func TestMain(m *testing.M) {
	for _, run := range []func() (int, bool){runChild, runApplication} {
		if code, ours := run(); ours {
			os.Exit(code)
		}
	}
	goleak.VerifyTestMain(m)
}

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// logBuffer is an access log that can be looked at.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(lines []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(lines)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// fixture is a gateway with its pool, on a port of its own.
type fixture struct {
	*Gateway
	t       testing.TB
	pool    *topology.Pool
	log     *logBuffer
	options Options
}

// newFixture starts a gateway in front of the members at the addresses, named app.1, app.2 …
func newFixture(t testing.TB, edit func(*Options), addresses ...string) *fixture {
	t.Helper()
	f := &fixture{t: t, pool: topology.NewPool("app"), log: &logBuffer{}}
	for i, address := range addresses {
		f.pool.Add(topology.NewMember(fmt.Sprintf("app.%d", i+1), address), topology.Up, "")
	}
	f.options = Options{Listen: []string{"127.0.0.1:0"}, Pool: f.pool, AccessLog: AccessLog{Writer: f.log}}
	if edit != nil {
		edit(&f.options)
	}
	var err error
	if f.Gateway, err = New(f.options); err != nil {
		t.Fatal(err)
	}
	if err := f.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.stop)
	return f
}

func (f *fixture) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := f.Stop(ctx); err != nil {
		f.t.Errorf("stop: %v", err)
	}
}

func (f *fixture) address() string        { return f.Addresses()[0].String() }
func (f *fixture) url(path string) string { return "http://" + f.address() + path }

// eventually waits until condition holds.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, patience)
		}
		time.Sleep(time.Millisecond)
	}
}

// logged waits for a line of the access log with all the parts, and returns it.
func (f *fixture) logged(parts ...string) string {
	f.t.Helper()
	var found string
	eventually(f.t, fmt.Sprintf("access log line with %q", parts), func() bool {
		f.Gateway.log.flush()
	lines:
		for line := range strings.Lines(f.log.String()) {
			for _, part := range parts {
				if !strings.Contains(line, part) {
					continue lines
				}
			}
			found = line
			return true
		}
		return false
	})
	return found
}

// application serves handler with net/http and returns its address.
func application(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// client makes an HTTP client that closes its connections at the end of the test.
func client(t testing.TB) *http.Client {
	t.Helper()
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 256}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// get asks for a path and reads the whole answer.
func (f *fixture) get(c *http.Client, path string) (*http.Response, string) {
	f.t.Helper()
	response, err := c.Get(f.url(path))
	if err != nil {
		f.t.Fatal(err)
	}
	return response, readAll(f.t, response)
}

func readAll(t testing.TB, response *http.Response) string {
	t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// rawConn is a client, or an application, that says exactly what the test wants.
type rawConn struct {
	*net.TCPConn
	t      testing.TB
	reader *bufio.Reader
}

func dialRaw(t testing.TB, address string) *rawConn {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return newRaw(t, connection)
}

func newRaw(t testing.TB, connection net.Conn) *rawConn {
	t.Cleanup(func() { _ = connection.Close() })
	_ = connection.SetDeadline(time.Now().Add(patience))
	return &rawConn{connection.(*net.TCPConn), t, bufio.NewReader(connection)}
}

func (r *rawConn) say(text string) {
	r.t.Helper()
	if _, err := io.WriteString(r, text); err != nil {
		r.t.Fatalf("writing: %v", err)
	}
}

// response reads one response to a request with that method, body and all.
func (r *rawConn) response(method string) (*http.Response, string) {
	r.t.Helper()
	response, err := http.ReadResponse(r.reader, &http.Request{Method: method})
	if err != nil {
		r.t.Fatalf("reading a response: %v", err)
	}
	return response, readAll(r.t, response)
}

// ended asserts that the connection is closed by the peer, and returns what came before.
func (r *rawConn) ended() string {
	r.t.Helper()
	rest, err := io.ReadAll(r.reader)
	if err != nil && !strings.Contains(err.Error(), "reset") {
		r.t.Fatalf("waiting for the end: %v", err)
	}
	return string(rest)
}

// rawApplication accepts connections and hands each to serve, which says exactly what the test wants.
func rawApplication(t testing.TB, serve func(*rawConn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); running.Wait() })
	running.Go(func() {
		for {
			connection, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer connection.Close()
				serve(&rawConn{connection.(*net.TCPConn), t, bufio.NewReader(connection)})
			})
		}
	})
	return l.Addr().String()
}

// request reads one request, as an application does.
func (r *rawConn) request() (*http.Request, string, error) {
	request, err := http.ReadRequest(r.reader)
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(request.Body)
	return request, string(body), err
}
