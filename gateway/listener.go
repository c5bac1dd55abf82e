package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"ladder/internal/hint"
)

const (
	// acceptPause is how long accepting waits after the process ran out of descriptors or memory.
	acceptPause = 100 * time.Millisecond
	// drainPoll is how often a draining listener is asked whether its connections have ended.
	drainPoll = 20 * time.Millisecond
	// cutGrace is how long connections get to end after they were cut.
	cutGrace = 5 * time.Second
)

// listener accepts clients at one address, and knows how many of them are still connected.
type listener struct {
	address string // as configured
	tcp     *net.TCPListener

	open     atomic.Int64
	draining atomic.Bool   // accepts nobody; connections end with the request that they carry
	cutting  atomic.Bool   // requests in flight are cut too
	accepted chan struct{} // closed when the accept loop has ended
}

// listen opens the address.
func listen(ctx context.Context, address string) (*listener, error) {
	opened, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, hint.Errorf(listenHint(address, err), "listening at %s: %w", address, err)
	}
	return &listener{address: address, tcp: opened.(*net.TCPListener), accepted: make(chan struct{})}, nil
}

// listenHint says what to do when an address cannot be opened.
func listenHint(address string, err error) string {
	_, port, _ := net.SplitHostPort(address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Sprintf("see who holds the port with `ss -ltnp 'sport = :%s'`, stop that, or change gateway.listen", port)
	case errors.Is(err, os.ErrPermission):
		return "ports below 1024 need root or the capability CAP_NET_BIND_SERVICE; or change gateway.listen"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "no interface of this machine has that address (see `ip address`); change gateway.listen"
	default:
		return "write gateway.listen as host:port or :port"
	}
}

// accepting takes clients in until the listener is closed.
func (g *Gateway) accepting(l *listener) {
	defer close(l.accepted)
	for {
		if !g.admission.await(l) {
			return
		}
		tcp, err := l.tcp.AcceptTCP()
		if err == nil {
			g.accept(l, tcp)
			continue
		}
		if l.draining.Load() || errors.Is(err, net.ErrClosed) {
			return
		}
		g.logger.Warn("accepting a client failed", "address", l.address, "error", err)
		time.Sleep(acceptPause) // out of descriptors: connections that end give some back
	}
}

// accept begins to serve a client that was let in.
func (g *Gateway) accept(l *listener, tcp *net.TCPConn) {
	number := g.accepted.Add(1)
	c := &connection{gateway: g, listener: l, number: number, scheme: "http", shard: &g.shards[number%statShards]}
	if err := c.Init(tcp); err != nil {
		_ = tcp.Close()
		return
	}
	peer := c.address()
	c.peer, c.peerIPv6 = peerText(peer), peer.Is6()
	c.watch.client, c.uploading.client = &c.Conn, &c.Conn
	g.admission.enter()
	g.open.Add(1)
	l.open.Add(1)
	g.connections.add(c)
	go c.serve()
}

// left is called when a connection has ended.
func (g *Gateway) left(l *listener) {
	l.open.Add(-1)
	g.open.Add(-1)
	g.admission.leave()
}

// drain stops accepting, waits until the listener's connections have ended, and cuts those that have not when ctx is done.
func (g *Gateway) drain(ctx context.Context, l *listener) error {
	l.draining.Store(true)
	_ = l.tcp.Close()
	g.admission.wake()
	<-l.accepted
	if l.ended(ctx) {
		return nil
	}
	left := l.open.Load()
	l.cutting.Store(true)
	grace, cancel := context.WithTimeout(context.Background(), cutGrace)
	defer cancel()
	if !l.ended(grace) {
		return fmt.Errorf("%d connections at %s did not end", l.open.Load(), l.address)
	}
	return fmt.Errorf("%d connections at %s were cut: %w", left, l.address, context.Cause(ctx))
}

// ended waits until no connection is left, false if ctx is done first.
func (l *listener) ended(ctx context.Context) bool {
	ticker := time.NewTicker(drainPoll)
	defer ticker.Stop()
	for l.open.Load() > 0 {
		select {
		case <-ctx.Done():
			return false
		case <-ticker.C:
		}
	}
	return true
}
