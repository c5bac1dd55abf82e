package http1

// HeaderID is the compact form of a field name that a gateway, a cache or an access log looks at.
type HeaderID uint8

// HeaderOther is a valid name that is not in the table; HeaderUnderscored is one that has an underscore: applications behind CGI,
// WSGI and Rack cannot tell it from the name with a dash, so a gateway had better not forward it (X_Forwarded_For).
const (
	HeaderOther HeaderID = iota
	HeaderUnderscored

	// Those that Parse itself acts on.
	HeaderHost
	HeaderConnection
	HeaderContentLength
	HeaderTransferEncoding
	HeaderTE
	HeaderTrailer
	HeaderUpgrade
	HeaderExpect
	HeaderKeepAlive
	HeaderProxyConnection
	HeaderHTTP2Settings

	// Proxies and tracing.
	HeaderForwarded
	HeaderXForwardedFor
	HeaderXForwardedProto
	HeaderXForwardedHost
	HeaderXForwardedPort
	HeaderXForwardedServer
	HeaderXForwardedPrefix
	HeaderXRealIP
	HeaderXRequestID
	HeaderVia
	HeaderMaxForwards
	HeaderProxy
	HeaderProxyAuthenticate
	HeaderProxyAuthenticationInfo
	HeaderProxyAuthorization
	HeaderTraceparent
	HeaderTracestate

	// Requests.
	HeaderAccept
	HeaderAcceptCharset
	HeaderAcceptEncoding
	HeaderAcceptLanguage
	HeaderAuthorization
	HeaderCookie
	HeaderDNT
	HeaderFrom
	HeaderIfMatch
	HeaderIfModifiedSince
	HeaderIfNoneMatch
	HeaderIfRange
	HeaderIfUnmodifiedSince
	HeaderOrigin
	HeaderPragma
	HeaderPriority
	HeaderRange
	HeaderReferer
	HeaderSecWebSocketAccept
	HeaderSecWebSocketExtensions
	HeaderSecWebSocketKey
	HeaderSecWebSocketProtocol
	HeaderSecWebSocketVersion
	HeaderUpgradeInsecureRequests
	HeaderUserAgent
	HeaderXRequestedWith

	// Responses and content.
	HeaderAcceptRanges
	HeaderAge
	HeaderAllow
	HeaderAltSvc
	HeaderCacheControl
	HeaderCacheStatus
	HeaderCDNCacheControl
	HeaderContentDisposition
	HeaderContentEncoding
	HeaderContentLanguage
	HeaderContentLocation
	HeaderContentRange
	HeaderContentSecurityPolicy
	HeaderContentType
	HeaderDate
	HeaderETag
	HeaderExpires
	HeaderLastModified
	HeaderLink
	HeaderLocation
	HeaderRetryAfter
	HeaderServer
	HeaderServerTiming
	HeaderSetCookie
	HeaderStrictTransportSecurity
	HeaderSurrogateKey
	HeaderVary
	HeaderWarning
	HeaderWWWAuthenticate
	HeaderXContentTypeOptions
	HeaderXFrameOptions
	HeaderXPoweredBy

	headerCount
)

// String is the name in its usual spelling, as the writers spell it; empty for HeaderOther and HeaderUnderscored.
func (id HeaderID) String() string {
	if id < headerCount {
		return headerNames[id]
	}
	return ""
}

var headerNames = [headerCount]string{}
