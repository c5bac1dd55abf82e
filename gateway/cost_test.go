package gateway

import (
	"fmt"
	"net"
	"net/http"
	"runtime"
	"syscall"
	"testing"
	"time"
)

const (
	// idleConnections are how many clients the idle test has, and idleBudget what they may cost in bytes.
	idleConnections = 10000
	idleBudget      = 70 << 20
)

// TestIdleConnectionsAreCheap opens ten thousand connections to a gateway in a process of its own, sends a request over each, and
// looks at what the process holds when all of them are idle.
func TestIdleConnectionsAreCheap(t *testing.T) {
	if raceEnabled || testing.Short() {
		t.Skip("the race detector multiplies memory")
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < idleConnections+1000 {
		t.Skipf("the file limit of %d is too low", limit.Cur)
	}
	gateway := startChild(t, application(t, echo))
	ask := func(connection net.Conn, answer []byte) {
		_ = connection.SetDeadline(time.Now().Add(patience))
		if _, err := connection.Write([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		if _, err := connection.Read(answer); err != nil {
			t.Fatal(err)
		}
	}
	dial := func() net.Conn {
		connection, err := net.Dial("tcp", gateway.address)
		if err != nil {
			t.Fatal(err)
		}
		return connection
	}
	answer := make([]byte, 4096)
	first := dial()
	defer first.Close()
	for range 100 {
		ask(first, answer)
	}
	before := gateway.resident(t)
	for range idleConnections {
		connection := dial()
		defer connection.Close()
		ask(connection, answer)
	}
	time.Sleep(4 * SweepInterval)
	cost := gateway.resident(t) - before
	t.Logf("%d idle connections cost %.1f MiB, %d bytes each", idleConnections, float64(cost)/(1<<20), cost/idleConnections)
	if cost > idleBudget {
		t.Errorf("more than %d MiB", idleBudget>>20)
	}
}

// TestSmallRequestsAllocateNothing counts what a steady stream of small requests allocates, client and application aside: those
// are raw and allocate nothing themselves.
func TestSmallRequestsAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	const answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Mon, 23 Nov 2026 13:00:00 GMT\r\nContent-Length: 13\r\n\r\nhello, world\n"
	f := newFixture(t, nil, rawApplication(t, func(r *rawConn) {
		b := make([]byte, 4096)
		for {
			if _, err := r.Read(b); err != nil {
				return
			}
			if _, err := r.Write([]byte(answer)); err != nil {
				return
			}
		}
	}))
	raw := dialRaw(t, f.address())
	_ = raw.SetDeadline(time.Time{})
	for name, request := range map[string]string{
		"GET":  "GET /path?query HTTP/1.1\r\nHost: a.example\r\nUser-Agent: test\r\nAccept: */*\r\nCookie: session=0123456789\r\n\r\n",
		"POST": "POST /path HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello",
	} {
		t.Run(name, func(t *testing.T) {
			sent, got := []byte(request), make([]byte, 4096)
			one := func() {
				if _, err := raw.Write(sent); err != nil {
					t.Fatal(err)
				}
				if _, err := raw.Read(got); err != nil {
					t.Fatal(err)
				}
			}
			for range 2000 {
				one()
			}
			const count = 20000
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range count {
				one()
			}
			runtime.ReadMemStats(&after)
			if each := float64(after.Mallocs-before.Mallocs) / count; each > 0.1 {
				t.Errorf("%.3f allocations for each request", each)
			}
		})
	}
}

// BenchmarkSmallRequest is one client, one request after the other, over real sockets.
func BenchmarkSmallRequest(b *testing.B) {
	f := newFixture(b, nil, application(b, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello, world") }))
	raw := dialRaw(b, f.address())
	_ = raw.SetDeadline(time.Time{})
	request, answer := []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), make([]byte, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := raw.Write(request); err != nil {
			b.Fatal(err)
		}
		if _, err := raw.Read(answer); err != nil {
			b.Fatal(err)
		}
	}
}
