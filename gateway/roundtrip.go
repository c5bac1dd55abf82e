package gateway

import (
	"errors"
	"net"
	"syscall"
	"time"

	"ladder/internal/socket"
)

// MaxAttempts is at how many instances a request is tried. A connection that had been closed while it lay idle does not count:
// the same instance then gets the request on a fresh one.
const MaxAttempts = 3

// What ends the wait for an answer besides a malformed one.
var (
	errBroken = errors.New("the application closed the connection")
	errClient = errors.New("the client does not take an interim response")
)

// roundTrip takes the request to the application and brings back the head of the answer, in x.response, on the connection that
// it returns; or it says why there is none. The request goes to another instance when no connection could be made, or when
// nothing of an answer was passed on and sending it twice has the effect of sending it once.
func (x *exchange) roundTrip() (*upstream, refusal) {
	var (
		tried   [MaxAttempts]*backend
		failure = refuse(CodeNoInstance)
		members = x.client.gateway.rotation
		turn    = members.turn()
	)
	for attempt := range MaxAttempts {
		b := members.pick(turn, tried[:attempt])
		if b == nil {
			break
		}
		if attempt > 0 {
			x.retries++
			x.client.now = x.client.gateway.now()
		}
		tried[attempt], x.member = b, b
		u, why, again := x.visit(b)
		if u != nil {
			return u, refusal{}
		}
		b.member.InFlight.Add(-1)
		if why.code.Info().Failed == SideApplication {
			b.member.Failed.Add(1)
		}
		failure = why
		if !again {
			break
		}
	}
	return nil, failure
}

// visit tries one instance: on a kept connection first, then on a fresh one if that had been closed meanwhile.
func (x *exchange) visit(b *backend) (u *upstream, why refusal, again bool) {
	if len(x.out) == 0 {
		x.out = x.appendRequest(x.out)
		if !x.streams {
			x.out = append(x.out, x.buffered()...)
		}
	}
	certain := x.streams || !x.repeats()
	if u := b.take(x.client.now, certain); u != nil {
		why, repeatable := x.try(u)
		if !why.failed() && !x.unasked() {
			return u, refusal{}, false
		}
		x.discard(u)
		if why.failed() && !repeatable {
			return nil, why, false
		}
		b.closeIdle()
		x.retries++
		x.client.now = x.client.gateway.now()
	}
	u, err := b.dial(x.settings.timeouts.Connect)
	if err != nil {
		return nil, refuseDial(err), true
	}
	why, repeatable := x.try(u)
	if why.failed() {
		x.discard(u)
		return nil, why, repeatable
	}
	return u, refusal{}, false
}

// try makes one attempt and says, when it failed, whether the request may be sent again.
func (x *exchange) try(u *upstream) (why refusal, repeatable bool) {
	if why := x.attempt(u); why.failed() {
		return why, x.repeatable(u, why)
	}
	why = x.hold(u)
	return why, why.failed()
}

// unasked says whether what came on a kept connection is the 408 with which some applications give an idle connection up: it
// crossed the request on its way and is no answer to it (RFC 9110 §15.5.9).
func (x *exchange) unasked() bool {
	return x.response.Status == statusRequestTimeout && !x.streams && !x.interim && x.repeats()
}

// refuseDial says which failure it is that no connection could be made.
func refuseDial(err error) refusal {
	var network net.Error
	if errors.As(err, &network) && network.Timeout() {
		return refuse(CodeConnectTimeout)
	}
	return refuse(CodeConnectFailed)
}

// repeatable says whether the request may be sent again after its connection broke.
func (x *exchange) repeatable(u *upstream, why refusal) bool {
	if why.code != CodeResponseBroken || x.up.end > 0 || x.interim {
		return false
	}
	if u.sent == 0 && u.wasSent != 0 {
		return true // not a byte of it has left
	}
	return x.upload == nil && x.repeats()
}

// attempt sends the request on a connection and reads the head of the answer.
func (x *exchange) attempt(u *upstream) refusal {
	u.carry(x)
	x.up.reset(answerSize)
	x.response.Reset()
	x.nudged = false
	if x.streams {
		if why := x.sendHead(u); why.failed() {
			return why
		}
		x.startUpload(u)
		return x.awaitHead(u)
	}
	u.sending = true
	x.client.watch.enter(phaseResponse, x.client.now+int64(x.settings.timeouts.Response))
	err := u.Await(u.step)
	if err == nil && u.sent < len(x.out) {
		if why := x.sendRest(u); why.failed() {
			return why
		}
		x.await(phaseResponse, x.settings.timeouts.Response)
		return x.awaitHead(u)
	}
	if err != nil || u.received != nil {
		return x.headFailed(u, err)
	}
	return x.arrived()
}

// await begins a phase that ends after timeout.
func (x *exchange) await(p phase, timeout time.Duration) reason {
	c := x.client
	return c.watch.enter(p, c.gateway.now()+int64(timeout))
}

// arrived notes when the head of the answer came, and whether the wait for it was cut in the same moment.
func (x *exchange) arrived() refusal {
	c := x.client
	c.now = c.gateway.now()
	x.waited = c.now - x.started
	switch why := c.watch.enter(phaseNone, 0); why {
	case reasonNone:
		return refusal{}
	case reasonNudged:
		x.nudged = true
		return refusal{}
	default:
		return x.cutBy(why, CodeResponseTimeout)
	}
}

// awaitHead waits for the head of the answer, when the request has been sent or is being sent by an upload.
func (x *exchange) awaitHead(u *upstream) refusal {
	if err := u.Await(u.step); err != nil || u.received != nil {
		return x.headFailed(u, err)
	}
	return x.arrived()
}

// headFailed says why no head came; after a nudge it looks again.
func (x *exchange) headFailed(u *upstream, err error) refusal {
	if why := x.uploadFailure(); why.failed() {
		return why
	}
	if socket.Cut(err) && x.nudge(u) {
		return x.awaitHead(u)
	}
	if err != nil {
		return x.cutBy(x.client.watch.reason(), CodeResponseTimeout)
	}
	switch u.received {
	case errBroken:
		return refuse(CodeResponseBroken)
	case errClient:
		return x.clientFailed()
	default:
		return refuseResponse(u.received)
	}
}

// nudge tells whether a wait was cut only to look at the connection again, and makes it readable again.
func (x *exchange) nudge(u *upstream) bool {
	watch := &x.client.watch
	state := watch.state.Load()
	if cutReason(state) == reasonNudged {
		x.nudged = true
		watch.enter(phaseOf(state), int64(state>>deadlineBits)*int64(time.Millisecond))
	} else if !x.nudged || cutReason(state) != reasonNone {
		return false
	}
	u.ResumeReads()
	return true
}

// cutBy says what it means that a phase was cut.
func (x *exchange) cutBy(why reason, overrun Code) refusal {
	switch why {
	case reasonGone:
		return refuse(CodeClientAborted)
	case reasonDrained:
		return refuse(CodeDrained)
	case reasonOverrun:
		return refuse(overrun)
	default:
		return refuse(CodeResponseBroken)
	}
}

// sendRest sends what the first call did not take of a request that is held whole.
func (x *exchange) sendRest(u *upstream) refusal {
	if u.wasSent != 0 && u.wasSent != syscall.EAGAIN {
		return refuse(CodeResponseBroken)
	}
	for u.sent < len(x.out) {
		x.await(phaseSend, x.settings.timeouts.Response)
		n, err := u.SendSome(x.out[u.sent:])
		u.sent += n
		if err != nil && socket.Cut(err) {
			return x.cutBy(x.client.watch.reason(), CodeResponseTimeout)
		}
		if err != nil {
			u.wasSent = syscall.EPIPE
			return refuse(CodeResponseBroken)
		}
	}
	return refusal{}
}

// sendHead sends the head of a request whose body follows piece by piece.
func (x *exchange) sendHead(u *upstream) refusal {
	u.sending = false
	u.sent, u.wasSent = socket.Send(u.FD(), x.out, x.in.len() > 0)
	if u.sent < len(x.out) {
		return x.sendRest(u)
	}
	return refusal{}
}

// discard ends a connection whose exchange did not end cleanly, and an upload on it.
func (x *exchange) discard(u *upstream) {
	x.stopUpload(u)
	x.current = nil
	_ = u.Close()
}
