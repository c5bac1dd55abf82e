package http1

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

// TargetForm is the form of a request target.
type TargetForm uint8

// The four forms of RFC 9112 §3.2.
const (
	FormOrigin TargetForm = iota
	FormAbsolute
	FormAuthority
	FormAsterisk
)

// Parse reads a head that begins at buffer[0] and gives its size in bytes; buffer[size:] is the body or the next request. 0 and
// no error mean that more bytes are needed: call again with the same bytes and more behind them. The buffer may be moved or
// grown in between, which costs one rescan. Otherwise a byte is looked at once, however the bytes come in. Errors are *Error and
// stay until Reset: the connection cannot be used any more.
func (r *Request) Parse(buffer []byte, limits Limits) (size int, err error) {
	panic("http1: not written yet")
}

// Reset forgets the message, and its buffer, and keeps the memory.
func (r *Request) Reset() {}

// AppendLine appends the request line for the next server: method, target in origin or asterisk form (authority form for CONNECT)
// and HTTP/1.1.
func (r *Request) AppendLine(dst []byte) []byte { return dst }
