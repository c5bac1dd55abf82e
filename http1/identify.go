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
)

// headerName is a name of the table made ready for comparison, eight bytes at a time: fold has the case bit where the name has a
// letter, so that a byte of the wire matches when it is equal after setting those bits, and nothing but that letter does.
type headerName struct {
	length int
	lower  nameWords
	fold   nameWords
}

// nameWords are the bytes of a name as words: one for each whole word and one, overlapping, for the last eight bytes. A name shorter
// than a word has one word of its own making.
type nameWords [longestHeaderName/wordBytes + 1]uint64

func wordsOf(name []byte) (words nameWords) {
	if len(name) < wordBytes {
		words[0] = shortWord(name)
		return words
	}
	for i := range len(name) / wordBytes {
		words[i] = binary.LittleEndian.Uint64(name[i*wordBytes:])
	}
	words[len(words)-1] = binary.LittleEndian.Uint64(name[len(name)-wordBytes:])
	return words
}

// shortWord packs 2 to 7 bytes into a word: the first and the last half, overlapping.
func shortWord(name []byte) uint64 {
	n := len(name)
	if n >= 4 {
		return uint64(binary.LittleEndian.Uint32(name)) | uint64(binary.LittleEndian.Uint32(name[n-4:]))<<32
	}
	return uint64(binary.LittleEndian.Uint16(name)) | uint64(binary.LittleEndian.Uint16(name[n-2:]))<<16
}

// headerLookup is never written after it was made.
var headerLookup = indexHeaders()

type headerIndex struct {
	slots [headerSlots]HeaderID
	names [headerCount]headerName
}

func indexHeaders() (index headerIndex) {
	for id := HeaderHost; id < headerCount; id++ {
		name := []byte(headerNames[id])
		fold := make([]byte, len(name))
		for i, b := range name {
			name[i] = lower(b)
			if name[i] >= 'a' && name[i] <= 'z' {
				fold[i] = caseBit
			}
		}
		index.names[id] = headerName{length: len(name), lower: wordsOf(name), fold: wordsOf(fold)}
		index.slots[headerSlot(name)] = id
	}
	return index
}

// caseBit is what tells a small letter of ASCII from a capital.
const caseBit = 0x20

// headerSlot needs at least two bytes. Setting the case bit of whatever the bytes are is harmless: matches decides.
func headerSlot(name []byte) uint {
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
		return shortWord(name)|h.fold[0] == h.lower[0]
	}
	last := len(h.lower) - 1
	if binary.LittleEndian.Uint64(name[n-wordBytes:])|h.fold[last] != h.lower[last] {
		return false
	}
	for i := 0; i < last && len(name) >= wordBytes; i++ {
		if binary.LittleEndian.Uint64(name)|h.fold[i] != h.lower[i] {
			return false
		}
		name = name[wordBytes:]
	}
	return true
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

// hopByHop: fields that concern one connection.
func (id HeaderID) hopByHop() bool { return id >= firstHopHeader && id <= lastHopHeader }

// endToEnd: fields that are forwarded even when Connection names them, because dropping them changes what a request means to
// gateway or application: RFC 9110 §7.6.1 forbids naming fields meant for all recipients, and doing it anyway is an attack.
func (id HeaderID) endToEnd() bool {
	switch id {
	case HeaderHost, HeaderContentLength, HeaderTrailer, HeaderExpect,
		HeaderForwarded, HeaderXForwardedFor, HeaderXForwardedProto, HeaderXForwardedHost, HeaderXForwardedPort,
		HeaderXForwardedServer, HeaderXForwardedPrefix, HeaderXRealIP, HeaderXRequestID, HeaderVia,
		HeaderAuthorization, HeaderCookie, HeaderSetCookie, HeaderOrigin, HeaderReferer, HeaderRange,
		HeaderContentType, HeaderContentEncoding, HeaderContentRange, HeaderContentSecurityPolicy, HeaderIdempotencyKey,
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
