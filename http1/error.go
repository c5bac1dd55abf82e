package http1

// Error says why a message was refused. All of them are declared here once, so that refusing a message allocates nothing;
// compare with errors.Is, which looks at the code alone.
type Error struct {
	// Status is what the sender of the request should be answered: 4xx or 5xx for a bad request, 502 for a bad response.
	Status int
	// Code is short, stable and fit for logs and metrics: "bad-chunk-size".
	Code string
	// Message tells a person what was wrong; it never quotes the message.
	Message string

	response *Error // the same fault found in a response, where it is the application's and the status 502
}

// Error gives code and message.
func (e *Error) Error() string { return "http1: " + e.Code + ": " + e.Message }

// Is tells errors.Is that one fault is the same in requests and responses.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && other.Code == e.Code
}

// statusBadGateway is the answer to a client whose request got a malformed response (RFC 9110 §15.6.3).
const statusBadGateway = 502

func refusal(status int, code, message string) *Error {
	return &Error{
		Status: status, Code: code, Message: message,
		response: &Error{Status: statusBadGateway, Code: code, Message: message},
	}
}

// The first line.
var (
	ErrBadRequestLine     = refusal(400, "bad-request-line", "the request line is not METHOD TARGET VERSION with single spaces (RFC 9112 §3)")
	ErrBadMethod          = refusal(400, "bad-method", "the method is not a token (RFC 9110 §9.1)")
	ErrBadTarget          = refusal(400, "bad-target", "the request target has none of the four forms, or illegal bytes (RFC 9112 §3.2)")
	ErrBadVersion         = refusal(400, "bad-version", "the version is not HTTP/digit.digit (RFC 9112 §2.3)")
	ErrUnsupportedVersion = refusal(505, "unsupported-version", "only HTTP/1.0 and HTTP/1.1 are spoken here")
	ErrLineTooLong        = refusal(414, "line-too-long", "the first line exceeds the limit")
	ErrBadStatusLine      = refusal(400, "bad-status-line", "the status line is not VERSION STATUS REASON (RFC 9112 §4)")
)

// Any line of a head or trailer section.
var (
	ErrHeadTooLarge      = refusal(431, "head-too-large", "the head exceeds the limit")
	ErrTooManyFields     = refusal(431, "too-many-fields", "there are more header fields than the limit")
	ErrBareCR            = refusal(400, "bare-cr", "a carriage return without line feed (RFC 9112 §2.2)")
	ErrBareLF            = refusal(400, "bare-lf", "a line feed without carriage return (RFC 9112 §2.2)")
	ErrFoldedField       = refusal(400, "folded-field", "a header field continues on the next line (obs-fold, RFC 9112 §5.2)")
	ErrSpaceBeforeFields = refusal(400, "space-before-fields", "white space before the first header field (RFC 9112 §2.2)")
	ErrMissingColon      = refusal(400, "missing-colon", "a header line without colon (RFC 9112 §5)")
	ErrSpaceBeforeColon  = refusal(400, "space-before-colon", "white space between field name and colon (RFC 9112 §5.1)")
	ErrBadFieldName      = refusal(400, "bad-field-name", "a field name is empty or not a token (RFC 9110 §5.1)")
	ErrBadFieldValue     = refusal(400, "bad-field-value", "a field value has a control character (RFC 9110 §5.5)")
)

// Single fields.
var (
	ErrMissingHost            = refusal(400, "missing-host", "an HTTP/1.1 request without Host (RFC 9112 §3.2)")
	ErrRepeatedHost           = refusal(400, "repeated-host", "more than one Host (RFC 9112 §3.2)")
	ErrBadHost                = refusal(400, "bad-host", "Host or authority is not host[:port] (RFC 9112 §3.2)")
	ErrBadConnection          = refusal(400, "bad-connection", "Connection is not a short list of tokens (RFC 9110 §7.6.1)")
	ErrBadUpgrade             = refusal(400, "bad-upgrade", "Upgrade is repeated or not a list of protocols (RFC 9110 §7.8)")
	ErrBadTrailer             = refusal(400, "bad-trailer", "Trailer announces a field that frames the message (RFC 9110 §6.5.1)")
	ErrUnsupportedExpectation = refusal(417, "unsupported-expectation", "Expect asks for something else than 100-continue (RFC 9110 §10.1.1)")
)

// Where a message ends.
var (
	ErrBadContentLength            = refusal(400, "bad-content-length", "Content-Length is not a plain decimal number (RFC 9110 §8.6)")
	ErrRepeatedContentLength       = refusal(400, "repeated-content-length", "more than one Content-Length (RFC 9112 §6.3)")
	ErrLengthAndEncoding           = refusal(400, "length-and-transfer-encoding", "both Content-Length and Transfer-Encoding (RFC 9112 §6.3)")
	ErrBadTransferEncoding         = refusal(400, "bad-transfer-encoding", "Transfer-Encoding is repeated or does not end in one chunked (RFC 9112 §6.1)")
	ErrUnsupportedTransferEncoding = refusal(501, "unsupported-transfer-encoding", "a transfer coding other than chunked (RFC 9112 §6.1)")
	ErrEncodingInHTTP10            = refusal(400, "transfer-encoding-in-http10", "Transfer-Encoding in an HTTP/1.0 message (RFC 9112 §6.1)")
	ErrUnexpectedBody              = refusal(400, "unexpected-body", "a body announced where there can be none (RFC 9112 §6.1, §6.3)")
	ErrBadChunkSize                = refusal(400, "bad-chunk-size", "a chunk size is not plain hexadecimal, or too large (RFC 9112 §7.1)")
	ErrChunkExtension              = refusal(400, "chunk-extension", "a chunk extension, which is not accepted here (RFC 9112 §7.1.1)")
	ErrBadChunkEnd                 = refusal(400, "bad-chunk-end", "a chunk is longer than its size says (RFC 9112 §7.1)")
	ErrTruncated                   = refusal(400, "truncated", "the connection ended before the message (RFC 9112 §8)")
)
