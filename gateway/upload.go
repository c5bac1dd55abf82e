package gateway

import (
	"errors"
	"io"
	"os"
	"sync/atomic"

	"ladder/http1"
	"ladder/internal/socket"
)

// spliceFrom is how many bytes of a body must be left for it to be spliced from socket to socket: below, a copy is cheaper.
const spliceFrom = 64 << 10

// upload carries the body of a request to the application while the exchange waits for the answer, which may come before the
// body has ended. It runs in a goroutine of its own, the only one that a connection ever has besides its first; until it has
// ended the buffer in is its own, behind the head.
type upload struct {
	x    *exchange
	u    *upstream
	body http1.BodyReader
	base int    // where in x.in bytes may be put: behind the head
	out  []byte // chunks on their way

	done     chan struct{} // closed at the end
	ending   atomic.Bool   // the last of it is being sent: the answer may come before done is closed
	complete bool          // all of it was sent; valid after done
	broken   atomic.Bool   // it failed, and failure says how
	failure  refusal
}

// startUpload begins to carry the body; the head must have been sent.
func (x *exchange) startUpload(u *upstream) {
	c := x.client
	up := &upload{x: x, u: u, base: x.in.start, done: make(chan struct{})}
	up.body.ForRequest(&x.request, x.settings.limits)
	if len(x.in.b)-x.in.start < bodyRoom {
		x.in.room(inputSize)
		up.base = x.in.start
	}
	x.upload = up
	c.watch.enter(phaseUpload, 0)
	c.uploading.upstream.Store(&u.Conn)
	go up.run()
}

// run carries the body and then lets the wait for the answer have its time-out.
func (up *upload) run() {
	defer close(up.done)
	c := up.x.client
	defer c.recovered(func() { up.fail(refuse(CodeInternal)) })
	if why := up.carry(); why.failed() {
		up.fail(why)
	}
	c.uploading.enter(phaseNone, 0)
	c.watch.relieve(phaseUpload, phaseResponse, c.gateway.now()+int64(up.x.settings.timeouts.Response))
}

// fail notes why the body cannot be completed. The application must see it broken off, never a false end, so its connection is
// given up; unless it was the application that stopped reading: it may have said why.
func (up *upload) fail(why refusal) {
	if why.code == CodeResponseBroken {
		return
	}
	up.failure = why
	up.broken.Store(true)
	up.u.CutReads()
}

// carry moves the body until its end or the first failure.
func (up *upload) carry() refusal {
	in := &up.x.in
	for {
		data, consumed, done, err := up.body.Next(in.unread())
		if err != nil {
			return refuseRequest(err)
		}
		if up.body.Received() > up.x.settings.body {
			return refuse(CodeBodyTooLarge)
		}
		in.consume(consumed)
		if done {
			up.ending.Store(true)
		}
		if why := up.pass(data, done); why.failed() || done {
			up.complete = done && !why.failed()
			return why
		}
		if len(data) > 0 {
			continue
		}
		if up.x.request.Framing == http1.FramingLength && in.len() == 0 && up.body.Remaining() >= spliceFrom {
			if why := up.splice(); why.failed() || up.body.Done() {
				up.complete = !why.failed()
				return why
			}
			continue
		}
		if why := up.read(); why.failed() {
			return why
		}
	}
}

// read gets more of the body from the client.
func (up *upload) read() refusal {
	c, in := up.x.client, &up.x.in
	if in.start > up.base { // only the beginning of a chunk line can be left
		in.end = up.base + copy(in.b[up.base:], in.unread())
		in.start = up.base
	}
	in.room(bodyRoom)
	if in.start < up.base {
		up.base = in.start
	}
	c.uploading.enter(phaseBody, c.gateway.now()+int64(up.x.settings.timeouts.Body))
	n, err := c.Read(in.space())
	in.end += n
	if err != nil {
		return up.clientFailed(err)
	}
	return refusal{}
}

// clientFailed says what it means that the client cannot be read from.
func (up *upload) clientFailed(err error) refusal {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return refuse(CodeClientAborted)
	}
	switch up.x.client.uploading.reason() {
	case reasonOverrun:
		return refuse(CodeBodyTimeout)
	case reasonDrained:
		return refuse(CodeDrained)
	default:
		return refuse(CodeClientAborted) // or stopped, when nobody asks any more
	}
}

// pass sends a piece of the body, in the framing that the request's head announced.
func (up *upload) pass(data []byte, last bool) refusal {
	if up.x.request.Framing != http1.FramingChunked {
		return up.send(data)
	}
	out := up.out[:0]
	if len(data) > 0 {
		out = http1.AppendChunkHead(out, len(data))
		out = append(out, data...)
		out = http1.AppendChunkEnd(out)
	}
	if last {
		out = http1.AppendLastChunk(out, up.body.Trailers())
	}
	up.out = out
	return up.send(out)
}

// send gives bytes to the application.
func (up *upload) send(b []byte) refusal {
	c := up.x.client
	for len(b) > 0 {
		n, err := up.u.TrySend(b, false)
		if n == 0 && err == nil {
			c.uploading.enter(phaseSend, c.gateway.now()+int64(up.x.settings.timeouts.Response))
			n, err = up.u.SendSome(b)
		}
		if err != nil {
			return up.applicationFailed(err)
		}
		b = b[n:]
	}
	return refusal{}
}

// applicationFailed says what it means that the application cannot be written to.
func (up *upload) applicationFailed(err error) refusal {
	if !socket.Cut(err) {
		return refuse(CodeResponseBroken)
	}
	return up.x.cutBy(up.x.client.uploading.reason(), CodeResponseTimeout)
}

// splice moves what is left of a body of known length from socket to socket.
func (up *upload) splice() refusal {
	c, g := up.x.client, up.x.client.gateway
	pipe, err := g.pipes.Take()
	if err != nil { // out of descriptors: copying needs none
		return up.read()
	}
	defer g.pipes.Put(pipe)
	timeouts := &up.x.settings.timeouts
	moved, side, err := pipe.Transfer(&up.u.Conn, &c.Conn, up.body.Remaining(), func(side socket.Side, unread int64) {
		if side == socket.Source {
			c.uploading.enter(phaseBody, g.now()+int64(timeouts.Body))
			return
		}
		if unread == 0 {
			up.ending.Store(true)
		}
		c.uploading.enter(phaseSend, g.now()+int64(timeouts.Response))
	})
	up.body.Advance(moved)
	switch {
	case err == nil:
		return refusal{}
	case side == socket.Destination:
		return up.applicationFailed(err)
	case errors.Is(err, io.EOF):
		return refuse(CodeClientAborted)
	default:
		return up.clientFailed(err)
	}
}

// uploadFailure is why the body of the request could not be completed, if it could not.
func (x *exchange) uploadFailure() refusal {
	if x.upload == nil || !x.upload.broken.Load() {
		return refusal{}
	}
	return x.upload.failure
}

// uploaded says whether the application has all of the request.
func (x *exchange) uploaded() bool {
	if x.upload == nil {
		return true
	}
	if x.upload.ending.Load() {
		<-x.upload.done // within microseconds, or the time-out of a write
	}
	select {
	case <-x.upload.done:
		return x.upload.complete
	default:
		return false
	}
}

// stopUpload ends an upload, however far it has come, waits until it has ended, and says whether it had ended by itself with all
// of the body: else the application's connection is of no further use. If the body is not complete, the client's connection can
// only carry the answer any more.
func (x *exchange) stopUpload(u *upstream) (clean bool) {
	up := x.upload
	if up == nil {
		return true
	}
	cut := false
	select {
	case <-up.done:
	default:
		cut = true
		x.client.CutReads()
		u.CutWrites()
		<-up.done
		x.client.ResumeReads()
	}
	x.upload = nil
	x.bytesIn = up.body.Received()
	x.keepAlive = x.keepAlive && up.complete
	return up.complete && !cut
}
