package http1

import "bytes"

// Response is the head of a response. One Response is used for all responses of a connection: Parse, read it, Reset. Interim
// responses (1xx) are responses of their own: Reset and Parse again.
type Response struct {
	Head
	// Status is 100–999.
	Status int
	// Reason is the reason phrase, maybe empty.
	Reason []byte
}

// Parse reads a head that begins at buffer[0], which answers a request with the given method: HEAD and CONNECT decide whether a
// body follows. It works like [Request.Parse]. The status of an error is always 502.
func (r *Response) Parse(buffer []byte, method Method, limits Limits) (size int, err error) {
	if r.fault != nil {
		return 0, r.fault
	}
	if r.size > 0 || len(buffer) == 0 {
		return r.size, nil
	}
	if r.section.moved(buffer) {
		r.Reset()
	}
	r.section.base = &buffer[0]
	limits = limits.withDefaults()
	done, fault := r.parseHead(buffer[:min(len(buffer), limits.Head)], limits)
	if fault == nil && done {
		fault = r.interpret(method)
	}
	if fault == nil && !done && len(buffer) >= limits.Head {
		fault = ErrHeadTooLarge
	}
	if fault != nil {
		r.fault = fault.response
		return 0, r.fault
	}
	if done {
		r.size = r.section.pos
	}
	return r.size, nil
}

// Reset forgets the message and keeps the memory for the next, like [Request.Reset].
func (r *Response) Reset() {
	r.Head.reset()
	r.Status, r.Reason = 0, nil
}

// Interim says that the final response to the same request is still to come: 1xx but 101 (RFC 9110 §15.2).
func (r *Response) Interim() bool { return r.Status < 200 && r.Status != 101 }

func (r *Response) parseHead(window []byte, limits Limits) (done bool, fault *Error) {
	if r.section.unfinished(window) {
		return false, r.tooLong(window, limits)
	}
	if r.Status == 0 {
		if done, fault = r.parseFirstLine(window, limits); !done {
			return false, fault
		}
	}
	return r.section.parse(window, limits.Fields)
}

func (r *Response) parseFirstLine(window []byte, limits Limits) (done bool, fault *Error) {
	if window[0] != 'H' {
		return false, ErrBadStatusLine
	}
	rest := window[:min(len(window), limits.Line)]
	size := r.parseStatusLine(rest)
	if size == 0 {
		line := r.section.line(rest)
		if line == nil {
			return false, r.tooLong(window, limits)
		}
		return false, statusLineFault(line)
	}
	r.section.pos += size
	return true, nil
}

// tooLong is the fault of a status line that is unfinished and longer than it may be.
func (r *Response) tooLong(window []byte, limits Limits) *Error {
	if r.Status == 0 && len(window) >= min(limits.Head, limits.Line) {
		return ErrLineTooLong
	}
	return nil
}

// statusBytes is the part of a status line that is always there; the space after it is not, though RFC 9112 §4 wants it, since
// many servers leave it out together with the reason and nobody can take that for something else.
const statusBytes = len("HTTP/1.1 200")

// parseStatusLine reads HTTP/1.x SP STATUS [SP REASON] CRLF at the start of rest and gives its size, 0 when the line is either
// wrong or not all there.
func (r *Response) parseStatusLine(rest []byte) (size int) {
	if len(rest) < statusBytes+2 {
		return 0
	}
	minor, ok := parseVersion(rest)
	status := parseStatus(rest[versionBytes+1 : statusBytes])
	if !ok || status == 0 || rest[versionBytes] != ' ' {
		return 0
	}
	start := statusBytes
	if rest[start] == ' ' {
		start++
	} else if rest[start] != '\r' {
		return 0
	}
	end := scanText(rest, start)
	if end+1 >= len(rest) || rest[end] != '\r' || rest[end+1] != '\n' {
		return 0
	}
	r.Minor, r.Status = minor, status
	r.Reason = rest[start:end:end]
	return end + 2
}

// parseStatus reads three digits, 0 when they are not that or below 100.
func parseStatus(b []byte) int {
	if byteClass[b[0]]&byteClass[b[1]]&byteClass[b[2]]&classDigit == 0 || b[0] == '0' {
		return 0
	}
	return int(b[0]-'0')*100 + int(b[1]-'0')*10 + int(b[2]-'0')
}

// statusLineFault says what is wrong with a line, given with its line feed, that parseStatusLine did not take.
func statusLineFault(line []byte) *Error {
	if fault := lineEndFault(line); fault != nil {
		return fault
	}
	version, _, _ := bytes.Cut(line[:len(line)-2], []byte{' '})
	if !bytes.HasPrefix(version, []byte("HTTP/")) {
		return ErrBadStatusLine
	}
	if len(version) == versionBytes {
		if _, ok := parseVersion(version); ok {
			return ErrBadStatusLine
		}
	}
	return versionFault(version)
}

// interpret draws the conclusions from the complete head.
func (r *Response) interpret(method Method) (fault *Error) {
	if fault = r.Head.interpret(); fault != nil {
		return fault
	}
	r.Framing, fault = r.responseFraming(method, r.Status)
	if r.Framing == FramingClose || r.Framing == FramingTunnel {
		r.KeepAlive = false
	}
	return fault
}
