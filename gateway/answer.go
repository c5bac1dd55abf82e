package gateway

import (
	"errors"
	"io"
	"time"

	"ladder/http1"
	"ladder/internal/socket"
)

// relay passes the application's answer on, from the head in x.response to the end of its body. What is there goes out in one
// write; nothing is held back for more.
func (x *exchange) relay(u *upstream) refusal {
	r := &x.response
	if r.Status == statusSwitching {
		return x.switchProtocols(u)
	}
	u.keepFor(r)
	x.settleConnection()
	x.status = r.Status
	x.out = x.appendResponse(x.out[:0])
	x.body.ForResponse(r, x.settings.response)
	wait, pause := phaseRelay, x.settings.timeouts.Response
	if eventStream(r) {
		wait, pause = phaseStream, 0
	}
	for {
		done, why := x.passBuffered()
		if why.failed() {
			return x.breakOff(u, why)
		}
		if done {
			return x.completed(u)
		}
		if why := x.flush(false); why.failed() {
			return x.breakOff(u, why)
		}
		ended, why := x.more(u, wait, pause)
		if why.failed() {
			return x.breakOff(u, why)
		}
		if ended {
			return x.completed(u)
		}
	}
}

// settleConnection decides, as far as the request and the gateway have a say, whether the client's connection is kept.
func (x *exchange) settleConnection() {
	if x.client.listener.draining.Load() {
		x.keepAlive = false
	}
	if !x.uploaded() && (x.response.Status >= 400 || !x.response.KeepAlive || x.request.ExpectContinue) {
		x.keepAlive = false // the rest of the body will not be read (RFC 9112 §9.6)
	}
}

// eventStream says whether a response is server-sent events, which may pause for as long as they like.
func eventStream(r *http1.Response) bool {
	const media = "text/event-stream"
	value := r.Value(http1.HeaderContentType)
	if len(value) < len(media) {
		return false
	}
	for i := range len(media) {
		if value[i]|0x20 != media[i]|0x20 {
			return false
		}
	}
	return true
}

// passBuffered passes on what has been read of the body. It stays in out as long as there is room.
func (x *exchange) passBuffered() (done bool, why refusal) {
	for {
		data, consumed, done, err := x.body.Next(x.up.unread())
		if err != nil {
			return false, refuseResponse(err)
		}
		x.up.consume(consumed)
		if len(data) > 0 {
			x.bytesOut += int64(len(data))
			if why := x.passPiece(data); why.failed() {
				return false, why
			}
		}
		if done {
			if x.chunked {
				x.out = http1.AppendLastChunk(x.out, x.body.Trailers())
			}
			return true, refusal{}
		}
		if len(data) == 0 {
			return false, refusal{}
		}
	}
}

// chunkOverhead is the most that a chunk needs besides its data, in bytes: sixteen digits and two line ends.
const chunkOverhead = 20

// passPiece puts a piece of the body into out, or sends it right away when it is too large for that.
func (x *exchange) passPiece(data []byte) refusal {
	if len(x.out)+len(data)+chunkOverhead > outputSize {
		if why := x.flush(true); why.failed() {
			return why
		}
	}
	if x.chunked {
		x.out = http1.AppendChunkHead(x.out, len(data))
	}
	if len(data) > outputSize/2 {
		if why := x.flush(true); why.failed() {
			return why
		}
		if why := x.send(data, x.chunked); why.failed() {
			return why
		}
	} else {
		x.out = append(x.out, data...)
	}
	if x.chunked {
		x.out = http1.AppendChunkEnd(x.out)
	}
	return refusal{}
}

// flush sends what is in out. With the first of it the answer is the application's: Ladder cannot give another one any more.
func (x *exchange) flush(more bool) refusal {
	if len(x.out) == 0 {
		return refusal{}
	}
	x.stage = stageAnswered
	why := x.send(x.out, more)
	x.out = x.out[:0]
	return why
}

// send gives bytes to the client, waiting for it only when its socket is full.
func (x *exchange) send(b []byte, more bool) refusal {
	c := x.client
	for len(b) > 0 {
		n, err := c.TrySend(b, more)
		if n == 0 && err == nil {
			x.await(phaseWrite, x.settings.timeouts.Write)
			n, err = c.SendSome(b)
		}
		if err != nil {
			return x.clientFailed()
		}
		b = b[n:]
	}
	return refusal{}
}

// clientFailed says what it means that the client cannot be written to.
func (x *exchange) clientFailed() refusal {
	switch x.client.watch.reason() {
	case reasonOverrun:
		return refuse(CodeClientWriteTimeout)
	case reasonDrained:
		return refuse(CodeDrained)
	default:
		return refuse(CodeClientAborted)
	}
}

// more waits for more of the body: in the buffer, or spliced past it where nothing has to look at it.
func (x *exchange) more(u *upstream, wait phase, pause time.Duration) (ended bool, why refusal) {
	x.up.compact()
	if x.body.Remaining() >= spliceFrom && x.response.Framing == http1.FramingLength && x.up.len() == 0 {
		return x.splice(u)
	}
	x.up.room(bodyRoom)
	for {
		if pause == 0 {
			x.client.watch.enter(wait, 0)
		} else {
			x.await(wait, pause)
		}
		n, err := u.Read(x.up.space())
		x.up.end += n
		if err == nil {
			return false, refusal{}
		}
		if socket.Cut(err) && !x.uploadFailure().failed() && x.nudge(u) {
			continue
		}
		return x.bodyEnded(err)
	}
}

// bodyEnded says what it means that no more can be read from the application.
func (x *exchange) bodyEnded(err error) (ended bool, why refusal) {
	if errors.Is(err, io.EOF) && x.body.End() == nil {
		if x.chunked {
			x.out = http1.AppendLastChunk(x.out, nil)
		}
		return true, refusal{}
	}
	if why := x.uploadFailure(); why.failed() {
		return false, why
	}
	if socket.Cut(err) {
		return false, x.cutBy(x.client.watch.reason(), CodeResponseTimeout)
	}
	return false, refuse(CodeResponseBroken)
}

// splice moves the rest of a body of known length from socket to socket.
func (x *exchange) splice(u *upstream) (ended bool, why refusal) {
	c, g := x.client, x.client.gateway
	pipe, err := g.pipes.Take()
	if err != nil { // out of descriptors: copying needs none
		x.up.room(answerSize)
		n, err := u.Read(x.up.space())
		x.up.end += n
		if err != nil {
			return x.bodyEnded(err)
		}
		return false, refusal{}
	}
	defer g.pipes.Put(pipe)
	moved, side, err := pipe.Transfer(&c.Conn, &u.Conn, x.body.Remaining(), func(side socket.Side, _ int64) {
		if side == socket.Source {
			x.await(phaseRelay, x.settings.timeouts.Response)
		} else {
			x.await(phaseWrite, x.settings.timeouts.Write)
		}
	})
	x.body.Advance(moved)
	x.bytesOut += moved
	switch {
	case err == nil:
		return false, refusal{}
	case side == socket.Destination:
		return false, x.clientFailed()
	case socket.Cut(err) && x.nudge(u):
		return false, refusal{}
	default:
		return x.bodyEnded(err)
	}
}

// completed ends an answer that came to its end: the application's connection is given back first, since the client may be slow.
func (x *exchange) completed(u *upstream) refusal {
	cut := x.client.watch.enter(phaseNone, 0) != reasonNone
	if x.upload != nil && x.response.KeepAlive && x.keepAlive {
		<-x.upload.done // the application goes on reading after it has answered; time-outs bound it
	}
	whole := x.stopUpload(u)
	clean := whole && !cut && !x.nudged && x.response.KeepAlive && x.up.len() == 0
	x.release(u, clean)
	return x.flush(false)
}

// release ends the application's part. Its connection is kept if that is clean.
func (x *exchange) release(u *upstream, clean bool) {
	b := u.backend
	x.current = nil
	if clean {
		b.put(u, x.client.now) // as long as the answer took, it lay idle: a little too old is on the safe side
	} else {
		_ = u.Close()
	}
	b.member.InFlight.Add(-1)
	b.member.Handled.Add(1)
}

// breakOff ends an answer that cannot be completed. If part of it was sent the client's connection is cut, so that it never takes
// the part for the whole.
func (x *exchange) breakOff(u *upstream, why refusal) refusal {
	x.keepAlive = x.keepAlive && x.stage != stageAnswered
	x.discard(u)
	member := u.backend.member
	member.InFlight.Add(-1)
	if why.code.Info().Failed == SideApplication {
		member.Failed.Add(1)
	} else {
		member.Handled.Add(1)
	}
	return why
}

// relayInterim passes a 1xx response on; clients of HTTP/1.0 would take it for the final one.
func (x *exchange) relayInterim() error {
	x.interim = true
	if x.request.Minor == 0 {
		return nil
	}
	if why := x.send(x.appendInterim(nil), false); why.failed() {
		return errClient
	}
	return nil
}
