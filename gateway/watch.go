package gateway

import (
	"sync/atomic"
	"time"

	"ladder/internal/socket"
)

// phase is what a connection is waiting for. Each has a bound in time, except where it says otherwise.
type phase uint8

const (
	phaseNone     phase = iota // working, waits for nobody
	phaseIdle                  // the client's next request
	phaseHead                  // the rest of a request's head; the deadline is absolute, from its first byte
	phaseBody                  // more of a request's body
	phaseSend                  // the application to take more of a request
	phaseUpload                // the application to answer while the body is still on its way, which has a watch of its own: no deadline
	phaseResponse              // the head of a response
	phaseRelay                 // more of a response's body
	phaseStream                // more of an event stream: no deadline
	phaseWrite                 // the client to take more of a response
	phaseLinger                // a client that was refused to stop sending
	phaseTunnel                // either side of a tunnel: no deadline until one side has ended
)

// reason is why a phase was cut short.
type reason uint8

const (
	reasonNone    reason = iota
	reasonOverrun        // its deadline has passed
	reasonGone           // the client has left
	reasonDrained        // the gateway stops and can wait no longer
	reasonNudged         // the application has closed its side and nothing woke the waiting goroutine: it is to look again
)

// A watch's state packs what must change together: the phase, why it was cut, and its deadline in milliseconds of the
// gateway's clock, 0 for none.
const (
	phaseBits    = 5
	phaseMask    = 1<<phaseBits - 1
	reasonBits   = 3
	reasonMask   = 1<<reasonBits - 1
	deadlineBits = phaseBits + reasonBits
)

// watch is where a goroutine says what it waits for, so that the sweeper can end waits that take too long: one atomic store for
// each phase instead of a timer.
//
// A cut is a state change first and only then a deadline on the socket that the phase waits on; whoever enters the next phase
// learns of the cut from what it replaces. So a cut that comes too late never goes unnoticed, and never hits a socket that
// serves somebody else by now.
type watch struct {
	state    atomic.Uint64
	client   *socket.Conn
	upstream atomic.Pointer[socket.Conn] // changed only in phases that do not wait on it
}

// enter begins a phase and says whether the one before was cut. deadline is in nanoseconds of the gateway's clock, 0 for none.
func (w *watch) enter(p phase, deadline int64) reason {
	return cutReason(w.state.Swap(pack(p, deadline)))
}

// reason says whether the present phase was cut.
func (w *watch) reason() reason { return cutReason(w.state.Load()) }

// relieve lets the goroutine that is in phase from go on in phase to, if it is still there and was not cut.
func (w *watch) relieve(from, to phase, deadline int64) {
	w.state.CompareAndSwap(pack(from, 0), pack(to, deadline))
}

// cut ends the phase that the sweeper saw, unless it has ended by itself meanwhile.
func (w *watch) cut(seen uint64, why reason) bool {
	p, upstream := phaseOf(seen), w.upstream.Load()
	if p == phaseNone || !w.state.CompareAndSwap(seen, seen|uint64(why)<<phaseBits) {
		return false
	}
	switch p {
	case phaseIdle, phaseHead, phaseBody, phaseLinger:
		w.client.CutReads()
	case phaseWrite:
		w.client.CutWrites()
	case phaseSend:
		upstream.CutWrites()
	case phaseUpload, phaseResponse, phaseRelay, phaseStream:
		upstream.CutReads()
	case phaseTunnel:
		for _, side := range []*socket.Conn{w.client, upstream} {
			side.CutReads()
			side.CutWrites()
		}
	}
	return true
}

func pack(p phase, deadline int64) uint64 {
	return uint64(deadline)/uint64(time.Millisecond)<<deadlineBits | uint64(p)
}

func phaseOf(state uint64) phase    { return phase(state & phaseMask) }
func cutReason(state uint64) reason { return reason(state >> phaseBits & reasonMask) }
func overrun(state uint64, now int64) bool {
	deadline := state >> deadlineBits
	return deadline != 0 && uint64(now)/uint64(time.Millisecond) > deadline
}
