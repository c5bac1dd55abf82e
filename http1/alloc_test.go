package http1

import "testing"

// TestNoAllocations: what a kept-alive connection does for each message allocates nothing once the structs are warm.
func TestNoAllocations(t *testing.T) {
	const chunked = "POST /a?b HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, x-hop\r\nX-Hop: 1\r\nX-Unknown: 1\r\n" +
		"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"
	requests := map[string][]byte{
		"wrk": []byte(wrkRequest), "browser": []byte(browserRequest), "chunked with trailer": []byte(chunked),
		"bad line": []byte("GET / HTTP/3.0\r\n\r\n"), "bad field": []byte("GET / HTTP/1.1\r\nX : y\r\n\r\n"),
		"absolute form": []byte("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n"),
	}
	var r Request
	var body BodyReader
	dst := make([]byte, 0, 4096)
	for name, message := range requests {
		allocations := testing.AllocsPerRun(100, func() {
			r.Reset()
			size, err := r.Parse(message, Limits{})
			if err != nil {
				return
			}
			dst = appendForwarded(dst[:0], &r)
			body.ForRequest(&r, Limits{})
			data, _, _, _ := body.Next(message[size:])
			dst = AppendLastChunk(AppendChunkEnd(append(AppendChunkHead(dst, len(data)), data...)), body.Trailers())
			dst = AppendField(dst, "X-Forwarded-For", "127.0.0.1")
		})
		if allocations != 0 {
			t.Errorf("%s: %v allocations", name, allocations)
		}
	}

	var response Response
	message := []byte(appResponse)
	if allocations := testing.AllocsPerRun(100, func() {
		response.Reset()
		if _, err := response.Parse(message, MethodGet, Limits{}); err != nil {
			t.Fatal(err)
		}
		dst = appendForwardedResponse(dst[:0], &response)
		body.ForResponse(&response, Limits{})
	}); allocations != 0 {
		t.Errorf("response: %v allocations", allocations)
	}
}
