package http1

// BodyReader finds the end of a body and takes the chunks off. It copies nothing: data are slices of the caller's input. One
// BodyReader is used for all bodies of a connection, prepared by ForRequest or ForResponse after each head.
type BodyReader struct {
	framing   Framing
	remaining int64 // of the body with FramingLength, of the chunk with FramingChunked
	received  int64
	done      bool
	chunk     chunkParser
	trailers  section
	dropped   int
	limits    Limits
	response  bool
	fault     *Error
}

// ForRequest prepares for the body of r.
func (b *BodyReader) ForRequest(r *Request, limits Limits) {
	b.reset(r.Framing, r.ContentLength, limits)
	b.response, b.chunk.lenient = false, false
}

// ForResponse prepares for the body of r.
func (b *BodyReader) ForResponse(r *Response, limits Limits) {
	b.reset(r.Framing, r.ContentLength, limits)
	b.response, b.chunk.lenient = true, true
}

// reset forgets the last body and keeps the memory for trailers.
func (b *BodyReader) reset(framing Framing, length int64, limits Limits) {
	b.framing, b.limits = framing, limits.withDefaults()
	b.remaining, b.received, b.dropped = 0, 0, 0
	b.done, b.fault = framing == FramingNone, nil
	b.chunk = chunkParser{}
	b.trailers.reset()
	if framing == FramingLength {
		b.remaining = length
		b.done = length == 0
	}
}

// Next reads from in, which begins where the last call stopped consuming. It returns a piece of the body (a slice of in, maybe
// empty), how many bytes of in are done with, and whether the body has ended; then in[consumed:] is the next message.
//
// While it gives data, call it again with in[consumed:]. When it gives neither data nor done nor an error, it needs more bytes than
// in has: call again with in[consumed:] and what came behind it. What is left over then is at most an unfinished trailer section,
// bounded by Limits.Head. The input may be cut anywhere.
func (b *BodyReader) Next(in []byte) (data []byte, consumed int, done bool, err error) {
	if b.fault != nil {
		return nil, 0, false, b.fault
	}
	if b.done {
		return nil, 0, true, nil
	}
	switch b.framing {
	case FramingLength:
		n := int(min(int64(len(in)), b.remaining))
		b.remaining -= int64(n)
		b.received += int64(n)
		b.done = b.remaining == 0
		return in[:n], n, b.done, nil
	case FramingChunked:
		return b.nextChunked(in)
	}
	b.received += int64(len(in))
	return in, len(in), false, nil
}

// nextChunked goes through in up to the second piece of data. A fault behind data is left for the next call, so that what came
// before it is not lost and errors do not depend on how the input is cut.
func (b *BodyReader) nextChunked(in []byte) (data []byte, consumed int, done bool, err error) {
	i := 0
	for i < len(in) {
		var fault *Error
		switch {
		case b.chunk.state == chunkTrailers:
			var size int
			if size, fault = b.parseTrailers(in[i:]); size > 0 {
				b.done = true
				return data, i + size, true, nil
			} else if fault == nil {
				return data, i, false, nil
			}
		case b.chunk.state != chunkData:
			if fault = b.chunk.step(in[i]); fault == nil {
				i++
				b.remaining = b.chunk.size
			}
		case data != nil:
			return data, i, false, nil
		default:
			n := int(min(int64(len(in)-i), b.remaining))
			data = in[i : i+n]
			i += n
			b.advanceChunk(int64(n))
		}
		if fault != nil {
			if data != nil {
				return data, i, false, nil
			}
			b.fail(fault)
			return nil, i, false, b.fault
		}
	}
	return data, i, false, nil
}

func (b *BodyReader) advanceChunk(n int64) {
	b.received += n
	b.remaining -= n
	if b.remaining == 0 {
		b.chunk.state = chunkDataCR
	}
}

// parseTrailers reads the trailer section at the start of in and gives its size with the blank line, 0 when it is not all there.
func (b *BodyReader) parseTrailers(in []byte) (size int, fault *Error) {
	if b.trailers.moved(in) {
		b.trailers.reset()
	}
	b.trailers.base = &in[0]
	window := in[:min(len(in), b.limits.Head)]
	if !b.trailers.unfinished(window) {
		done, fault := b.trailers.parse(window, b.limits.Fields)
		if fault != nil {
			return 0, fault
		}
		if done {
			b.dropTrailers()
			return b.trailers.pos, nil
		}
	}
	if len(in) >= b.limits.Head {
		return 0, ErrHeadTooLarge
	}
	return 0, nil
}

// dropTrailers removes the fields that must not be believed in a trailer section.
func (b *BodyReader) dropTrailers() {
	kept := b.trailers.fields[:0]
	for _, field := range b.trailers.fields {
		if field.ID.inTrailer() {
			kept = append(kept, field)
		} else {
			b.dropped++
		}
	}
	b.trailers.fields = kept
}

func (b *BodyReader) fail(fault *Error) {
	if b.response {
		fault = fault.response
	}
	b.fault = fault
}

// End says what it means that the connection ended here: nil when the body was complete or ends with the connection, else
// ErrTruncated.
func (b *BodyReader) End() error {
	if b.fault != nil {
		return b.fault
	}
	if b.framing == FramingClose || b.framing == FramingTunnel {
		b.done = true
	}
	if b.done {
		return nil
	}
	b.fail(ErrTruncated)
	return b.fault
}

// Done says whether the body has ended.
func (b *BodyReader) Done() bool { return b.done }

// Remaining is how many of the next bytes on the connection are data, whatever they are, so that the caller may move them without
// showing them to Next (splice), and then Advance. It is the rest of the body with FramingLength, the rest of the current chunk
// with FramingChunked, and -1 (all there are) with FramingClose and FramingTunnel.
func (b *BodyReader) Remaining() int64 {
	switch {
	case b.done || b.fault != nil:
		return 0
	case b.framing == FramingClose || b.framing == FramingTunnel:
		return -1
	case b.framing == FramingChunked && b.chunk.state != chunkData:
		return 0
	}
	return b.remaining
}

// Advance counts n bytes that the caller moved itself; more than Remaining allows is a mistake of the caller and panics.
func (b *BodyReader) Advance(n int64) {
	left := b.Remaining()
	switch {
	case n < 0 || left >= 0 && n > left:
		panic("http1: Advance beyond the data that remain")
	case n == 0:
	case b.framing == FramingChunked:
		b.advanceChunk(n)
	case b.framing == FramingLength:
		b.received += n
		b.remaining -= n
		b.done = b.remaining == 0
	default:
		b.received += n
	}
}

// Received is how many bytes of data have come so far.
func (b *BodyReader) Received() int64 { return b.received }

// Trailers are the fields after the last chunk, once Next said done, but those that must not be believed there: framing, routing,
// authentication, caching and content fields are dropped (RFC 9110 §6.5.1). They live as long as the last input's bytes do.
func (b *BodyReader) Trailers() []Field {
	if !b.done {
		return nil
	}
	return b.trailers.fields
}

// Dropped is how many trailer fields were left out of Trailers.
func (b *BodyReader) Dropped() int { return b.dropped }
