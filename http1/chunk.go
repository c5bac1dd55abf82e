package http1

// chunkState is a place in the grammar of RFC 9112 §7.1.
type chunkState uint8

const (
	chunkSize      chunkState = iota // digits of a chunk size
	chunkPadding                     // white space after them; responses only
	chunkExtension                   // the rest of the size line from ';'; responses only
	chunkSizeLF                      // its line feed
	chunkData                        // data
	chunkDataCR                      // the line end after data
	chunkDataLF
	chunkTrailers // the trailer section with the blank line
)

const (
	// maxChunkDigits keeps a size within int64; leading zeros count, so that a size line is bounded.
	maxChunkDigits = 15
	// maxChunkExtension is how many bytes of extension or padding one chunk of a response may have.
	maxChunkExtension = 256
)

// chunkParser reads what stands between the data of chunks, byte by byte, since any byte may be the last of a read.
type chunkParser struct {
	state chunkState
	// lenient accepts padding and extensions, which RFC 9112 §7.1.1 wants ignored. It is for responses: applications send them in
	// good faith, nothing is forwarded of them, and the next server on the way to a client does not exist. In requests they have
	// served to smuggle and nobody sends them.
	lenient bool
	digits  uint8
	skipped uint16
	size    int64
}

// step takes one byte in any state but chunkData and chunkTrailers.
func (c *chunkParser) step(b byte) *Error {
	switch c.state {
	case chunkSize:
		return c.stepSize(b)
	case chunkPadding, chunkExtension:
		return c.stepExtension(b)
	case chunkSizeLF:
		if b != '\n' {
			return ErrBareCR
		}
		c.state = chunkData
		if c.size == 0 {
			c.state = chunkTrailers
		}
	case chunkDataCR:
		if b != '\r' {
			return ErrBadChunkEnd
		}
		c.state = chunkDataLF
	case chunkDataLF:
		if b != '\n' {
			return ErrBadChunkEnd
		}
		*c = chunkParser{lenient: c.lenient}
	}
	return nil
}

func (c *chunkParser) stepSize(b byte) *Error {
	if digit, ok := hexDigit(b); ok {
		if c.digits++; c.digits > maxChunkDigits {
			return ErrBadChunkSize
		}
		c.size = c.size<<4 | int64(digit)
		return nil
	}
	switch {
	case c.digits == 0:
		return ErrBadChunkSize
	case b == '\r':
		c.state = chunkSizeLF
	case b == '\n':
		return ErrBareLF
	case b == ';' && !c.lenient:
		return ErrChunkExtension
	case b == ';':
		c.state = chunkExtension
	case isSpace(b) && c.lenient:
		c.state = chunkPadding
	default:
		return ErrBadChunkSize
	}
	return nil
}

func (c *chunkParser) stepExtension(b byte) *Error {
	if c.skipped++; c.skipped > maxChunkExtension {
		return ErrChunkExtension
	}
	switch {
	case b == '\r':
		c.state = chunkSizeLF
	case b == '\n':
		return ErrBareLF
	case b == ';':
		c.state = chunkExtension
	case c.state == chunkPadding && !isSpace(b):
		return ErrBadChunkSize
	case byteClass[b]&classText == 0:
		return ErrChunkExtension
	}
	return nil
}

func hexDigit(b byte) (digit byte, ok bool) {
	switch {
	case b >= '0' && b <= '9':
		return b - '0', true
	case b >= 'a' && b <= 'f':
		return b - 'a' + 10, true
	case b >= 'A' && b <= 'F':
		return b - 'A' + 10, true
	}
	return 0, false
}
