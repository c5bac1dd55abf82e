package http1

// Response is the head of a response. One Response is used for all responses of a connection: Parse, read it, Reset. Interim
// responses (1xx) are responses of their own: Reset and Parse again.
type Response struct {
	Head
	// Status is 100–999.
	Status int
	// Reason is the reason phrase, maybe empty.
	Reason []byte
}

// Parse reads a head that begins at buffer[0], which answers a request with the given method: HEAD and CONNECT decide whether a
// body follows. It works like [Request.Parse]. The status of an error is always 502.
func (r *Response) Parse(buffer []byte, method Method, limits Limits) (size int, err error) {
	panic("http1: not written yet")
}

// Reset forgets the message, and its buffer, and keeps the memory.
func (r *Response) Reset() {}

// Interim says that the final response to the same request is still to come: 1xx but 101 (RFC 9110 §15.2).
func (r *Response) Interim() bool { return r.Status < 200 && r.Status != 101 }
