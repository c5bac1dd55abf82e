package http1

// Reason is the usual reason phrase of a status (RFC 9110 §15 and the IANA registry), or "Unknown".
func Reason(status int) string {
	if class := status/100 - 1; class >= 0 && class < len(reasons) {
		if i := status % 100; i < len(reasons[class]) && reasons[class][i] != "" {
			return reasons[class][i]
		}
	}
	switch status {
	case 226:
		return "IM Used"
	case 451:
		return "Unavailable For Legal Reasons"
	}
	return "Unknown"
}

// reasons by class and by what follows the first digit.
var reasons = [5][]string{
	{"Continue", "Switching Protocols", "Processing", "Early Hints"},
	{
		"OK", "Created", "Accepted", "Non-Authoritative Information", "No Content", "Reset Content", "Partial Content",
		"Multi-Status", "Already Reported",
	},
	{
		"Multiple Choices", "Moved Permanently", "Found", "See Other", "Not Modified", "Use Proxy", "",
		"Temporary Redirect", "Permanent Redirect",
	},
	{
		"Bad Request", "Unauthorized", "Payment Required", "Forbidden", "Not Found", "Method Not Allowed", "Not Acceptable",
		"Proxy Authentication Required", "Request Timeout", "Conflict", "Gone", "Length Required", "Precondition Failed",
		"Content Too Large", "URI Too Long", "Unsupported Media Type", "Range Not Satisfiable", "Expectation Failed", "", "",
		"", "Misdirected Request", "Unprocessable Content", "Locked", "Failed Dependency", "Too Early", "Upgrade Required", "",
		"Precondition Required", "Too Many Requests", "", "Request Header Fields Too Large",
	},
	{
		"Internal Server Error", "Not Implemented", "Bad Gateway", "Service Unavailable", "Gateway Timeout",
		"HTTP Version Not Supported", "Variant Also Negotiates", "Insufficient Storage", "Loop Detected", "", "",
		"Network Authentication Required",
	},
}
