package http1

// BodyReader finds the end of a body and takes the chunks off. It copies nothing: data are slices of the caller's input.
type BodyReader struct {
	framing   Framing
	remaining int64
}

// ForRequest prepares for the body of r.
func (b *BodyReader) ForRequest(r *Request, limits Limits) {}

// ForResponse prepares for the body of r.
func (b *BodyReader) ForResponse(r *Response, limits Limits) {}

// Next reads from in, which begins where the last call stopped consuming. It returns a piece of the body (a slice of in, maybe
// empty), how many bytes of in are done with, and whether the body has ended; then in[consumed:] is the next message.
//
// When it gives neither data nor done it needs more bytes than in has: call again with in[consumed:] and what came behind it.
// What is left over then is at most an unfinished trailer section, bounded by Limits.Head. Data never exceed consumed, and the
// input may be cut anywhere.
func (b *BodyReader) Next(in []byte) (data []byte, consumed int, done bool, err error) {
	panic("http1: not written yet")
}

// End says what it means that the connection ended here: nil when the body was complete or ends with the connection, else
// ErrTruncated.
func (b *BodyReader) End() error { return nil }

// Done says whether the body has ended.
func (b *BodyReader) Done() bool { return false }

// Remaining is how many of the next bytes on the connection are data, whatever they are, so that the caller may move them without
// showing them to Next (splice), and then Advance. It is the rest of the body with FramingLength, the rest of the current chunk
// with FramingChunked, and -1 (all there are) with FramingClose and FramingTunnel.
func (b *BodyReader) Remaining() int64 { return 0 }

// Advance counts n bytes that the caller moved itself; n is at most Remaining.
func (b *BodyReader) Advance(n int64) {}

// Received is how many bytes of data have come so far.
func (b *BodyReader) Received() int64 { return 0 }

// Trailers are the fields after the last chunk, once Next said done, but those that must not be believed there: framing, routing,
// authentication, caching and content fields are dropped (RFC 9110 §6.5.1). They live as long as the last input's bytes do.
func (b *BodyReader) Trailers() []Field { return nil }

// Dropped is how many trailer fields were left out of Trailers.
func (b *BodyReader) Dropped() int { return 0 }
