package http1

// Which fields say where a message ends, and how strictly they are read: RFC 9112 §6. A message that two parsers could end in
// different places is refused, in whichever way they would differ.

// noteContentLength reads the field of RFC 9110 §8.6. Repeating it is refused even where the values are equal: RFC 9112 §6.3 allows
// that, nobody needs it, and parsers differ in what they make of it.
func (h *Head) noteContentLength(value []byte) *Error {
	if h.seen&seenLength != 0 {
		return ErrRepeatedContentLength
	}
	length, ok := parseLength(value)
	if !ok {
		return ErrBadContentLength
	}
	h.seen |= seenLength
	h.ContentLength = length
	return nil
}

// maxLengthDigits keeps a decimal number within int64: 10^18-1 < 2^63.
const maxLengthDigits = 18

// parseLength reads 1*DIGIT, up to an exabyte.
func parseLength(value []byte) (length int64, ok bool) {
	if len(value) == 0 || len(value) > maxLengthDigits {
		return 0, false
	}
	for _, b := range value {
		if b < '0' || b > '9' {
			return 0, false
		}
		length = length*10 + int64(b-'0')
	}
	return length, true
}

// noteTransferEncoding accepts "chunked" alone (RFC 9112 §6.1). A list that ends in one chunked is well-formed and cannot be
// decoded here, which is 501; everything else has no certain end and is 400.
func (h *Head) noteTransferEncoding(value []byte) *Error {
	if h.seen&seenEncoding != 0 {
		return ErrBadTransferEncoding
	}
	h.seen |= seenEncoding
	if equalFold(value, "chunked") {
		return nil
	}
	var last []byte
	chunked := 0
	for rest := value; rest != nil; {
		last, rest = nextElement(rest)
		if !isToken(last) {
			return ErrBadTransferEncoding
		}
		if equalFold(last, "chunked") {
			chunked++
		}
	}
	if chunked != 1 || !equalFold(last, "chunked") {
		return ErrBadTransferEncoding
	}
	return ErrUnsupportedTransferEncoding
}

// requestFraming is RFC 9112 §6.3 for requests: without a length there is no body.
func (h *Head) requestFraming() Framing {
	switch {
	case h.seen&seenEncoding != 0:
		return FramingChunked
	case h.seen&seenLength != 0:
		return FramingLength
	}
	return FramingNone
}

// responseFraming is RFC 9112 §6.3 for responses, in its order.
func (h *Head) responseFraming(method Method, status int) (Framing, *Error) {
	interim := status < 200
	if interim || status == 204 {
		if h.seen&seenEncoding != 0 || h.ContentLength > 0 {
			return FramingNone, ErrUnexpectedBody
		}
	}
	switch {
	case status == 101:
		return FramingTunnel, nil
	case interim || status == 204 || status == 304 || method == MethodHead:
		return FramingNone, nil
	case method == MethodConnect && status < 300:
		return FramingTunnel, nil
	case h.seen&seenEncoding != 0:
		return FramingChunked, nil
	case h.seen&seenLength != 0:
		return FramingLength, nil
	}
	return FramingClose, nil
}

// namesFraming says whether a Trailer field announces one of those that would come too late to frame the message.
func namesFraming(trailer []byte) bool {
	for rest := trailer; rest != nil; {
		var name []byte
		name, rest = nextElement(rest)
		switch knownHeader(name) {
		case HeaderTransferEncoding, HeaderContentLength, HeaderTrailer:
			return true
		}
	}
	return false
}
