package gateway

import (
	"net/netip"

	"ladder/http1"
)

// appendForwarded appends where the request came from, as X-Forwarded-For, -Proto and -Host and as Forwarded (RFC 7239). What the
// client said of itself counts only if it is a trusted proxy; then it is extended.
func (x *exchange) appendForwarded(dst []byte) []byte {
	c := x.client
	if c.trusted {
		return x.extendForwarded(dst)
	}
	dst = append(dst, "X-Forwarded-For: "...)
	dst = append(dst, c.peer...)
	dst = append(dst, "\r\nX-Forwarded-Proto: "...)
	dst = append(dst, c.scheme...)
	if host := x.request.Authority; host != nil {
		dst = append(dst, "\r\nX-Forwarded-Host: "...)
		dst = append(dst, host...)
	}
	dst = append(dst, "\r\nForwarded: "...)
	dst = x.appendForwardedElement(dst)
	return append(dst, "\r\n"...)
}

// extendForwarded does the same behind what trusted proxies have written.
func (x *exchange) extendForwarded(dst []byte) []byte {
	c, r := x.client, &x.request
	dst = append(dst, "X-Forwarded-For: "...)
	dst = appendValues(dst, r, http1.HeaderXForwardedFor)
	dst = append(dst, c.peer...)
	dst = append(dst, "\r\nX-Forwarded-Proto: "...)
	dst = appendFirst(dst, r.Value(http1.HeaderXForwardedProto), []byte(c.scheme))
	if host := r.Authority; host != nil {
		dst = append(dst, "\r\nX-Forwarded-Host: "...)
		dst = appendFirst(dst, r.Value(http1.HeaderXForwardedHost), host)
	}
	dst = append(dst, "\r\nForwarded: "...)
	dst = appendValues(dst, r, http1.HeaderForwarded)
	dst = x.appendForwardedElement(dst)
	return append(dst, "\r\n"...)
}

// appendForwardedElement appends for=…;proto=… and host=…, quoted where RFC 7239 §4 wants it.
func (x *exchange) appendForwardedElement(dst []byte) []byte {
	c := x.client
	dst = append(dst, "for="...)
	if c.peerIPv6 {
		dst = append(dst, `"[`...)
		dst = append(dst, c.peer...)
		dst = append(dst, `]"`...)
	} else {
		dst = append(dst, c.peer...)
	}
	dst = append(dst, ";proto="...)
	dst = append(dst, c.scheme...)
	if host := x.request.Authority; host != nil {
		dst = append(dst, `;host="`...)
		dst = append(dst, host...) // has neither quotes nor backslashes, the codec sees to it
		dst = append(dst, '"')
	}
	return dst
}

// appendValues appends the values of all fields of that name, each with a comma behind it.
func appendValues(dst []byte, r *http1.Request, id http1.HeaderID) []byte {
	for i := range r.Fields {
		if field := &r.Fields[i]; field.ID == id && len(field.Value()) > 0 {
			dst = append(dst, field.Value()...)
			dst = append(dst, ", "...)
		}
	}
	return dst
}

func appendFirst(dst, value, fallback []byte) []byte {
	if len(value) == 0 {
		value = fallback
	}
	return append(dst, value...)
}

// peerText is how a peer's address stands in header fields and logs.
func peerText(peer netip.Addr) string {
	if !peer.IsValid() {
		return "unknown"
	}
	return peer.WithZone("").String()
}
