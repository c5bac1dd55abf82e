package http1

import "encoding/binary"

// The hash of header names is perfect over the table in header.go: no two names share a slot, which a test checks. Where a new
// header breaks that, try other multipliers; a few thousand random ones find a fit.
const (
	headerSlots       = 512
	hashLength        = 173
	hashFirst         = 462
	hashLastButOne    = 418
	hashMiddle        = 381
	longestHeaderName = 25
	headerPadding     = 32 // longestHeaderName in whole words
)

// headerName is a name of the table made ready for comparison, eight bytes at a time: fold has the case bit where the name has a
// letter, so that a byte of the wire matches when it is equal after setting those bits, and nothing but that letter does.
type headerName struct {
	length int
	lower  [headerPadding]byte
	fold   [headerPadding]byte
}

// headerLookup is never written after it was made.
var headerLookup = indexHeaders()

type headerIndex struct {
	slots [headerSlots]HeaderID
	names [headerCount]headerName
}

func indexHeaders() (index headerIndex) {
	for id := HeaderHost; id < headerCount; id++ {
		name := headerNames[id]
		entry := &index.names[id]
		entry.length = len(name)
		for i := range len(name) {
			entry.lower[i] = lower(name[i])
			if l := entry.lower[i]; l >= 'a' && l <= 'z' {
				entry.fold[i] = 0x20
			}
		}
		index.slots[headerSlot([]byte(name))] = id
	}
	return index
}

// headerSlot needs at least two bytes. Setting the case bit of whatever the bytes are is harmless: matches decides.
func headerSlot(name []byte) uint {
	const caseBit = 0x20
	n := len(name)
	return (uint(n)*hashLength + uint(name[0]|caseBit)*hashFirst + uint(name[n-2]|caseBit)*hashLastButOne +
		uint(name[n/2]|caseBit)*hashMiddle) % headerSlots
}

// knownHeader finds a name in the table, or gives HeaderOther. A name that is found is a token, since all in the table are.
func knownHeader(name []byte) HeaderID {
	if len(name) < 2 || len(name) > longestHeaderName {
		return HeaderOther
	}
	id := headerLookup.slots[headerSlot(name)]
	if !headerLookup.names[id].matches(name) {
		return HeaderOther
	}
	return id
}

func (h *headerName) matches(name []byte) bool {
	n := len(name)
	if n != h.length {
		return false
	}
	if n < wordBytes {
		for i, b := range name {
			if b|h.fold[i] != h.lower[i] {
				return false
			}
		}
		return true
	}
	for i := 0; i+wordBytes <= n; i += wordBytes {
		if !h.wordMatches(name, i) {
			return false
		}
	}
	return h.wordMatches(name, n-wordBytes)
}

func (h *headerName) wordMatches(name []byte, i int) bool {
	x := binary.LittleEndian.Uint64(name[i:])
	return x|binary.LittleEndian.Uint64(h.fold[i:]) == binary.LittleEndian.Uint64(h.lower[i:])
}

// identify gives the id of a field name, and whether the name is one at all.
func identify(name []byte) (id HeaderID, ok bool) {
	if id = knownHeader(name); id != HeaderOther {
		return id, true
	}
	if len(name) == 0 {
		return HeaderOther, false
	}
	var either, both uint8 = 0, classToken
	for _, b := range name {
		class := byteClass[b]
		either |= class
		both &= class
	}
	if either&classUnderscore != 0 {
		id = HeaderUnderscored
	}
	return id, both != 0
}

// Where a field stands to the rules about who may set, drop or repeat it. The rules are switches rather than columns of a table so
// that the reader sees each set at once.

// hopByHop: fields that concern one connection (RFC 9110 §7.6.1, and HTTP2-Settings of RFC 7540 §3.2.1).
func (id HeaderID) hopByHop() bool {
	switch id {
	case HeaderConnection, HeaderKeepAlive, HeaderProxyConnection, HeaderTE, HeaderTransferEncoding, HeaderUpgrade,
		HeaderHTTP2Settings:
		return true
	}
	return false
}

// endToEnd: fields that are forwarded even when Connection names them, because dropping them changes what a request means to
// gateway or application: RFC 9110 §7.6.1 forbids naming fields meant for all recipients, and doing it anyway is an attack.
func (id HeaderID) endToEnd() bool {
	switch id {
	case HeaderHost, HeaderContentLength, HeaderTrailer, HeaderExpect,
		HeaderForwarded, HeaderXForwardedFor, HeaderXForwardedProto, HeaderXForwardedHost, HeaderXForwardedPort,
		HeaderXForwardedServer, HeaderXForwardedPrefix, HeaderXRealIP, HeaderXRequestID, HeaderVia,
		HeaderAuthorization, HeaderCookie, HeaderSetCookie, HeaderOrigin, HeaderReferer, HeaderRange,
		HeaderContentType, HeaderContentEncoding, HeaderContentRange, HeaderContentSecurityPolicy,
		HeaderCacheControl, HeaderVary, HeaderDate, HeaderETag, HeaderStrictTransportSecurity, HeaderXFrameOptions,
		HeaderIfMatch, HeaderIfNoneMatch, HeaderIfModifiedSince, HeaderIfUnmodifiedSince, HeaderIfRange:
		return true
	}
	return false
}

// inTrailer: whether a field may be believed in a trailer section. RFC 9110 §6.5.1 excludes what is needed for framing, routing,
// authentication, request modifiers, response control and how to read the content; since the list must be safe, of the
// known names those alone are let through that are known to be harmless, and of the unknown ones all.
func (id HeaderID) inTrailer() bool {
	switch id {
	case HeaderOther, HeaderETag, HeaderServerTiming, HeaderCacheStatus, HeaderTraceparent, HeaderTracestate, HeaderWarning,
		HeaderLink, HeaderXRequestID:
		return true
	}
	return false
}
