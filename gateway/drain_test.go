package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ladder/internal/hint"
	"ladder/internal/lifecycle"
	"ladder/topology"
)

var _ lifecycle.Service = (*Gateway)(nil)

func TestStopLetsRequestsInFlightEnd(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}), make(chan struct{})
	f := newFixture(t, nil, application(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(asked)
			<-release
		}
		fmt.Fprint(w, "done")
	}))
	idle, slow, address := dialRaw(t, f.address()), dialRaw(t, f.address()), f.address()
	idle.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	idle.response("GET")
	slow.say("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
	<-asked
	stopped := make(chan error, 1)
	go func() { stopped <- f.Stop(context.Background()) }()
	if rest := idle.ended(); rest != "" {
		t.Errorf("the idle connection got %q", rest)
	}
	eventually(t, "new connections to be refused", func() bool {
		probe, err := net.Dial("tcp", address)
		if err == nil {
			_ = probe.Close()
		}
		return err != nil
	})
	select {
	case err := <-stopped:
		t.Fatalf("stopped with a request in flight: %v", err)
	default:
	}
	close(release)
	response, body := slow.response("GET")
	if response.StatusCode != 200 || body != "done" || !response.Close {
		t.Errorf("got %d %q, close %v", response.StatusCode, body, response.Close)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if err := f.Stop(context.Background()); err != nil {
		t.Errorf("a second stop: %v", err)
	}
	f.logged(`"path":"/slow","status":200`) // written before Stop returned
}

func TestStopCutsWhatDoesNotEnd(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]string{
		"waiting":   "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"uploading": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nx",
		"head":      "GET / HTTP/1.1\r\nHos",
		"tunnel":    upgradeRequest,
	} {
		t.Run(name, func(t *testing.T) {
			release := make(chan struct{})
			f := newFixture(t, func(o *Options) { o.Timeouts.Drain = brief }, rawApplication(t, func(r *rawConn) {
				if request, err := http.ReadRequest(r.reader); err == nil && request.Header.Get("Upgrade") != "" {
					r.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: my/1\r\n\r\n")
				}
				<-release
			}))
			defer close(release)
			raw := dialRaw(t, f.address())
			raw.say(request)
			eventually(t, "the request to be in flight", func() bool { return f.Stats().InFlight == 1 })
			if name == "tunnel" {
				raw.response("GET")
			}
			began := time.Now()
			err := f.Stop(context.Background())
			if err == nil || !strings.Contains(err.Error(), "were cut") {
				t.Errorf("stop: %v", err)
			}
			if took := time.Since(began); took > tooLate {
				t.Errorf("took %v", took)
			}
			rest := raw.ended()
			if name != "tunnel" && !strings.Contains(rest, "Ladder-Error: drained") {
				t.Errorf("the client got %q", rest)
			}
			f.logged(`"code":"drained"`)
		})
	}
}

// TestDrainIsKindToBusyClients keeps connections busy while the gateway drains: each must be told to close, not cut.
func TestDrainIsKindToBusyClients(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil, application(t, echo))
	address := f.address()
	var failures, told atomic.Int64
	var clients sync.WaitGroup
	var ready sync.WaitGroup
	for range 20 {
		raw := dialRaw(t, address)
		ready.Add(1)
		clients.Go(func() {
			for i := 0; ; i++ {
				if _, err := io.WriteString(raw, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
					failures.Add(1)
					return
				}
				response, err := http.ReadResponse(raw.reader, nil)
				if err != nil {
					failures.Add(1)
					return
				}
				if i == 10 {
					ready.Done()
				}
				if response.Close {
					told.Add(1)
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
	ready.Wait()
	f.stop()
	clients.Wait()
	if failures.Load() != 0 || told.Load() != 20 {
		t.Errorf("%d were cut, %d were told to close", failures.Load(), told.Load())
	}
}

func TestStopBeforeStartAndAfterAFailedOne(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	g, err := New(Options{Listen: []string{"127.0.0.1:0", taken.Addr().String()}, Pool: topology.NewPool("app")})
	if err != nil {
		t.Fatal(err)
	}
	err = g.Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), taken.Addr().String()) || !strings.Contains(hint.Of(err), "ss -ltnp") {
		t.Errorf("start: %v, hint %q", err, hint.Of(err))
	}
	if err := g.Stop(t.Context()); err != nil {
		t.Errorf("stop: %v", err)
	}
	if err := g.Start(t.Context()); err == nil {
		t.Error("a stopped gateway started")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	_, err := New(Options{
		Listen: []string{"nonsense", "127.0.0.1:99", "127.0.0.1:99"}, Limits: Limits{Body: -1, Head: MaxHead + 1},
		Timeouts: Timeouts{Idle: -1}, AccessLog: AccessLog{Format: "xml"},
	})
	for _, part := range []string{"without a pool", `"nonsense"`, "listed twice", "body limit is negative", "head limit of", "idle timeout", `"xml"`} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("no word of %s in: %v", part, err)
		}
	}
	if _, err := New(Options{Pool: topology.NewPool("app")}); err == nil {
		t.Error("a gateway without address was made")
	}
}

func TestApplyAddsAndRemovesListenersUnderLoad(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil, application(t, echo))
	base := f.address()
	f.options.Listen = []string{base}
	if err := f.Apply(t.Context(), f.options); err == nil {
		// The fixture listened at port 0, which is another address than the one it got: that one is still open, so it must fail.
		t.Fatal("an address that is in use was opened")
	}
	f.options.Listen = []string{"127.0.0.1:0"}
	ctx, cancel := context.WithCancel(t.Context())
	var failures, served atomic.Int64
	var clients sync.WaitGroup
	for range 4 {
		c := client(t)
		clients.Go(func() {
			for ctx.Err() == nil {
				response, err := c.Get("http://" + base + "/")
				if err != nil {
					failures.Add(1)
					t.Log(err)
					continue
				}
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
				served.Add(1)
			}
		})
	}
	for range 5 {
		f.options.Listen = []string{"127.0.0.1:0", "localhost:0"}
		if err := f.Apply(t.Context(), f.options); err != nil {
			t.Fatal(err)
		}
		addresses := f.Addresses()
		if len(addresses) != 2 || addresses[0].String() != base {
			t.Fatalf("listening at %v", addresses)
		}
		added := dialRaw(t, addresses[1].String())
		added.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		added.response("GET")
		f.options.Listen = []string{"127.0.0.1:0"}
		if err := f.Apply(t.Context(), f.options); err != nil {
			t.Fatal(err)
		}
		added.ended() // idle: closed by the drain
		if _, err := net.Dial("tcp", addresses[1].String()); err == nil {
			t.Error("the removed listener still accepts")
		}
	}
	cancel()
	clients.Wait()
	if failures.Load() != 0 || served.Load() == 0 {
		t.Errorf("%d failed, %d were served", failures.Load(), served.Load())
	}
}

func TestApplyIsAllOrNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil, application(t, echo))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	options := f.options
	options.Listen = []string{"localhost:0", taken.Addr().String()}
	options.Limits.Body = 1
	if err := f.Apply(t.Context(), options); err == nil || hint.Of(err) == "" {
		t.Fatalf("apply: %v", err)
	}
	if n := len(f.Addresses()); n != 1 {
		t.Errorf("%d addresses", n)
	}
	response, err := client(t).Post(f.url("/"), "", strings.NewReader("more than one byte"))
	if err != nil {
		t.Fatal(err)
	}
	if body := readAll(t, response); response.StatusCode != 200 || body != "more than one byte" {
		t.Errorf("got %d %q", response.StatusCode, body)
	}
	options = f.options
	options.Pool = topology.NewPool("other")
	if err := f.Apply(t.Context(), options); err == nil {
		t.Error("the pool was changed")
	}
}

func TestApplyChangesWhatNewRequestsSee(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil, application(t, echo))
	raw := dialRaw(t, f.address())
	post := "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
	raw.say(post)
	if response, _ := raw.response("POST"); response.StatusCode != 200 {
		t.Fatalf("got %d", response.StatusCode)
	}
	eventually(t, "the first request to be counted", func() bool { return f.Stats().Requests == 1 })
	other := &logBuffer{}
	options := f.options
	options.Limits.Body, options.AccessLog = 3, AccessLog{Writer: other, Format: FormatText}
	if err := f.Apply(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	before := f.log.String()
	if !strings.Contains(before, `"status":200`) {
		t.Error("Apply did not write what was left for the old log")
	}
	raw.say(post) // on the connection from before
	if response, _ := raw.response("POST"); response.StatusCode != 413 {
		t.Errorf("got %d", response.StatusCode)
	}
	eventually(t, "a line in the new log", func() bool {
		f.Gateway.log.flush()
		return strings.Contains(other.String(), " POST / 413 ")
	})
	if f.log.String() != before {
		t.Error("the old log was written to after Apply")
	}
}

func TestConnectionLimitMakesFurtherClientsWait(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *Options) { o.Limits.Connections = 2 }, application(t, echo))
	first, second, third := dialRaw(t, f.address()), dialRaw(t, f.address()), dialRaw(t, f.address())
	for _, raw := range []*rawConn{first, second} {
		raw.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		raw.response("GET")
	}
	third.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	_ = third.SetReadDeadline(time.Now().Add(brief))
	if _, err := third.reader.Peek(1); !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(err.Error(), "timeout") {
		t.Errorf("a third client was served: %v", err)
	}
	if stats := f.Stats(); stats.Connections != 2 {
		t.Errorf("%d connections", stats.Connections)
	}
	_ = first.Close()
	_ = third.SetReadDeadline(time.Now().Add(patience))
	if response, _ := third.response("GET"); response.StatusCode != 200 {
		t.Errorf("got %d", response.StatusCode)
	}
	options := f.options
	options.Limits.Connections = 3
	if err := f.Apply(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	fourth := dialRaw(t, f.address())
	fourth.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	fourth.response("GET")
}

func TestAddressesAreCompared(t *testing.T) {
	have := []*listener{{address: "a:1"}, {address: "b:0"}, {address: "b:0"}}
	kept, added, removed := compareAddresses(have, []string{"c:1", "b:0", "a:1"})
	if !slices.Equal(kept, []*listener{have[1], have[0]}) || !slices.Equal(added, []string{"c:1"}) || !slices.Equal(removed, have[2:]) {
		t.Errorf("kept %v, added %v, removed %v", kept, added, removed)
	}
	ordered := inOrder([]string{"c:1", "b:0", "a:1"}, []*listener{have[1], have[0], {address: "c:1"}})
	if len(ordered) != 3 || ordered[0].address != "c:1" || ordered[1] != have[1] || ordered[2] != have[0] {
		t.Errorf("in order: %v", ordered)
	}
}
