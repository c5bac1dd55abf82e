package gateway

import (
	"errors"
	"io"
	"time"

	"ladder/http1"
	"ladder/internal/socket"
)

const (
	// HoldTimeout is how long the beginning of a short answer of known length waits for its end, when the request may be
	// repeated: an instance that dies between two pieces of a page then costs a repetition instead of half a page.
	HoldTimeout = time.Second
	// HoldChunkedTimeout is the same for an answer of unknown length, which may come piece by piece on purpose: it is the most
	// that its first piece is delayed by.
	HoldChunkedTimeout = 10 * time.Millisecond
	// HoldBytes is the longest answer that is waited for, in bytes; with its head it fits the buffer that it is read into.
	HoldBytes = answerSize - 2<<10
)

// repeats says whether sending the request twice has the effect of sending it once: by its method (RFC 9110 §9.2.2), or because
// the client gave it a key by which the application knows it again (draft-ietf-httpapi-idempotency-key-header).
func (x *exchange) repeats() bool {
	return x.request.Method.Idempotent() || len(x.request.Value(http1.HeaderIdempotencyKey)) > 0
}

// hold waits a moment for the rest of an answer whose head has come, and fails when the application breaks off meanwhile, as
// long as nothing of the answer was passed on and the request may be sent again. An answer that takes longer is not held.
func (x *exchange) hold(u *upstream) refusal {
	if x.whole() || x.streams || x.interim || !x.repeats() || eventStream(&x.response) {
		return refusal{}
	}
	timeout := HoldChunkedTimeout
	if x.response.Framing == http1.FramingLength {
		timeout = HoldTimeout
	}
	u.ReadsUntil(time.Now().Add(timeout))
	defer u.ResumeReads() // nobody else sets a deadline in phaseNone
	for !x.whole() && x.up.len() < HoldBytes && len(x.up.space()) > 0 {
		n, err := u.Read(x.up.space())
		x.up.end += n
		switch {
		case err == nil:
		case socket.Cut(err), errors.Is(err, io.EOF) && x.response.Framing == http1.FramingClose:
			return refusal{}
		default:
			return refuse(CodeResponseBroken)
		}
	}
	return refusal{}
}

// whole says whether there is nothing to wait for: all of the answer has come, or it is too long to be held.
func (x *exchange) whole() bool {
	r := &x.response
	switch r.Framing {
	case http1.FramingLength:
		return r.ContentLength > HoldBytes || int64(x.up.len()) >= r.ContentLength
	case http1.FramingChunked:
		return x.lastChunkCame()
	case http1.FramingClose:
		return false
	default:
		return true
	}
}

// lastChunkCame looks ahead in what has been read. What is malformed is for the relay to find again and report.
func (x *exchange) lastChunkCame() bool {
	var ahead http1.BodyReader
	ahead.ForResponse(&x.response, x.settings.response)
	for in := x.up.unread(); ; {
		data, consumed, done, err := ahead.Next(in)
		if done || err != nil {
			return true
		}
		if len(data) == 0 {
			return false
		}
		in = in[consumed:]
	}
}
