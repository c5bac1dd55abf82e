package http1

// Framing is how the end of a body is found (RFC 9112 §6.3).
type Framing uint8

const (
	// FramingNone: there is no body.
	FramingNone Framing = iota
	// FramingLength: the body has ContentLength bytes, maybe none.
	FramingLength
	// FramingChunked: the body says itself where it ends.
	FramingChunked
	// FramingClose: the body of a response that ends with the connection.
	FramingClose
	// FramingTunnel: what follows is not HTTP: after 101, and after 2xx to CONNECT.
	FramingTunnel
)

var framingNames = [...]string{"none", "length", "chunked", "close", "tunnel"}

// String is for logs and tests.
func (f Framing) String() string {
	if int(f) < len(framingNames) {
		return framingNames[f]
	}
	return "unknown"
}

// Head is what requests and responses have in common. All byte slices point into the buffer given to Parse.
type Head struct {
	// Minor is 0 for HTTP/1.0 and 1 for HTTP/1.1.
	Minor int
	// Fields are the header lines in the order they came; the slice is reused by the next message.
	Fields []Field
	// Framing says how the body ends.
	Framing Framing
	// ContentLength is the value of Content-Length, -1 without one. A response to HEAD, and a 304, may have one with FramingNone.
	ContentLength int64
	// KeepAlive says that the sender wants the connection kept, and that the end of this message can be known (RFC 9112 §9.3).
	KeepAlive bool
	// Options are the connection options, as spelled by the sender: the names listed in Connection. See [Field.Hop].
	Options [][]byte
	// Upgrade is the value of Upgrade, nil when there is none or when Connection does not name it (RFC 9110 §7.8), or in HTTP/1.0.
	Upgrade []byte
	// TrailersAnnounced says that there is a Trailer field.
	TrailersAnnounced bool
	// TrailersAccepted says that the sender understands trailers: TE: trailers (RFC 9110 §6.5.1).
	TrailersAccepted bool
}

// Value is the value of the first field of that name, nil without one. A field that is there but empty gives a slice of length 0
// that is not nil.
func (h *Head) Value(id HeaderID) []byte {
	for i := range h.Fields {
		if h.Fields[i].ID == id {
			return h.Fields[i].value
		}
	}
	return nil
}

// HasBody says whether bytes of a body may follow the head.
func (h *Head) HasBody() bool {
	return h.Framing != FramingNone && (h.Framing != FramingLength || h.ContentLength > 0)
}
