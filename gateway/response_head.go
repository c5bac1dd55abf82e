package gateway

import (
	"ladder/http1"
)

// responseTreatments says which fields of a response are treated specially. It is never written to.
var responseTreatments = [256]treatment{
	http1.HeaderContentLength:    drop, // written from the framing
	http1.HeaderTransferEncoding: drop,
	http1.HeaderConnection:       drop,
	http1.HeaderKeepAlive:        drop,
	http1.HeaderProxyConnection:  drop,
	http1.HeaderUpgrade:          drop,
	http1.HeaderTE:               drop,
}

const (
	statusSwitching       = 101
	statusNoContent       = 204
	statusRequestTimeout  = 408
	statusUpgradeRequired = 426
)

// appendResponse appends the head of the response as the client gets it, and decides how its body ends and whether the
// connection is kept.
func (x *exchange) appendResponse(dst []byte) []byte {
	r := &x.response
	dst = http1.AppendStatusLine(dst, r.Status, r.Reason)
	dated := false
	for i := range r.Fields {
		field := &r.Fields[i]
		if field.Hop || responseTreatments[field.ID] == drop {
			continue
		}
		dated = dated || field.ID == http1.HeaderDate
		dst = field.AppendTo(dst)
	}
	if !dated { // RFC 9110 §6.6.1
		dst = http1.AppendKnown(dst, http1.HeaderDate, *x.client.gateway.date.Load())
	}
	dst = x.appendResponseFraming(dst)
	return http1.AppendEnd(dst)
}

// appendResponseFraming appends what says how the body ends, and what becomes of the client's connection.
func (x *exchange) appendResponseFraming(dst []byte) []byte {
	r := &x.response
	switch r.Framing {
	case http1.FramingNone:
		if r.Status != statusNoContent { // the length that a GET would have had; 204 must not tell one (RFC 9110 §8.6)
			dst = http1.AppendContentLength(dst, r.ContentLength)
		}
	case http1.FramingLength:
		dst = http1.AppendContentLength(dst, r.ContentLength)
	case http1.FramingChunked, http1.FramingClose:
		if x.chunked = x.request.Minor > 0; x.chunked {
			dst = http1.AppendTransferEncoding(dst)
		} else {
			x.keepAlive = false // HTTP/1.0 knows no chunks: the end of the connection is the end of the body
		}
	}
	switch {
	case r.Status == statusSwitching:
		dst = append(dst, "Connection: Upgrade\r\n"...)
		return http1.AppendKnown(dst, http1.HeaderUpgrade, r.Upgrade)
	case r.Status == statusUpgradeRequired && len(r.Upgrade) > 0: // it must say to what (RFC 9110 §15.5.22)
		dst = http1.AppendKnown(dst, http1.HeaderUpgrade, r.Upgrade)
		if !x.keepAlive {
			return append(dst, "Connection: close, Upgrade\r\n"...)
		}
		return append(dst, "Connection: Upgrade\r\n"...)
	case !x.keepAlive:
		return append(dst, "Connection: close\r\n"...)
	case x.request.Minor == 0:
		return append(dst, "Connection: keep-alive\r\n"...)
	}
	return dst
}

// appendInterim appends a 1xx response.
func (x *exchange) appendInterim(dst []byte) []byte {
	r := &x.response
	dst = http1.AppendStatusLine(dst, r.Status, r.Reason)
	for i := range r.Fields {
		if field := &r.Fields[i]; !field.Hop && responseTreatments[field.ID] == pass {
			dst = field.AppendTo(dst)
		}
	}
	return http1.AppendEnd(dst)
}
