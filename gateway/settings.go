package gateway

import (
	"net/netip"
	"time"

	"ladder/http1"
)

// settings are what a request needs of the options, computed once and swapped whole by Apply: a request sees one of them from
// its beginning to its end.
type settings struct {
	limits   http1.Limits
	response http1.Limits // of heads that the application sends
	body     int64
	header   time.Duration
	timeouts Timeouts
	trusted  []netip.Prefix
	server   string
	withheld []byte // beginning of the names of cookies that the application does not get
}

// responseHead is the largest head accepted from the application, in bytes: it is trusted more than clients, and cookies add up.
const responseHead = 128 << 10

// responseFields is how many header lines a response may have.
const responseFields = 500

func newSettings(o Options) *settings {
	return &settings{
		limits:   http1.Limits{Head: int(o.Limits.Head), Line: int(o.Limits.Head), Fields: o.Limits.Headers},
		response: http1.Limits{Head: responseHead, Line: responseHead, Fields: responseFields},
		body:     o.Limits.Body,
		header:   o.Limits.HeaderTimeout,
		timeouts: o.Timeouts,
		trusted:  o.TrustedProxies,
		server:   o.ServerName,
		withheld: []byte(o.WithheldCookies),
	}
}

// trusts says whether a peer's word about the way of a request is taken.
func (s *settings) trusts(peer netip.Addr) bool {
	for _, network := range s.trusted {
		if network.Contains(peer) {
			return true
		}
	}
	return false
}
