package gateway

import (
	"bytes"

	"ladder/http1"
)

// treatment is what happens to a field on its way through.
type treatment uint8

const (
	pass    treatment = iota // written anew as it came
	drop                     // left out, or replaced by a line of our own
	believe                  // passed from trusted proxies only: applications take the client's address and scheme from these
)

// requestFields says which fields of a request are treated specially. It is never written to.
var requestFields = [256]treatment{
	http1.HeaderHost:             drop, // written from the target's or field's authority
	http1.HeaderContentLength:    drop, // written from the framing
	http1.HeaderTransferEncoding: drop,
	http1.HeaderConnection:       drop, // hop by hop; what is left of them is written anew
	http1.HeaderUpgrade:          drop,
	http1.HeaderTE:               drop,
	http1.HeaderExpect:           drop,
	http1.HeaderKeepAlive:        drop,
	http1.HeaderProxyConnection:  drop,
	http1.HeaderHTTP2Settings:    drop,
	http1.HeaderXForwardedFor:    drop,
	http1.HeaderXForwardedProto:  drop,
	http1.HeaderXForwardedHost:   drop,
	http1.HeaderForwarded:        drop,
	http1.HeaderXRequestID:       drop,
	http1.HeaderProxy:            drop, // CGI programs read it as HTTP_PROXY ("httpoxy")
	http1.HeaderUnderscored:      drop, // CGI, WSGI and Rack cannot tell X_Forwarded_For from X-Forwarded-For

	http1.HeaderXForwardedPort:   believe,
	http1.HeaderXForwardedServer: believe,
	http1.HeaderXForwardedPrefix: believe,
	http1.HeaderXRealIP:          believe,
}

// appendRequest appends the head of the request as the application gets it.
func (x *exchange) appendRequest(dst []byte) []byte {
	r := &x.request
	dst = r.AppendLine(dst)
	dst = append(dst, "Host: "...)
	if r.Authority != nil {
		dst = append(dst, r.Authority...)
	} else {
		dst = append(dst, x.member.member.Address()...) // HTTP/1.0 without Host; HTTP/1.1 requires one
	}
	dst = append(dst, "\r\n"...)
	for i := range r.Fields {
		field := &r.Fields[i]
		treat := requestFields[field.ID]
		if field.Hop || treat == drop || treat == believe && !x.client.trusted {
			continue
		}
		if field.ID == http1.HeaderCookie {
			dst = appendCookies(dst, field, x.settings.withheld)
			continue
		}
		dst = field.AppendTo(dst)
	}
	dst = x.appendForwarded(dst)
	dst = append(dst, "X-Request-Id: "...)
	dst = append(dst, x.id.bytes()...)
	dst = append(dst, "\r\nVia: 1.1 "...)
	dst = append(dst, x.settings.server...)
	dst = append(dst, "\r\n"...)
	dst = x.appendRequestFraming(dst)
	return http1.AppendEnd(dst)
}

// appendRequestFraming appends what says how the body ends, and what concerns the connection to the application.
func (x *exchange) appendRequestFraming(dst []byte) []byte {
	r := &x.request
	switch r.Framing {
	case http1.FramingLength:
		dst = http1.AppendContentLength(dst, r.ContentLength)
	case http1.FramingChunked:
		dst = http1.AppendTransferEncoding(dst)
	}
	if r.ExpectContinue {
		dst = append(dst, "Expect: 100-continue\r\n"...)
	}
	switch upgrade := x.upgrading(); {
	case upgrade && r.TrailersAccepted:
		dst = append(dst, "Connection: Upgrade, TE\r\nTE: trailers\r\n"...)
	case upgrade:
		dst = append(dst, "Connection: Upgrade\r\n"...)
	case r.TrailersAccepted:
		dst = append(dst, "Connection: TE\r\nTE: trailers\r\n"...)
	}
	if x.upgrading() {
		dst = http1.AppendKnown(dst, http1.HeaderUpgrade, r.Upgrade)
	}
	return dst
}

// upgrading says whether the request may turn its connection into a tunnel. HTTP/2 over cleartext is not passed on: behind it a
// client could send the application requests that nobody has looked at.
func (x *exchange) upgrading() bool {
	upgrade := x.request.Upgrade
	return len(upgrade) > 0 && !bytes.Contains(bytes.ToLower(upgrade), []byte("h2"))
}
