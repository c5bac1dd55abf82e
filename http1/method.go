package http1

// Method is the compact form of the methods that have a meaning to a gateway. Method names are case-sensitive (RFC 9110 §9.1):
// "get" is MethodOther.
type Method uint8

// The methods of RFC 9110 §9.3 and PATCH (RFC 5789).
const (
	MethodOther Method = iota
	MethodGet
	MethodHead
	MethodPost
	MethodPut
	MethodDelete
	MethodConnect
	MethodOptions
	MethodTrace
	MethodPatch
)

var methodNames = [...]string{"", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}

// String is the name on the wire; empty for MethodOther.
func (m Method) String() string {
	if int(m) < len(methodNames) {
		return methodNames[m]
	}
	return ""
}

// Safe says whether the method only reads (RFC 9110 §9.2.1).
func (m Method) Safe() bool {
	return m == MethodGet || m == MethodHead || m == MethodOptions || m == MethodTrace
}

// Idempotent says whether sending a request twice has the effect of sending it once (RFC 9110 §9.2.2), so that a request whose
// connection broke may be tried again elsewhere.
func (m Method) Idempotent() bool { return m.Safe() || m == MethodPut || m == MethodDelete }

// methodOf recognises a name.
func methodOf(name []byte) Method {
	switch string(name) {
	case "GET":
		return MethodGet
	case "HEAD":
		return MethodHead
	case "POST":
		return MethodPost
	case "PUT":
		return MethodPut
	case "DELETE":
		return MethodDelete
	case "CONNECT":
		return MethodConnect
	case "OPTIONS":
		return MethodOptions
	case "TRACE":
		return MethodTrace
	case "PATCH":
		return MethodPatch
	}
	return MethodOther
}
