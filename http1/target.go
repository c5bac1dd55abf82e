package http1

import "bytes"

// TargetForm is the form of a request target.
type TargetForm uint8

// The four forms of RFC 9112 §3.2.
const (
	FormOrigin TargetForm = iota
	FormAbsolute
	FormAuthority
	FormAsterisk
)

// interpretTarget finds form, path, query and, where the target has one, authority. The scanner has made sure that the target is
// of printable ASCII without '#'.
func (r *Request) interpretTarget() *Error {
	target := r.Target
	switch {
	case r.Method == MethodConnect:
		if !validHost(target, true) {
			return ErrBadTarget
		}
		r.Form, r.Authority = FormAuthority, target
	case target[0] == '/':
		r.Form = FormOrigin
		r.splitPath(target)
	case target[0] == '*':
		if len(target) != 1 || r.Method != MethodOptions {
			return ErrBadTarget
		}
		r.Form, r.Path = FormAsterisk, target
	default:
		return r.interpretAbsolute(target)
	}
	return nil
}

// splitPath cuts at the first '?'.
func (r *Request) splitPath(target []byte) {
	r.Path = target
	if mark := bytes.IndexByte(target, '?'); mark >= 0 {
		r.Path, r.Query = target[:mark:mark], target[mark+1:]
	}
}

// interpretAbsolute reads http://authority[/path][?query] (RFC 9112 §3.2.2). Other schemes are not served, user information is
// refused as RFC 9110 §4.2.4 advises.
func (r *Request) interpretAbsolute(target []byte) *Error {
	colon := bytes.IndexByte(target, ':')
	if colon < 0 || !bytes.HasPrefix(target[colon:], []byte("://")) {
		return ErrBadTarget
	}
	if scheme := target[:colon]; !equalFold(scheme, "http") && !equalFold(scheme, "https") {
		return ErrBadTarget
	}
	rest := target[colon+len("://"):]
	end := bytes.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	if !validHost(rest[:end], false) {
		return ErrBadHost
	}
	r.Form, r.Authority = FormAbsolute, rest[:end:end]
	r.splitPath(rest[end:])
	if len(r.Path) == 0 {
		r.Path = r.defaultPath()
	}
	return nil
}

// defaultPath is the path of an absolute form without one: "*" for OPTIONS without a query (RFC 9112 §3.2.4), else "/".
func (r *Request) defaultPath() []byte {
	if r.Method == MethodOptions && r.Query == nil {
		return asteriskPath
	}
	return rootPath
}

// Paths that are not in the buffer; nobody writes to them.
var (
	rootPath     = []byte("/")
	asteriskPath = []byte("*")
)

const (
	maxPort       = 65535
	maxPortDigits = 5
)

// validHost says whether b is host[:port] as RFC 3986 §3.2.2 has it, without what no name in DNS or hosts file has and what serves
// to confuse routers: percent-encoding, sub-delimiters, IPvFuture, zones, a port that is empty or out of range.
func validHost(b []byte, needPort bool) bool {
	var host, port []byte
	if len(b) > 0 && b[0] == '[' {
		closing := bytes.IndexByte(b, ']')
		if closing < 0 || !validIPv6(b[1:closing]) {
			return false
		}
		host, port = b[:closing+1], b[closing+1:]
	} else {
		n := 0
		for n < len(b) && byteClass[b[n]]&classHost != 0 {
			n++
		}
		host, port = b[:n], b[n:]
	}
	if len(host) == 0 {
		return false
	}
	if len(port) == 0 {
		return !needPort
	}
	return port[0] == ':' && validPort(port[1:])
}

// validIPv6 checks the alphabet, and that there are two colons; what the address means is the resolver's business.
func validIPv6(b []byte) bool {
	return all(b, classIPv6) && bytes.Count(b, []byte{':'}) >= 2
}

func validPort(digits []byte) bool {
	port, ok := parseLength(digits)
	return ok && len(digits) <= maxPortDigits && port <= maxPort
}
