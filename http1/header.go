package http1

// HeaderID is the compact form of a field name that a gateway, a cache or an access log looks at.
type HeaderID uint8

// HeaderOther is a valid name that is not in the table; HeaderUnderscored is one that has an underscore: applications behind CGI,
// WSGI and Rack cannot tell it from the name with a dash, so a gateway had better not forward it (X_Forwarded_For).
const (
	HeaderOther HeaderID = iota
	HeaderUnderscored

	// Those that Parse itself acts on; from Connection on they concern one connection only.
	HeaderHost
	HeaderContentLength
	HeaderTrailer
	HeaderExpect
	HeaderConnection
	HeaderTransferEncoding
	HeaderTE
	HeaderUpgrade
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
	HeaderIdempotencyKey
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

	// Parse acts on the fields of one range; those of another are hop-by-hop: RFC 9110 §7.6.1, and HTTP2-Settings (RFC 7540 §3.2.1).
	firstActiveHeader = HeaderHost
	lastActiveHeader  = HeaderUpgrade
	firstHopHeader    = HeaderConnection
	lastHopHeader     = HeaderHTTP2Settings
)

// String is the name in its usual spelling, as the writers spell it; empty for HeaderOther and HeaderUnderscored.
func (id HeaderID) String() string {
	if id < headerCount {
		return headerNames[id]
	}
	return ""
}

var headerNames = [headerCount]string{
	HeaderHost:                    "Host",
	HeaderConnection:              "Connection",
	HeaderContentLength:           "Content-Length",
	HeaderTransferEncoding:        "Transfer-Encoding",
	HeaderTE:                      "TE",
	HeaderTrailer:                 "Trailer",
	HeaderUpgrade:                 "Upgrade",
	HeaderExpect:                  "Expect",
	HeaderKeepAlive:               "Keep-Alive",
	HeaderProxyConnection:         "Proxy-Connection",
	HeaderHTTP2Settings:           "HTTP2-Settings",
	HeaderForwarded:               "Forwarded",
	HeaderXForwardedFor:           "X-Forwarded-For",
	HeaderXForwardedProto:         "X-Forwarded-Proto",
	HeaderXForwardedHost:          "X-Forwarded-Host",
	HeaderXForwardedPort:          "X-Forwarded-Port",
	HeaderXForwardedServer:        "X-Forwarded-Server",
	HeaderXForwardedPrefix:        "X-Forwarded-Prefix",
	HeaderXRealIP:                 "X-Real-IP",
	HeaderXRequestID:              "X-Request-Id",
	HeaderVia:                     "Via",
	HeaderMaxForwards:             "Max-Forwards",
	HeaderProxy:                   "Proxy",
	HeaderProxyAuthenticate:       "Proxy-Authenticate",
	HeaderProxyAuthenticationInfo: "Proxy-Authentication-Info",
	HeaderProxyAuthorization:      "Proxy-Authorization",
	HeaderTraceparent:             "Traceparent",
	HeaderTracestate:              "Tracestate",
	HeaderAccept:                  "Accept",
	HeaderAcceptCharset:           "Accept-Charset",
	HeaderAcceptEncoding:          "Accept-Encoding",
	HeaderAcceptLanguage:          "Accept-Language",
	HeaderAuthorization:           "Authorization",
	HeaderCookie:                  "Cookie",
	HeaderDNT:                     "DNT",
	HeaderIdempotencyKey:          "Idempotency-Key",
	HeaderFrom:                    "From",
	HeaderIfMatch:                 "If-Match",
	HeaderIfModifiedSince:         "If-Modified-Since",
	HeaderIfNoneMatch:             "If-None-Match",
	HeaderIfRange:                 "If-Range",
	HeaderIfUnmodifiedSince:       "If-Unmodified-Since",
	HeaderOrigin:                  "Origin",
	HeaderPragma:                  "Pragma",
	HeaderPriority:                "Priority",
	HeaderRange:                   "Range",
	HeaderReferer:                 "Referer",
	HeaderSecWebSocketAccept:      "Sec-WebSocket-Accept",
	HeaderSecWebSocketExtensions:  "Sec-WebSocket-Extensions",
	HeaderSecWebSocketKey:         "Sec-WebSocket-Key",
	HeaderSecWebSocketProtocol:    "Sec-WebSocket-Protocol",
	HeaderSecWebSocketVersion:     "Sec-WebSocket-Version",
	HeaderUpgradeInsecureRequests: "Upgrade-Insecure-Requests",
	HeaderUserAgent:               "User-Agent",
	HeaderXRequestedWith:          "X-Requested-With",
	HeaderAcceptRanges:            "Accept-Ranges",
	HeaderAge:                     "Age",
	HeaderAllow:                   "Allow",
	HeaderAltSvc:                  "Alt-Svc",
	HeaderCacheControl:            "Cache-Control",
	HeaderCacheStatus:             "Cache-Status",
	HeaderCDNCacheControl:         "CDN-Cache-Control",
	HeaderContentDisposition:      "Content-Disposition",
	HeaderContentEncoding:         "Content-Encoding",
	HeaderContentLanguage:         "Content-Language",
	HeaderContentLocation:         "Content-Location",
	HeaderContentRange:            "Content-Range",
	HeaderContentSecurityPolicy:   "Content-Security-Policy",
	HeaderContentType:             "Content-Type",
	HeaderDate:                    "Date",
	HeaderETag:                    "ETag",
	HeaderExpires:                 "Expires",
	HeaderLastModified:            "Last-Modified",
	HeaderLink:                    "Link",
	HeaderLocation:                "Location",
	HeaderRetryAfter:              "Retry-After",
	HeaderServer:                  "Server",
	HeaderServerTiming:            "Server-Timing",
	HeaderSetCookie:               "Set-Cookie",
	HeaderStrictTransportSecurity: "Strict-Transport-Security",
	HeaderSurrogateKey:            "Surrogate-Key",
	HeaderVary:                    "Vary",
	HeaderWarning:                 "Warning",
	HeaderWWWAuthenticate:         "WWW-Authenticate",
	HeaderXContentTypeOptions:     "X-Content-Type-Options",
	HeaderXFrameOptions:           "X-Frame-Options",
	HeaderXPoweredBy:              "X-Powered-By",
}
