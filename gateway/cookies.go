package gateway

import (
	"bytes"

	"ladder/http1"
)

// appendCookies appends a Cookie field without the cookies whose names begin with withheld. They are for another server on the
// same host, where the dashboard listens: browsers send a host's cookies to all its ports (RFC 6265 §8.5), and an application
// must not get to see what would let it act in the dashboard's user's name.
func appendCookies(dst []byte, field *http1.Field, withheld []byte) []byte {
	value := field.Value()
	if len(withheld) == 0 || !bytes.Contains(value, withheld) {
		return field.AppendTo(dst)
	}
	kept := make([]byte, 0, len(value)) // rare: only administrators have such cookies
	for pair := range bytes.SplitSeq(value, []byte(";")) {
		pair = bytes.TrimSpace(pair)
		if len(pair) == 0 || bytes.HasPrefix(pair, withheld) {
			continue
		}
		if len(kept) > 0 {
			kept = append(kept, "; "...)
		}
		kept = append(kept, pair...)
	}
	if len(kept) == 0 {
		return dst
	}
	return http1.AppendKnown(dst, http1.HeaderCookie, kept)
}
