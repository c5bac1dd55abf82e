package http1

import (
	"bytes"
	"encoding/binary"
)

// Request is the head of a request. One Request is used for all requests of a connection: Parse, read it, Reset.
type Request struct {
	Head
	// Method is the compact form; MethodName what was sent (it may be any token).
	Method     Method
	MethodName []byte
	// Target is the request target as sent; Form says which of the four forms of RFC 9112 §3.2 it has.
	Target []byte
	Form   TargetForm
	// Path is the target's path, never empty: "/" where an absolute form has none, "*" for the asterisk form, nil for CONNECT.
	// It is not decoded or normalised. Query is what follows the first '?', nil when there is no '?'.
	Path, Query []byte
	// Authority is host[:port] that the request is for: from the target when that has one, else from Host (RFC 9112 §3.2.2).
	// It is nil only in HTTP/1.0 without Host. Forward it as Host, instead of the field that was sent.
	Authority []byte
	// ExpectContinue says that the client waits for 100 before it sends the body (RFC 9110 §10.1.1).
	ExpectContinue bool
}

// Parse reads a head that begins at buffer[0] and gives its size in bytes; buffer[size:] is the body or the next request. 0 and
// no error mean that more bytes are needed: call again with the same bytes, more behind them, and the same limits. The buffer may
// be moved or grown in between, which costs one rescan; otherwise a byte is looked at once, however the bytes come in. Errors are
// *Error and stay until Reset: the connection cannot be used any more.
func (r *Request) Parse(buffer []byte, limits Limits) (size int, err error) {
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
		fault = r.interpret()
	}
	switch {
	case fault != nil:
		r.fault = fault
		return 0, fault
	case done:
		r.size = r.section.pos
	case len(buffer) >= limits.Head:
		r.fault = ErrHeadTooLarge
		return 0, r.fault
	}
	return r.size, nil
}

// Reset forgets the message and keeps the memory for the next. That memory still refers to the buffer: a connection that goes idle and
// gives its buffer away should let go of the Request too.
func (r *Request) Reset() {
	r.Head.reset()
	r.Method, r.MethodName = MethodOther, nil
	r.Target, r.Form = nil, FormOrigin
	r.Path, r.Query, r.Authority = nil, nil, nil
	r.ExpectContinue = false
}

// parseHead goes on where the last call stopped. The window is as much of the buffer as a head may have.
func (r *Request) parseHead(window []byte, limits Limits) (done bool, fault *Error) {
	if r.section.unfinished(window) {
		return false, r.tooLong(window, limits)
	}
	if r.MethodName == nil {
		if done, fault = r.parseFirstLine(window, limits); !done {
			return false, fault
		}
	}
	return r.section.parse(window, limits.Fields)
}

// parseFirstLine passes one empty line, which RFC 9112 §2.2 wants tolerated because old clients sent one after a body, and the
// request line.
func (r *Request) parseFirstLine(window []byte, limits Limits) (done bool, fault *Error) {
	if window[0] == '\r' {
		if len(window) < 2 {
			return false, nil
		}
		if window[1] != '\n' {
			return false, ErrBareCR
		}
		r.section.pos = 2
	}
	rest := window[r.section.pos:]
	if len(rest) == 0 {
		return false, nil
	}
	// What is no HTTP at all, such as TLS, may never have a line end: the first byte tells.
	if byteClass[rest[0]]&classToken == 0 {
		if rest[0] == '\n' {
			return false, ErrBareLF
		}
		return false, ErrBadMethod
	}
	rest = rest[:min(len(rest), limits.Line)]
	size := r.parseRequestLine(rest)
	if size == 0 {
		line := r.section.line(window[:r.section.pos+len(rest)])
		if line == nil {
			return false, r.tooLong(window, limits)
		}
		return false, requestLineFault(line)
	}
	r.section.pos += size
	r.Method = methodOf(r.MethodName)
	fault = r.interpretTarget()
	return fault == nil, fault
}

// tooLong is the fault of a request line that is unfinished and longer than it may be.
func (r *Request) tooLong(window []byte, limits Limits) *Error {
	if r.MethodName == nil && len(window) >= min(limits.Head, r.section.pos+limits.Line) {
		return ErrLineTooLong
	}
	return nil
}

const (
	versionBytes  = len("HTTP/1.1")
	lineTailBytes = len(" HTTP/1.1\r\n")
)

// http10 is "HTTP/1.0" as a little-endian word; the last byte is the minor version.
const http10 = 'H' | 'T'<<8 | 'T'<<16 | 'P'<<24 | '/'<<32 | '1'<<40 | '.'<<48 | '0'<<56

// parseVersion reads HTTP/1.0 or HTTP/1.1 at the start of b.
func parseVersion(b []byte) (minor int, ok bool) {
	const minorBit = 1 << 56
	x := binary.LittleEndian.Uint64(b)
	return int(x & minorBit >> 56), x&^minorBit == http10
}

// parseRequestLine reads METHOD SP TARGET SP HTTP/1.x CRLF at the start of rest and gives its size, 0 when the line is either wrong
// or not all there.
func (r *Request) parseRequestLine(rest []byte) (size int) {
	method := 0
	for method < len(rest) && byteClass[rest[method]]&classToken != 0 {
		method++
	}
	if method == 0 || method == len(rest) || rest[method] != ' ' {
		return 0
	}
	start := method + 1
	end := scanTarget(rest, start)
	if end == start || end+lineTailBytes > len(rest) {
		return 0
	}
	tail := rest[end : end+lineTailBytes]
	minor, ok := parseVersion(tail[1:])
	if !ok || tail[0] != ' ' || tail[lineTailBytes-2] != '\r' || tail[lineTailBytes-1] != '\n' {
		return 0
	}
	r.Minor = minor
	r.MethodName = rest[:method:method]
	r.Target = rest[start:end:end]
	return end + lineTailBytes
}

// requestLineFault says what is wrong with a line, given with its line feed, that parseRequestLine did not take.
func requestLineFault(line []byte) *Error {
	if fault := lineEndFault(line); fault != nil {
		return fault
	}
	line = line[:len(line)-2]
	method, rest, _ := bytes.Cut(line, []byte{' '})
	if !isToken(method) {
		return ErrBadMethod
	}
	space := bytes.LastIndexByte(rest, ' ')
	if space <= 0 || bytes.IndexByte(rest[:space], ' ') >= 0 {
		return ErrBadRequestLine
	}
	if !all(rest[:space], classTarget) {
		return ErrBadTarget
	}
	return versionFault(rest[space+1:])
}

// versionFault tells a version that is not spoken here from what is no version.
func versionFault(version []byte) *Error {
	if len(version) == versionBytes && bytes.HasPrefix(version, []byte("HTTP/")) && version[6] == '.' &&
		byteClass[version[5]]&byteClass[version[7]]&classDigit != 0 {
		return ErrUnsupportedVersion
	}
	return ErrBadVersion
}

// interpret draws the conclusions from the complete head.
func (r *Request) interpret() *Error {
	if fault := r.Head.interpret(); fault != nil {
		return fault
	}
	if fault := r.interpretHost(); fault != nil {
		return fault
	}
	r.Framing = r.requestFraming()
	if r.seen&seenExpect != 0 && r.Minor > 0 {
		if !equalFold(r.expect, expectContinue) {
			return ErrUnsupportedExpectation
		}
		r.ExpectContinue = r.HasBody()
	}
	return nil
}

// interpretHost is RFC 9112 §3.2: one valid Host, even where the target's authority overrides it.
func (r *Request) interpretHost() *Error {
	switch {
	case r.seen&seenHosts != 0:
		return ErrRepeatedHost
	case r.seen&seenHost == 0:
		if r.Minor > 0 {
			return ErrMissingHost
		}
		return nil
	case !validHost(r.host, false):
		return ErrBadHost
	}
	if r.Authority == nil {
		r.Authority = r.host
	}
	return nil
}

// AppendLine appends the request line for the next server: the method, the target in origin form (asterisk form for OPTIONS *,
// authority form for CONNECT) and HTTP/1.1. It uses Path and Query, so that they may be rewritten first.
func (r *Request) AppendLine(dst []byte) []byte {
	if r.Form == FormAuthority {
		return AppendRequestLine(dst, r.MethodName, r.Authority)
	}
	dst = append(appendToken(dst, r.MethodName), ' ')
	dst = appendTarget(dst, r.Path)
	if r.Query != nil {
		dst = appendTarget(append(dst, '?'), r.Query)
	}
	return append(dst, " HTTP/1.1\r\n"...)
}
