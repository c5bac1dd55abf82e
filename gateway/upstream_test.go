package gateway

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ladder/topology"
)

// countingApplication counts the connections that are opened to it.
func countingApplication(t *testing.T, handler http.HandlerFunc) (address string, opened *atomic.Int64) {
	opened = &atomic.Int64{}
	server := httptest.NewUnstartedServer(handler)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), opened
}

func TestConnectionsToTheApplicationAreReused(t *testing.T) {
	t.Parallel()
	address, opened := countingApplication(t, echo)
	f := newFixture(t, nil, address)
	for range 20 { // twenty clients, one after the other
		c := client(t)
		for _, method := range []string{"GET", "POST"} {
			request, _ := http.NewRequest(method, f.url("/"), strings.NewReader("x"))
			response, err := c.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			readAll(t, response)
		}
		f.get(c, "/")
		c.CloseIdleConnections()
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections were opened", n)
	}
	entry, _ := f.pool.Load().Find("app.1")
	if entry.Handled.Load() != 60 || entry.InFlight.Load() != 0 || entry.Failed.Load() != 0 {
		t.Errorf("handled %d, in flight %d, failed %d", entry.Handled.Load(), entry.InFlight.Load(), entry.Failed.Load())
	}
}

func TestRotationIsPlain(t *testing.T) {
	t.Parallel()
	var addresses []string
	var counts [3]atomic.Int64
	for i := range counts {
		addresses = append(addresses, application(t, func(http.ResponseWriter, *http.Request) { counts[i].Add(1) }))
	}
	f := newFixture(t, nil, addresses...)
	c := client(t)
	for range 30 {
		f.get(c, "/")
	}
	for i := range counts {
		if n := counts[i].Load(); n != 10 {
			t.Errorf("instance %d got %d of 30", i, n)
		}
	}
	f.pool.SetState("app.2", topology.Draining, "test")
	for range 10 {
		f.get(c, "/")
	}
	if n := counts[1].Load(); n != 10 {
		t.Errorf("a draining instance got %d more", n-10)
	}
}

func TestUnreachableInstanceIsPassedOver(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil, closedPort(t), application(t, echo), closedPort(t))
	c := client(t)
	for i := range 12 {
		response, err := c.Post(f.url("/"), "text/plain", strings.NewReader(fmt.Sprint(i)))
		if err != nil {
			t.Fatal(err)
		}
		if body := readAll(t, response); response.StatusCode != 200 || body != fmt.Sprint(i) {
			t.Errorf("got %d %q", response.StatusCode, body)
		}
	}
	f.logged(`"retries":1`, `"code":"ok"`, `"member":"app.2"`)
	if stats := f.Stats(); stats.Retries == 0 || stats.Failed != 0 {
		t.Errorf("retries %d, failed %d", stats.Retries, stats.Failed)
	}
}

// dyingApplication hangs up on every request without an answer, and counts them.
func dyingApplication(t *testing.T) (address string, asked *atomic.Int64) {
	asked = &atomic.Int64{}
	return rawApplication(t, func(r *rawConn) {
		if _, _, err := r.request(); err == nil {
			asked.Add(1)
		}
	}), asked
}

func TestIdempotentRequestsAreSentAgainWhenAnInstanceDies(t *testing.T) {
	t.Parallel()
	address, died := dyingApplication(t)
	f := newFixture(t, nil, address, application(t, echo))
	c := client(t)
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS"} {
		for range 2 {
			request, _ := http.NewRequest(method, f.url("/"), strings.NewReader("body"))
			response, err := c.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			if body := readAll(t, response); response.StatusCode != 200 || method != "HEAD" && body != "body" {
				t.Errorf("%s: %d %q", method, response.StatusCode, body)
			}
		}
	}
	if died.Load() != 5 {
		t.Errorf("the dying instance was asked %d times", died.Load())
	}
}

func TestOtherRequestsAreNeverSentTwice(t *testing.T) {
	t.Parallel()
	first, asked1 := dyingApplication(t)
	second, asked2 := dyingApplication(t)
	f := newFixture(t, nil, first, second)
	c := client(t)
	for _, method := range []string{"POST", "PATCH", "LINK"} {
		request, _ := http.NewRequest(method, f.url("/"), strings.NewReader("body"))
		response, err := c.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		readAll(t, response)
		if response.StatusCode != 502 || response.Header.Get("Ladder-Error") != "response-broken" {
			t.Errorf("%s: %d", method, response.StatusCode)
		}
	}
	if n := asked1.Load() + asked2.Load(); n != 3 {
		t.Errorf("3 requests became %d", n)
	}
}

func TestAttemptsAreBounded(t *testing.T) {
	t.Parallel()
	var addresses []string
	var counts []*atomic.Int64
	for range MaxAttempts + 2 {
		address, asked := dyingApplication(t)
		addresses, counts = append(addresses, address), append(counts, asked)
	}
	f := newFixture(t, nil, addresses...)
	if response, _ := f.get(client(t), "/"); response.StatusCode != 502 {
		t.Errorf("got %d", response.StatusCode)
	}
	total := int64(0)
	for _, asked := range counts {
		if n := asked.Load(); n > 1 {
			t.Errorf("an instance was asked %d times", n)
		} else {
			total += n
		}
	}
	if total != MaxAttempts {
		t.Errorf("%d attempts", total)
	}
}

// TestStaleConnectionsCostNobodyAnError has an application that closes each connection after one answer without saying so, at
// once or a little later, which is what a restarted or impatient one looks like.
func TestStaleConnectionsCostNobodyAnError(t *testing.T) {
	t.Parallel()
	var closed atomic.Int64
	address := rawApplication(t, func(r *rawConn) {
		if _, body, err := r.request(); err == nil {
			fmt.Fprintf(r, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			if closed.Add(1)%3 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
	})
	f := newFixture(t, nil, address)
	c := client(t)
	for i := range 200 {
		method := []string{"GET", "PUT"}[i%2]
		request, _ := http.NewRequest(method, f.url("/"), strings.NewReader("body"))
		response, err := c.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if body := readAll(t, response); response.StatusCode != 200 || body != "body" {
			t.Fatalf("%s: %d %q", method, response.StatusCode, body)
		}
	}
	if entry, _ := f.pool.Load().Find("app.1"); entry.Failed.Load() != 0 {
		t.Errorf("failed %d", entry.Failed.Load())
	}
}

func TestRequestsThatMustNotBeSentTwiceSeeStaleConnectionsFirst(t *testing.T) {
	t.Parallel()
	hangUp := make(chan struct{}, 1)
	hungUp := make(chan struct{}, 1)
	address := rawApplication(t, func(r *rawConn) {
		if _, body, err := r.request(); err == nil {
			fmt.Fprintf(r, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			<-hangUp
			_ = r.Close()
			hungUp <- struct{}{}
		}
	})
	f := newFixture(t, nil, address)
	c := client(t)
	for range 20 {
		response, err := c.Post(f.url("/"), "text/plain", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		if body := readAll(t, response); response.StatusCode != 200 || body != "body" {
			t.Fatalf("%d %q", response.StatusCode, body)
		}
		hangUp <- struct{}{}
		<-hungUp
	}
}

func TestAnswersNobodyAskedForAreNeverDelivered(t *testing.T) {
	t.Parallel()
	for name, pause := range map[string]time.Duration{"before the next request": 0, "crossing it": 3 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			address := rawApplication(t, func(r *rawConn) {
				_, body, err := r.request()
				if err != nil {
					return
				}
				fmt.Fprintf(r, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
				time.Sleep(pause)
				_, _ = io.WriteString(r, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
			})
			f := newFixture(t, nil, address)
			c := client(t)
			for range 50 {
				if response, _ := f.get(c, "/"); response.StatusCode != 200 {
					t.Fatalf("got %d", response.StatusCode)
				}
				time.Sleep(2 * time.Millisecond)
			}
		})
	}
}

func TestExtraBytesBehindAnAnswerEndTheConnection(t *testing.T) {
	t.Parallel()
	address := rawApplication(t, func(r *rawConn) {
		for {
			if _, _, err := r.request(); err != nil {
				return
			}
			_, _ = io.WriteString(r, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
		}
	})
	f := newFixture(t, nil, address)
	c := client(t)
	for range 10 {
		if _, body := f.get(c, "/"); body != "ok" {
			t.Fatalf("got %q", body)
		}
	}
}

func TestIdleConnectionsGoWithTheirMember(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*topology.Pool){
		"down":     func(p *topology.Pool) { p.SetState("app.1", topology.Down, "test") },
		"draining": func(p *topology.Pool) { p.SetState("app.1", topology.Draining, "test") },
		"removed":  func(p *topology.Pool) { p.Remove("app.1") },
	} {
		t.Run(name, func(t *testing.T) {
			ended := make(chan struct{})
			f := newFixture(t, nil, rawApplication(t, func(r *rawConn) {
				if _, _, err := r.request(); err == nil {
					r.say("HTTP/1.1 204 No Content\r\n\r\n")
					_, _ = r.reader.ReadByte()
					close(ended)
				}
			}))
			f.get(client(t), "/")
			change(f.pool)
			select {
			case <-ended:
			case <-time.After(patience):
				t.Fatal("the idle connection stays open")
			}
		})
	}
}

func TestKeepAliveOfTheApplicationIsHeeded(t *testing.T) {
	for value, want := range map[string]int{"timeout=5": 5, "max=3, timeout=20": 20, "timeout=x": -1, "": -1, "timeout=": -1, "timeout=99999999999": 99999999} {
		seconds, ok := keepAliveTimeout([]byte(value))
		if ok != (want >= 0) || ok && value != "timeout=99999999999" && seconds != want {
			t.Errorf("%q: %d %v", value, seconds, ok)
		}
	}
	address, opened := countingApplication(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Keep-Alive", "timeout=1") })
	f := newFixture(t, nil, address)
	c := client(t)
	for range 3 {
		f.get(c, "/")
		time.Sleep(2 * time.Millisecond)
	}
	if n := opened.Load(); n != 3 {
		t.Errorf("a connection that the application closes within a second was used again: %d were opened", n)
	}
}

// TestDrainingMemberGetsNothingNew checks what supervise relies on: after Draining and InFlight 0 nothing comes any more.
func TestDrainingMemberGetsNothingNew(t *testing.T) {
	t.Parallel()
	var late atomic.Int64
	var stopped [2]atomic.Bool
	var addresses []string
	for i := range stopped {
		addresses = append(addresses, application(t, func(http.ResponseWriter, *http.Request) {
			if stopped[i].Load() {
				late.Add(1)
			}
		}))
	}
	f := newFixture(t, nil, addresses...)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	const clients = 8
	for range clients {
		go func() {
			defer func() { done <- struct{}{} }()
			c := client(t)
			for ctx.Err() == nil {
				if response, err := c.Get(f.url("/")); err == nil {
					_, _ = io.Copy(io.Discard, response.Body)
					_ = response.Body.Close()
				}
			}
		}()
	}
	for range 100 {
		for i, name := range []string{"app.1", "app.2"} {
			f.pool.SetState(name, topology.Draining, "test")
			entry, _ := f.pool.Load().Find(name)
			eventually(t, name+" to drain", func() bool { return entry.InFlight.Load() == 0 })
			stopped[i].Store(true)
			time.Sleep(200 * time.Microsecond)
			stopped[i].Store(false)
			f.pool.SetState(name, topology.Up, "test")
		}
	}
	stop()
	for range clients {
		<-done
	}
	if n := late.Load(); n != 0 {
		t.Errorf("%d requests came after nothing was in flight", n)
	}
	if stats := f.Stats(); stats.Failed != 0 {
		t.Errorf("%d failed of %d", stats.Failed, stats.Requests)
	}
}
