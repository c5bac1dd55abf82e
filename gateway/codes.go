package gateway

// Code says how a request ended. It stands in the access log, in the metrics and, where Ladder itself answered, in the
// response's Ladder-Error field. The texts below are stable; alerts are written against them.
type Code uint8

// The codes, one for each row of [Codes].
const (
	CodeOK Code = iota
	CodeUpgraded

	CodeBadRequest
	CodeHeadTooLarge
	CodeTargetTooLong
	CodeBodyTooLarge
	CodeHeaderTimeout
	CodeBodyTimeout
	CodeExpectationFailed
	CodeMethodRefused
	CodeNotImplemented
	CodeVersionRefused
	CodeClientAborted
	CodeClientWriteTimeout

	CodeNoInstance
	CodeConnectFailed
	CodeConnectTimeout
	CodeResponseTimeout
	CodeResponseBroken
	CodeResponseMalformed

	CodeDrained
	CodeInternal

	codeCount
)

// Side is who a failure is to be put down to.
type Side string

// The three sides, as error pages and documentation name them.
const (
	SideNone        Side = ""
	SideClient      Side = "client"
	SideLadder      Side = "ladder"
	SideApplication Side = "application"
)

// CodeInfo is a row of the table of codes: what error pages, metrics and the reference page are made from.
type CodeInfo struct {
	Code   Code
	Name   string // "response-timeout"
	Status int    // what the client is answered; 499 stands in the log alone, 0 is the application's own status
	Failed Side   // who failed
	Title  string // a few words for the heading of the error page
	// Meaning is for the person who reads the error page, Advice for the operator who reads the log.
	Meaning string
	Advice  string
}

// statusClientClosed is what the log says when nobody was left to be answered; nginx made the number known.
const statusClientClosed = 499

// String is the code's name.
func (c Code) String() string {
	if c < codeCount {
		return codeTable[c].Name
	}
	return "unknown"
}

// Info is the code's row.
func (c Code) Info() CodeInfo {
	if c >= codeCount {
		c = CodeInternal
	}
	info := codeTable[c]
	info.Code = c
	return info
}

// Codes is the table of all codes.
func Codes() []CodeInfo {
	rows := make([]CodeInfo, codeCount)
	for code := range codeCount {
		rows[code] = code.Info()
	}
	return rows
}

// codeTable is never written to.
var codeTable = [codeCount]CodeInfo{
	CodeOK: {
		Name: "ok", Meaning: "The application's answer was passed on completely.",
		Advice: "Nothing to do; the status is the application's.",
	},
	CodeUpgraded: {
		Name: "upgraded", Status: 101, Meaning: "The connection became a tunnel (WebSocket or another protocol) and has ended.",
		Advice: "Nothing to do; duration and bytes are those of the whole tunnel.",
	},
	CodeBadRequest: {
		Name: "bad-request", Status: 400, Failed: SideClient, Title: "The request could not be understood",
		Meaning: "What the client sent is not valid HTTP, or could be read in two ways.",
		Advice:  "The log's detail names the rule that was broken. If a client that you need does this, mend the client: passing it on would open the door to request smuggling.",
	},
	CodeHeadTooLarge: {
		Name: "head-too-large", Status: 431, Failed: SideClient, Title: "The request's headers are too large",
		Meaning: "The request has more, or longer, header lines than this site accepts. Clearing this site's cookies often helps.",
		Advice:  "Raise gateway.limits.head or gateway.limits.headers if such requests are legitimate.",
	},
	CodeTargetTooLong: {
		Name: "target-too-long", Status: 414, Failed: SideClient, Title: "The address is too long",
		Meaning: "The address that was asked for is longer than this site accepts.",
		Advice:  "Raise gateway.limits.head if such addresses are legitimate.",
	},
	CodeBodyTooLarge: {
		Name: "body-too-large", Status: 413, Failed: SideClient, Title: "The upload is too large",
		Meaning: "The request's body is larger than this site accepts.",
		Advice:  "Raise gateway.limits.body if such uploads are legitimate.",
	},
	CodeHeaderTimeout: {
		Name: "header-timeout", Status: 408, Failed: SideClient, Title: "The request took too long to arrive",
		Meaning: "The client did not finish sending the request's headers in time.",
		Advice:  "Many of these from few addresses are an attack that holds connections open; it is bounded by gateway.limits.header_timeout.",
	},
	CodeBodyTimeout: {
		Name: "body-timeout", Status: 408, Failed: SideClient, Title: "The upload stalled",
		Meaning: "The client paused too long while it sent the request's body.",
		Advice:  "Raise gateway.timeouts.body if clients on very slow links are to be served.",
	},
	CodeExpectationFailed: {
		Name: "expectation-failed", Status: 417, Failed: SideClient, Title: "The request expects what cannot be met",
		Meaning: "The Expect header asks for something other than 100-continue.", Advice: "Mend the client.",
	},
	CodeMethodRefused: {
		Name: "method-refused", Status: 405, Failed: SideClient, Title: "The method is not allowed",
		Meaning: "CONNECT and TRACE are not passed on to an application.",
		Advice:  "Ladder is no forward proxy, and TRACE would show a browser's secrets to scripts. Mend the client.",
	},
	CodeNotImplemented: {
		Name: "not-implemented", Status: 501, Failed: SideClient, Title: "The request uses what is not supported",
		Meaning: "The request has a transfer coding other than chunked.", Advice: "Mend the client; the log's detail names what it used.",
	},
	CodeVersionRefused: {
		Name: "version-refused", Status: 505, Failed: SideClient, Title: "The HTTP version is not supported",
		Meaning: "Only HTTP/1.0 and HTTP/1.1 are spoken here.", Advice: "Mend the client.",
	},
	CodeClientAborted: {
		Name: "client-aborted", Status: statusClientClosed, Failed: SideClient,
		Meaning: "The client went away before the answer was complete.",
		Advice:  "People close pages. Many at once on one path say that it is too slow for them.",
	},
	CodeClientWriteTimeout: {
		Name: "client-write-timeout", Status: statusClientClosed, Failed: SideClient,
		Meaning: "The client stopped taking the answer.",
		Advice:  "Raise gateway.timeouts.write if clients on very slow links are to be served.",
	},
	CodeNoInstance: {
		Name: "no-instance", Status: 503, Failed: SideApplication, Title: "The application is not available",
		Meaning: "No instance of the application is ready at the moment. It is probably starting; try again shortly.",
		Advice:  "`ladder status` shows each instance and why it is not up.",
	},
	CodeConnectFailed: {
		Name: "connect-failed", Status: 502, Failed: SideApplication, Title: "The application could not be reached",
		Meaning: "No instance of the application accepted a connection.",
		Advice:  "Its process may have died or not be listening on PORT: see its log. A health check takes such an instance out of rotation.",
	},
	CodeConnectTimeout: {
		Name: "connect-timeout", Status: 504, Failed: SideApplication, Title: "The application could not be reached in time",
		Meaning: "No instance of the application accepted a connection in time.",
		Advice:  "The instance is overloaded or the network drops packets; gateway.timeouts.connect bounds the wait.",
	},
	CodeResponseTimeout: {
		Name: "response-timeout", Status: 504, Failed: SideApplication, Title: "The application took too long to answer",
		Meaning: "The application accepted the request and did not answer, or did not go on answering, in time.",
		Advice:  "Find out what the path waits for; gateway.timeouts.response bounds the wait. With a status other than 504, the answer stalled halfway.",
	},
	CodeResponseBroken: {
		Name: "response-broken", Status: 502, Failed: SideApplication, Title: "The application broke off",
		Meaning: "The application closed the connection before its answer was complete.",
		Advice:  "It crashed or was killed: see its log. With a status other than 502, the answer broke off halfway and the client's connection was cut.",
	},
	CodeResponseMalformed: {
		Name: "response-malformed", Status: 502, Failed: SideApplication, Title: "The application's answer could not be understood",
		Meaning: "The application's answer is not valid HTTP.",
		Advice:  "The log's detail names the rule that was broken. Is PORT perhaps served by something that does not speak HTTP/1.1?",
	},
	CodeDrained: {
		Name: "drained", Status: 503, Failed: SideLadder, Title: "The server is stopping",
		Meaning: "Ladder was stopped, and the request did not end within the time that is given to requests in flight.",
		Advice:  "Raise gateway.timeouts.drain if requests may take longer.",
	},
	CodeInternal: {
		Name: "internal", Status: 500, Failed: SideLadder, Title: "Ladder failed",
		Meaning: "A fault in Ladder itself.", Advice: "This is a bug: the log has a stack trace; please report it.",
	},
}
