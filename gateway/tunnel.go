package gateway

import (
	"bytes"
	"errors"
	"io"
	"os"
	"sync"
	"syscall"

	"ladder/internal/socket"
)

const (
	// tunnelBuffer is what a tunnel reads at once, in bytes. It is held while there is something to pass on, not while waiting.
	tunnelBuffer = 16 << 10
	// tunnelSplice is how many bytes are spliced after a read that filled the buffer, before the traffic is looked at again.
	tunnelSplice = 1 << 20
)

// tunnelBuffers are the buffers of all tunnels.
type tunnelBuffers struct{ pool sync.Pool }

func (p *tunnelBuffers) take() *[tunnelBuffer]byte {
	if b, _ := p.pool.Get().(*[tunnelBuffer]byte); b != nil {
		return b
	}
	return new([tunnelBuffer]byte)
}

func (p *tunnelBuffers) give(b *[tunnelBuffer]byte) { p.pool.Put(b) }

// switchProtocols answers 101 and then carries bytes both ways until both sides have ended. What they are is nobody's business.
func (x *exchange) switchProtocols(u *upstream) refusal {
	if !x.upgrading() || !x.uploaded() {
		x.discard(u)
		x.endMember(u, false)
		return refusal{CodeResponseMalformed, "unasked-upgrade"}
	}
	x.stopUpload(u)
	x.status, x.keepAlive = statusSwitching, false
	x.out = x.appendResponse(x.out[:0])
	x.bytesOut = int64(x.up.len())
	x.out = append(x.out, x.up.unread()...)
	if why := x.flush(false); why.failed() {
		return x.breakOff(u, why)
	}
	early := bytes.Clone(x.in.unread()) // what the client sent behind its request, without waiting for the 101
	x.freeBuffers()
	t := &tunnel{exchange: x, upstream: u}
	fromClient, fromUpstream, why := t.run(early)
	x.bytesIn += fromClient
	x.bytesOut += fromUpstream
	x.discard(u)
	x.endMember(u, true)
	if !why.failed() {
		why = refuse(CodeUpgraded)
	}
	return why
}

// freeBuffers gives up the buffers of an exchange that becomes a tunnel, which may last for days: all that is kept is a copy of
// the head, for the log.
func (x *exchange) freeBuffers() {
	head := bytes.Clone(x.head)
	x.request.Reset()
	if _, err := x.request.Parse(head, x.settings.limits); err != nil {
		x.unread = true // cannot be: these bytes were parsed before
	}
	x.head, x.in, x.up, x.out = head, buffer{}, buffer{}, nil
}

// endMember counts an exchange that ended without [exchange.release].
func (x *exchange) endMember(u *upstream, handled bool) {
	u.backend.member.InFlight.Add(-1)
	if handled {
		u.backend.member.Handled.Add(1)
	} else {
		u.backend.member.Failed.Add(1)
	}
}

// tunnel is a connection after 101.
type tunnel struct {
	exchange *exchange
	upstream *upstream

	mu    sync.Mutex
	ended int // sides that have sent their end
}

// direction is one half of a tunnel.
type direction struct {
	tunnel   *tunnel
	dst, src *socket.Conn
	moved    int64
	buffer   *[tunnelBuffer]byte // nil while waiting
	n        int
	errno    syscall.Errno
}

// run carries both ways until both sides have ended or one has failed; early bytes of the client's go first.
func (t *tunnel) run(early []byte) (fromClient, fromUpstream int64, why refusal) {
	c := t.exchange.client
	c.watch.enter(phaseTunnel, 0)
	up := direction{tunnel: t, dst: &t.upstream.Conn, src: &c.Conn, moved: int64(len(early))}
	down := direction{tunnel: t, dst: &c.Conn, src: &t.upstream.Conn}
	other := make(chan struct{})
	go func() {
		defer close(other)
		defer c.recovered(t.abandon)
		if sendAll(up.dst, early) != nil {
			t.abandon()
			return
		}
		up.carry()
	}()
	down.carry()
	<-other
	if c.watch.reason() == reasonDrained {
		why = refuse(CodeDrained)
	}
	return up.moved, down.moved, why
}

// carry moves bytes one way until the end of the source, which it passes on; if anything fails the whole tunnel ends.
func (d *direction) carry() {
	step := d.receive
	for {
		full, err := d.pass(step)
		if err == nil && full {
			err = d.passBulk()
		}
		if errors.Is(err, io.EOF) {
			_ = d.dst.CloseWrite()
			d.tunnel.halfClosed()
			return
		}
		if err != nil {
			d.tunnel.abandon()
			return
		}
	}
}

// pass waits for bytes without holding a buffer, and hands on what has come. full says that there is probably more.
func (d *direction) pass(step func(fd uintptr) bool) (full bool, err error) {
	if err := d.src.Await(step); err != nil {
		return false, err
	}
	buffers := &d.tunnel.exchange.client.gateway.tunnels
	defer func() { buffers.give(d.buffer); d.buffer = nil }()
	switch {
	case d.errno != 0:
		return false, os.NewSyscallError("recvfrom", d.errno)
	case d.n == 0:
		return false, io.EOF
	}
	d.tunnel.progress()
	d.moved += int64(d.n)
	return d.n == tunnelBuffer, sendAll(d.dst, d.buffer[:d.n])
}

// receive is one turn of the wait.
func (d *direction) receive(fd uintptr) (done bool) {
	buffers := &d.tunnel.exchange.client.gateway.tunnels
	d.buffer = buffers.take()
	d.n, d.errno = socket.Receive(fd, d.buffer[:])
	if d.errno == syscall.EAGAIN {
		buffers.give(d.buffer)
		d.buffer = nil
		return false
	}
	return true
}

// passBulk splices for a while, after a buffer was filled in one go.
func (d *direction) passBulk() error {
	pipes := d.tunnel.exchange.client.gateway.pipes
	pipe, err := pipes.Take()
	if err != nil {
		return nil // out of descriptors: copying needs none
	}
	defer pipes.Put(pipe)
	n, _, err := pipe.Transfer(d.dst, d.src, tunnelSplice, func(side socket.Side, _ int64) {
		if side == socket.Destination {
			d.tunnel.progress()
		}
	})
	d.moved += n
	return err
}

// halfClosed notes that one side has ended. The other may go on as long as it does not pause.
func (t *tunnel) halfClosed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended++
	t.bound()
}

// progress renews the deadline of a tunnel with one open side.
func (t *tunnel) progress() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bound()
}

// bound gives a tunnel with one open side a deadline, from now.
func (t *tunnel) bound() {
	x := t.exchange
	if t.ended == 1 && x.client.watch.reason() == reasonNone {
		x.await(phaseTunnel, x.settings.timeouts.Response)
	}
}

// abandon ends both directions.
func (t *tunnel) abandon() {
	for _, side := range []*socket.Conn{&t.exchange.client.Conn, &t.upstream.Conn} {
		side.CutReads()
		side.CutWrites()
	}
}

// sendAll writes all of b, waiting as long as it takes.
func sendAll(dst *socket.Conn, b []byte) error {
	for len(b) > 0 {
		n, err := dst.TrySend(b, false)
		if n == 0 && err == nil {
			n, err = dst.SendSome(b)
		}
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}
