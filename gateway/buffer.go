package gateway

import "sync"

const (
	// inputSize is what is read from a client at once, in bytes; heads up to this size need no growing.
	inputSize = 16 << 10
	// answerSize is what is read from the application at once, in bytes.
	answerSize = 32 << 10
	// outputSize is what is written at once, in bytes: a head and a small body go out together up to this size.
	outputSize = 16 << 10
	// bodyRoom is the least room for body bytes behind a head, in bytes.
	bodyRoom = 4 << 10
)

// buffer holds bytes that have come and were not used yet: b[start:end].
type buffer struct {
	b          []byte
	start, end int
}

func (b *buffer) unread() []byte { return b.b[b.start:b.end] }
func (b *buffer) len() int       { return b.end - b.start }
func (b *buffer) space() []byte  { return b.b[b.end:] }

// consume takes n bytes off the front.
func (b *buffer) consume(n int) { b.start += n }

// rewind begins again at the front when nothing is unread. Slices of what was read are void then.
func (b *buffer) rewind() {
	if b.start == b.end {
		b.start, b.end = 0, 0
	}
}

// room makes space for at least n more bytes, by moving what is unread to a larger array if it must; it never moves bytes
// within the array, to which others have slices.
func (b *buffer) room(n int) {
	if len(b.b)-b.end >= n {
		return
	}
	grown := make([]byte, max(2*len(b.b), b.len()+n))
	b.end = copy(grown, b.unread())
	b.start, b.b = 0, grown
}

// compact moves what is unread to the front. Slices of what was read are void then.
func (b *buffer) compact() {
	b.end = copy(b.b, b.unread())
	b.start = 0
}

// reset empties the buffer, and gives back what was grown beyond size.
func (b *buffer) reset(size int) {
	b.start, b.end = 0, 0
	if len(b.b) != size {
		b.b = make([]byte, size)
	}
}

// exchanges keeps exchanges for reuse, with their buffers. The zero value is ready.
type exchanges struct{ pool sync.Pool }

// take gives an empty exchange to a connection.
func (p *exchanges) take(c *connection) *exchange {
	x, _ := p.pool.Get().(*exchange)
	if x == nil {
		x = &exchange{out: make([]byte, 0, outputSize)}
		x.in.reset(inputSize)
		x.up.reset(answerSize)
	}
	x.client = c
	return x
}

// give takes an exchange back. Nothing may refer to its buffers any more.
func (p *exchanges) give(x *exchange) {
	x.clear()
	x.in.reset(inputSize)
	x.up.reset(answerSize)
	if cap(x.out) > outputSize {
		x.out = make([]byte, 0, outputSize)
	}
	x.client = nil
	p.pool.Put(x)
}
