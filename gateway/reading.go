package gateway

import (
	"ladder/http1"
)

// readHead reads the head of a request, false when it is not complete or refused.
func (c *connection) readHead() bool {
	x, g := c.exchange, c.gateway
	if x.started == 0 {
		x.started = c.now
		x.settings = g.settings.Load()
		c.shard.started.Add(1)
	}
	size, err := x.request.Parse(x.in.unread(), x.settings.limits)
	if err != nil {
		x.unread = true
		c.then, c.fault = thenRefuse, refuseRequest(err)
		return false
	}
	if size == 0 {
		if phaseOf(c.watch.state.Load()) != phaseHead {
			c.watch.enter(phaseHead, x.started+int64(x.settings.header))
		}
		if x.in.start > 0 {
			x.in.compact()
		}
		x.in.room(1)
		return false
	}
	x.head = x.in.unread()[:size]
	x.in.consume(size)
	x.stage = stageBody
	x.keepAlive = x.request.KeepAlive
	c.identify(x)
	return true
}

// identify finds out who asks, and gives the request its identifier.
func (c *connection) identify(x *exchange) {
	if c.settings != x.settings {
		c.settings, c.trusted = x.settings, x.settings.trusts(c.address())
	}
	if !x.id.take(x.request.Value(http1.HeaderXRequestID)) {
		c.gateway.ids.give(&x.id)
	}
}

// readSmallBody sees whether the body is complete in the buffer. It is waited for if it fits in there; a larger one, one whose
// length is not known, and one that the client holds back until it is asked for, are carried by an upload.
func (c *connection) readSmallBody() bool {
	x := c.exchange
	r := &x.request
	if r.Method == http1.MethodConnect || r.Method == http1.MethodTrace {
		c.then, c.fault = thenRefuse, refuse(CodeMethodRefused)
		return false
	}
	if r.Framing == http1.FramingLength && r.ContentLength > x.settings.body {
		c.then, c.fault = thenRefuse, refuse(CodeBodyTooLarge)
		return false
	}
	missing := int64(0)
	if r.Framing == http1.FramingLength {
		missing = r.ContentLength - int64(x.in.len())
	}
	switch {
	case r.Framing == http1.FramingChunked, missing > 0 && r.ExpectContinue, missing > int64(len(x.in.space())):
		x.streams = true
		c.then = thenProcess
		return false
	case missing > 0:
		c.watch.enter(phaseBody, c.now+int64(x.settings.timeouts.Body))
		return false
	case len(r.Upgrade) > 0:
		c.then = thenProcess
		return false
	}
	return true
}

// buffered is the body of a request that is held whole.
func (x *exchange) buffered() []byte {
	return x.in.unread()[:max(x.request.ContentLength, 0)]
}
