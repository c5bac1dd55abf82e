package gateway

import (
	"ladder/http1"
)

// exchange is one request on its way: what was read, what is to be written, and what the log will say. A connection has one
// while there is anything of a request, and none while it is idle; exchanges are reused, with their buffers.
//
// Everything from here to the application (roundtrip.go, rotation.go, upstream.go) works on the parsed request and knows
// nothing of how it came; that is where another protocol on the client's side joins.
type exchange struct {
	client   *connection
	settings *settings

	in  buffer // from the client: this request, and what follows it
	up  buffer // from the application
	out []byte // to be written: the request as forwarded until an answer begins, then the answer

	head     []byte // of the request, as it came
	request  http1.Request
	response http1.Response
	body     http1.BodyReader // of the response

	stage     stage
	keepAlive bool      // the client's connection may carry another request
	streams   bool      // the body of the request is not held whole: an upload carries it
	upload    *upload   // nil when there is none, or it has ended
	current   *upstream // that it is on now
	interim   bool      // an interim response has come
	chunked   bool      // the response's body goes to the client in chunks
	nudged    bool      // the application's connection was cut to be looked at, see headFailed

	record
}

// stage is how far a request has come.
type stage uint8

const (
	stageHead     stage = iota // its head is not complete
	stageBody                  // its head is; a small body is being waited for
	stageForward               // on its way to the application
	stageAnswered              // part of the application's final answer was sent to the client
)

// record is what the access log and the statistics are told of an exchange.
type record struct {
	started  int64 // when its first byte came, in nanoseconds of the gateway's clock
	waited   int64 // nanoseconds from there until the head of the response had come, 0 without one
	status   int
	bytesIn  int64 // of the request's body
	bytesOut int64 // of the response's body, as the client got it before transfer coding
	retries  int
	member   *backend // that was tried last, nil if none was
	id       requestID
	outcome  refusal
	counted  bool // its end was counted
	unread   bool // the request could not be understood: there is no method or path
}

// clear forgets the request and keeps the memory.
func (x *exchange) clear() {
	x.request.Reset()
	x.response.Reset()
	x.settings, x.upload, x.current = nil, nil, nil
	x.stage, x.keepAlive = stageHead, false
	x.streams, x.interim, x.chunked, x.nudged = false, false, false, false
	x.head, x.out = nil, x.out[:0]
	x.record = record{}
}
