package gateway

import (
	"fmt"
	"net"
	"syscall"
	"time"

	"ladder/http1"
	"ladder/internal/socket"
)

// upstream is one connection to an instance of the application. It carries one exchange at a time and is kept in between.
type upstream struct {
	socket.Conn
	backend *backend
	used    int64         // when its last exchange ended, in nanoseconds of the gateway's clock
	keep    time.Duration // how long it may lie idle: UpstreamIdle, or less where the application says so

	// The exchange that it carries now, and how far that has come.
	exchange *exchange
	sending  bool          // the request in exchange.out is to be sent on the next turn
	sent     int           // how much of it was
	wasSent  syscall.Errno // why sending failed
	received error         // why receiving failed; nil when a head came
	step     func(fd uintptr) bool
}

// dial opens a connection to the backend's member.
func (b *backend) dial(timeout time.Duration) (*upstream, error) {
	dialer := net.Dialer{Timeout: timeout}
	opened, err := dialer.Dial("tcp", b.member.Address())
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", b.member.Name(), err)
	}
	u := &upstream{backend: b, keep: UpstreamIdle}
	if err := u.Init(opened.(*net.TCPConn)); err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", b.member.Name(), err)
	}
	u.step = u.turn
	return u, nil
}

// carry makes it the connection of an exchange. What was left of an earlier one is forgotten.
func (u *upstream) carry(x *exchange) {
	u.exchange, u.sent, u.wasSent, u.received = x, 0, 0, nil
	x.current = u
	x.client.watch.upstream.Store(&u.Conn)
}

// turn sends the request and reads the head of the answer. It waits in between without asking first: the poller was told to
// forget earlier edges before the request left, so the answer's edge cannot be missed.
func (u *upstream) turn(fd uintptr) (done bool) {
	x := u.exchange
	if u.sending {
		u.sending = false
		u.sent, u.wasSent = socket.Send(fd, x.out, false)
		return u.sent < len(x.out)
	}
	return u.receiveHead(fd)
}

// receiveHead reads until the head of a final response has come; what follows it stays in x.up. After a part of a head it asks
// again before it waits: the end of the stream may have come with it, in one edge of the poller.
func (u *upstream) receiveHead(fd uintptr) (done bool) {
	x := u.exchange
	for {
		x.up.room(1)
		space := x.up.space()
		n, errno := socket.Receive(fd, space)
		switch {
		case errno == syscall.EAGAIN:
			return false
		case errno != 0:
			u.received = errBroken
			return true
		case n == 0:
			u.received = errBroken
			return true
		}
		x.up.end += n
		if done, err := x.parseHead(); done || err != nil {
			u.received = err
			return true
		}
	}
}

// parseHead reads heads from x.up until a final one; interim ones are passed on.
func (x *exchange) parseHead() (done bool, err error) {
	for x.up.len() > 0 {
		size, err := x.response.Parse(x.up.unread(), x.request.Method, x.settings.response)
		if err != nil {
			return false, err
		}
		if size == 0 {
			return false, nil
		}
		x.up.consume(size)
		if !x.response.Interim() {
			return true, nil
		}
		if err := x.relayInterim(); err != nil {
			return false, err
		}
		x.response.Reset()
		x.up.rewind()
	}
	return false, nil
}

// keepFor reads what the application says of how long it keeps an idle connection ("Keep-Alive: timeout=5"), so that the
// connection is given up before it is closed at the other end. Applications that say it mean it; Node does.
func (u *upstream) keepFor(r *http1.Response) {
	value := r.Value(http1.HeaderKeepAlive)
	if value == nil {
		return
	}
	if seconds, ok := keepAliveTimeout(value); ok {
		u.keep = min(UpstreamIdle, max(time.Duration(seconds)*time.Second-keepAliveMargin, 0))
	}
}

// keepAliveTimeout finds timeout=N in the value of Keep-Alive.
func keepAliveTimeout(value []byte) (seconds int, ok bool) {
	const name = "timeout="
	for i := 0; i+len(name) < len(value); i++ {
		if string(value[i:i+len(name)]) != name {
			continue
		}
		for _, digit := range value[i+len(name):] {
			if digit < '0' || digit > '9' || seconds > 1<<20 {
				break
			}
			seconds, ok = seconds*10+int(digit-'0'), true
		}
		return seconds, ok
	}
	return 0, false
}
