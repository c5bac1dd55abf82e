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

	section section
	seen    seen
	host    []byte // the last Host, and the last Expect
	expect  []byte
	size    int    // of the whole head, once it is complete
	fault   *Error // why it was refused
}

// seen are the facts about fields from which framing and persistence follow.
type seen uint16

const (
	seenHost seen = 1 << iota
	seenHosts
	seenLength
	seenEncoding
	seenUpgrade
	seenExpect
	optionClose
	optionKeepAlive
	optionUpgrade
	optionTE
	optionOther // some option that may name a field of this message
)

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

// reset forgets the message and keeps the memory. It names each field, because assigning a whole Head costs a quarter of parsing a
// small request; TestResetForgets watches over that.
func (h *Head) reset() {
	h.Minor, h.Framing, h.ContentLength, h.KeepAlive = 0, FramingNone, 0, false
	h.Fields, h.Options, h.Upgrade = nil, h.Options[:0], nil
	h.TrailersAnnounced, h.TrailersAccepted = false, false
	h.section.reset()
	h.seen, h.host, h.expect = 0, nil, nil
	h.size, h.fault = 0, nil
}

// interpret draws the conclusions from the fields that are common to requests and responses.
func (h *Head) interpret() *Error {
	h.Fields = h.section.fields
	h.ContentLength = -1
	for i := range h.Fields {
		if id := h.Fields[i].ID; id < firstActiveHeader || id > lastActiveHeader {
			continue
		}
		if fault := h.note(&h.Fields[i]); fault != nil {
			return fault
		}
	}
	if h.seen&seenEncoding != 0 {
		if h.seen&seenLength != 0 {
			return ErrLengthAndEncoding
		}
		if h.Minor == 0 {
			return ErrEncodingInHTTP10
		}
	}
	h.KeepAlive = h.seen&optionClose == 0 && (h.Minor > 0 || h.seen&optionKeepAlive != 0)
	if h.Minor == 0 || h.seen&optionUpgrade == 0 {
		h.Upgrade = nil
	}
	h.TrailersAccepted = h.TrailersAccepted && h.seen&optionTE != 0
	if h.seen&optionOther != 0 {
		h.markNominated()
	}
	return nil
}

// note takes in one of the fields between firstActiveHeader and lastActiveHeader.
func (h *Head) note(f *Field) *Error {
	switch f.ID {
	case HeaderHost:
		h.seen |= (h.seen & seenHost) << 1 // a second one sets seenHosts
		h.seen |= seenHost
		h.host = f.value
	case HeaderConnection:
		return h.noteConnection(f.value)
	case HeaderContentLength:
		return h.noteContentLength(f.value)
	case HeaderTransferEncoding:
		return h.noteTransferEncoding(f.value)
	case HeaderTE:
		h.TrailersAccepted = h.TrailersAccepted || hasElement(f.value, "trailers")
	case HeaderTrailer:
		if namesFraming(f.value) {
			return ErrBadTrailer
		}
		h.TrailersAnnounced = true
	case HeaderUpgrade:
		if h.seen&seenUpgrade != 0 || !isProtocolList(f.value) {
			return ErrBadUpgrade
		}
		h.seen |= seenUpgrade
		h.Upgrade = f.value
	case HeaderExpect:
		if h.seen&seenExpect == 0 || equalFold(h.expect, expectContinue) {
			h.expect = f.value // of several, the first that is not 100-continue
		}
		h.seen |= seenExpect
	}
	return nil
}

// HasBody says whether bytes of a body may follow the head.
func (h *Head) HasBody() bool {
	return h.Framing != FramingNone && (h.Framing != FramingLength || h.ContentLength > 0)
}
