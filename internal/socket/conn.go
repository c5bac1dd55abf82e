package socket

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// Conn is one TCP connection. Its methods are for the goroutine that owns it, but [Conn.CutReads], [Conn.CutWrites] and
// [Conn.Look] are for everybody; one goroutine may read while another writes.
type Conn struct {
	tcp *net.TCPConn
	raw syscall.RawConn
	fd  uintptr // valid until Close, which only the owner calls

	reading, writing *transfer // made when they are first needed: an idle connection has neither
}

// transfer is one wait in progress. The closure for the poller is made once and finds its arguments here, so that waiting
// allocates nothing.
type transfer struct {
	step  func(fd uintptr) bool
	b     []byte
	n     int
	errno syscall.Errno
}

// past is a deadline that is over.
var past = time.Unix(1, 0)

// Init makes c the owner of an open connection. On an error the connection is left as it was.
func (c *Conn) Init(tcp *net.TCPConn) error {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return fmt.Errorf("descriptor of %v: %w", tcp.RemoteAddr(), err)
	}
	if err := raw.Control(func(fd uintptr) { c.fd = fd }); err != nil {
		return fmt.Errorf("descriptor of %v: %w", tcp.RemoteAddr(), err)
	}
	c.tcp, c.raw = tcp, raw
	return nil
}

// TCP is the connection below, for addresses and options.
func (c *Conn) TCP() *net.TCPConn { return c.tcp }

// FD is the descriptor, for [Receive] and [Send] by the owner.
func (c *Conn) FD() uintptr { return c.fd }

// Await calls turn now, and again each time after it returned false and something may have come since: bytes, the end of the
// stream, an error. It returns nil when turn returned true, and an error when reads were cut or the connection was closed.
//
// A turn that has read less than it had room for may return false without asking again: whatever comes later wakes it. Within
// a turn the connection can be written to, but not read from by other means than [Receive].
func (c *Conn) Await(turn func(fd uintptr) bool) error { return c.raw.Read(turn) }

// Read reads at least one byte, waiting if there is none. At the end of the stream it returns [io.EOF].
func (c *Conn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	r := c.reading
	if r == nil {
		r = &transfer{}
		c.reading = r
		r.step = func(fd uintptr) bool {
			r.n, r.errno = Receive(fd, r.b)
			return r.errno != syscall.EAGAIN
		}
	}
	r.b = b
	err := c.raw.Read(r.step)
	r.b = nil
	switch {
	case err != nil:
		return 0, err
	case r.errno != 0:
		return 0, os.NewSyscallError("recvfrom", r.errno)
	case r.n == 0:
		return 0, io.EOF
	}
	return r.n, nil
}

// TrySend sends what the socket takes now and never waits. 0 and nil say that it takes nothing.
func (c *Conn) TrySend(b []byte, more bool) (int, error) {
	n, errno := Send(c.fd, b, more)
	if errno != 0 && errno != syscall.EAGAIN {
		return 0, os.NewSyscallError("sendto", errno)
	}
	return n, nil
}

// SendSome sends at least one byte, waiting until the socket takes it.
func (c *Conn) SendSome(b []byte) (int, error) {
	w := c.writing
	if w == nil {
		w = &transfer{}
		c.writing = w
		w.step = func(fd uintptr) bool {
			w.n, w.errno = Send(fd, w.b, false)
			return w.errno != syscall.EAGAIN
		}
	}
	w.b = b
	err := c.raw.Write(w.step)
	w.b = nil
	if err != nil {
		return 0, err
	}
	if w.errno != 0 {
		return 0, os.NewSyscallError("sendto", w.errno)
	}
	return w.n, nil
}

// CutReads ends the waiting read, and fails all later ones with [os.ErrDeadlineExceeded].
func (c *Conn) CutReads() { _ = c.tcp.SetReadDeadline(past) }

// CutWrites does the same for writes.
func (c *Conn) CutWrites() { _ = c.tcp.SetWriteDeadline(past) }

// ReadsUntil ends waiting to read at a time, as CutReads does.
func (c *Conn) ReadsUntil(end time.Time) { _ = c.tcp.SetReadDeadline(end) }

// ResumeReads undoes CutReads.
func (c *Conn) ResumeReads() { _ = c.tcp.SetReadDeadline(time.Time{}) }

// Look tells the state of the receiving side without reading. A connection that was closed is Broken. The kernel tells of a reset
// once: to the first who looks or reads; after that the connection has Ended.
func (c *Conn) Look() Condition {
	condition := Broken
	if err := c.raw.Control(func(fd uintptr) { condition = look(fd) }); err != nil {
		return Broken
	}
	return condition
}

// LookOwned is Look for the owner, at the price of the system call alone.
func (c *Conn) LookOwned() Condition { return look(c.fd) }

// CloseWrite sends the end of the stream and keeps the other direction open.
func (c *Conn) CloseWrite() error { return c.tcp.CloseWrite() }

// Close ends the connection. Only the owner calls it, after every other user of the connection has ended.
func (c *Conn) Close() error { return c.tcp.Close() }

// Cut says whether an error is what a cut read or write returns.
func Cut(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
