package gateway

import (
	"net"
	"net/netip"
	"runtime/debug"
	"syscall"
	"time"

	"ladder/http1"
	"ladder/internal/socket"
)

const (
	// LingerTimeout is how long a client that was refused may go on sending before its connection is closed.
	LingerTimeout = 2 * time.Second
	// LingerBytes is how much it may send meanwhile.
	LingerBytes = 1 << 20
)

// connection is one client's connection. One goroutine owns it, from accept to close. While it is idle it holds no buffer.
type connection struct {
	socket.Conn
	gateway  *Gateway
	listener *listener
	number   uint64
	position int // in its shard of the registry, which owns the field
	sweep    sweep

	peer     string // address of the client, without port
	peerIPv6 bool
	scheme   string
	shard    *shard
	settings *settings // under which trusted was computed
	trusted  bool

	watch     watch // of this connection's goroutine
	uploading watch // of the goroutine that carries a request's body

	now        int64     // the gateway's clock when something last happened here, to spare asking it again
	exchange   *exchange // nil while idle
	unexamined bool      // bytes are in the buffer that no turn has looked at yet
	then       next      // why the last wait was left
	fault      refusal   // with thenRefuse
}

// next is what becomes of a connection.
type next uint8

const (
	thenWait    next = iota // for more from the client
	thenProcess             // the request's body must be read, or the connection becomes a tunnel: not within a turn
	thenRefuse              // what the client sent is refused
	thenClose               // at once
	thenLinger              // after the client has had time to read the answer
)

// serve is the life of the connection.
func (c *connection) serve() {
	defer c.end()
	defer c.recovered(c.abandon)
	c.watch.enter(phaseIdle, c.gateway.now()+int64(c.gateway.settings.Load().timeouts.Idle))
	turn := c.turn
	for {
		c.then = thenWait
		if err := c.Await(turn); err != nil {
			c.interrupted()
			return
		}
		if c.then == thenProcess {
			c.then = c.process()
		}
		switch c.then {
		case thenRefuse:
			if c.refuse(c.fault) == thenLinger {
				c.linger()
			}
			return
		case thenLinger:
			c.linger()
			return
		case thenClose:
			return
		}
		c.unexamined = true
	}
}

// turn reads what the client has sent and serves the requests in it, one after the other. It returns false to wait for more, and
// true when the rest has to happen outside of the wait, as c.then says.
//
// A read that did not fill the buffer has emptied the socket, so that nothing is asked again before the next wait; but after a
// part of a request it is, because the end of the stream may have come with it, in one edge of the poller.
func (c *connection) turn(fd uintptr) (leave bool) {
	if c.unexamined {
		c.unexamined = false
		if c.advance() {
			return true
		}
	}
	for {
		if c.exchange == nil {
			c.exchange = c.gateway.exchanges.take(c)
		}
		space := c.exchange.in.space()
		n, errno := socket.Receive(fd, space)
		if errno == syscall.EAGAIN {
			c.rest()
			return false
		}
		if errno != 0 || n == 0 {
			c.then = c.left()
			return true
		}
		c.exchange.in.end += n
		c.now = c.gateway.now()
		if c.advance() {
			return true
		}
		if n < len(space) && c.exchange.idle() {
			c.rest()
			return false
		}
	}
}

// advance serves the requests that are complete in the buffer. It returns true when the wait must be left.
func (c *connection) advance() (leave bool) {
	for c.exchange != nil && c.exchange.in.len() > 0 {
		x := c.exchange
		if x.stage == stageHead && !c.readHead() {
			return c.then != thenWait
		}
		if !c.readSmallBody() {
			return c.then != thenWait
		}
		if c.then = c.process(); c.then != thenWait {
			return true
		}
	}
	return false
}

// rest is between two turns: nothing is held when nothing has come.
func (c *connection) rest() {
	if x := c.exchange; x != nil && x.idle() {
		c.exchange = nil
		c.gateway.exchanges.give(x)
	}
}

// idle says whether nothing of a request has come.
func (x *exchange) idle() bool { return x.stage == stageHead && x.in.len() == 0 }

// process takes a request to the application and its answer back, and says what becomes of the connection.
func (c *connection) process() next {
	x := c.exchange
	x.stage = stageForward
	u, why := x.roundTrip()
	if !x.streams {
		n := len(x.buffered())
		x.bytesIn = int64(n)
		x.in.consume(n)
	}
	if !why.failed() {
		why = x.relay(u)
	}
	if why.failed() && x.stage != stageAnswered {
		return c.refuse(why)
	}
	x.outcome = why
	return c.conclude()
}

// conclude tells log and statistics how the request ended, and says what becomes of the connection.
func (c *connection) conclude() next {
	x := c.exchange
	c.now = c.gateway.now()
	c.report(c.now)
	then := x.then()
	if then == thenClose && x.stage == stageAnswered && x.outcome.failed() && !x.chunked && x.response.Framing >= http1.FramingClose {
		_ = c.TCP().SetLinger(0) // an orderly end would say that the body was complete
	}
	x.clear()
	x.in.rewind()
	if then == thenWait && x.in.len() == 0 {
		c.watch.enter(phaseIdle, c.now+int64(c.settings.timeouts.Idle))
	}
	return then
}

// then says what becomes of the client's connection after an exchange.
func (x *exchange) then() next {
	broken := x.stage == stageAnswered && x.outcome.failed()
	switch {
	case x.keepAlive && !broken:
		return thenWait
	case broken, x.stage == stageAnswered && !x.streams:
		return thenClose
	default:
		return thenLinger // the client may still be sending what nobody will read
	}
}

// left is what the end of the client's stream means.
func (c *connection) left() next {
	x := c.exchange
	if x.started == 0 {
		return thenClose
	}
	x.unread = x.stage == stageHead
	x.status, x.outcome = statusClientClosed, refuse(CodeClientAborted)
	c.report(c.gateway.now())
	x.clear()
	return thenClose
}

// interrupted is what follows when a wait for the client was cut.
func (c *connection) interrupted() {
	x, why := c.exchange, c.watch.reason()
	if x == nil || x.started == 0 {
		return // idle: there is nobody to tell
	}
	code := CodeHeaderTimeout
	if x.stage != stageHead {
		code = CodeBodyTimeout
	}
	x.unread = x.stage == stageHead
	c.ResumeReads()
	if c.refuse(x.cutBy(why, code)) == thenLinger {
		c.linger()
	}
}

// linger gives a client that is still sending the time to read the answer: closing at once would make its system throw the
// answer away (RFC 9112 §9.6).
func (c *connection) linger() {
	if c.CloseWrite() != nil {
		return
	}
	c.watch.enter(phaseLinger, c.gateway.now()+int64(LingerTimeout))
	buffers := &c.gateway.tunnels
	b := buffers.take()
	defer buffers.give(b)
	for left := int64(LingerBytes); left > 0; {
		n, err := c.Read(b[:])
		if err != nil {
			return
		}
		left -= int64(n)
	}
}

// end closes the connection and forgets it.
func (c *connection) end() {
	g := c.gateway
	if x := c.exchange; x != nil {
		c.exchange = nil
		g.exchanges.give(x)
	}
	c.watch.enter(phaseNone, 0)
	g.connections.remove(c)
	_ = c.Close()
	g.left(c.listener)
}

// recovered keeps a fault of one connection from ending the others; it must be deferred.
func (c *connection) recovered(cleanUp func()) {
	if fault := recover(); fault != nil {
		cleanUp()
		c.gateway.faulted(c, fault, debug.Stack())
	}
}

// abandon gives up an exchange in the middle, with all that it holds: after a fault nothing about it is certain.
func (c *connection) abandon() {
	x := c.exchange
	if x == nil {
		return
	}
	c.exchange = nil
	if x.started != 0 && !x.counted {
		c.shard.ended[CodeInternal][5].Add(1)
	}
	if u := x.current; u != nil {
		x.discard(u)
		u.backend.member.InFlight.Add(-1)
	}
}

// address is the peer's.
func (c *connection) address() netip.Addr { return remoteAddress(c.TCP()).AddrPort().Addr().Unmap() }

// remoteAddress is the peer's, as net gives it.
func remoteAddress(tcp *net.TCPConn) *net.TCPAddr {
	address, _ := tcp.RemoteAddr().(*net.TCPAddr)
	if address == nil {
		return &net.TCPAddr{}
	}
	return address
}
