package http1

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// requestBody gives a reader for the body of a request with that framing field.
func requestBody(t *testing.T, field string) *BodyReader {
	t.Helper()
	var r Request
	if size, err := r.Parse([]byte("POST / HTTP/1.1\r\nHost: a\r\n"+field+"\r\n\r\n"), Limits{}); size == 0 || err != nil {
		t.Fatal(size, err)
	}
	var body BodyReader
	body.ForRequest(&r, Limits{})
	return &body
}

// TestAdvance moves data past the reader the way splice does.
func TestAdvance(t *testing.T) {
	t.Run("length", func(t *testing.T) {
		body := requestBody(t, "Content-Length: 10")
		checkBody(t, body, 10, 0, false)
		if data, n, done, err := body.Next([]byte("abc")); string(data) != "abc" || n != 3 || done || err != nil {
			t.Fatal(data, n, done, err)
		}
		checkBody(t, body, 7, 3, false)
		body.Advance(6)
		checkBody(t, body, 1, 9, false)
		if data, n, done, err := body.Next([]byte("jGET")); string(data) != "j" || n != 1 || !done || err != nil {
			t.Fatal(data, n, done, err)
		}
		checkBody(t, body, 0, 10, true)
	})
	t.Run("length of 0", func(t *testing.T) {
		body := requestBody(t, "Content-Length: 0")
		checkBody(t, body, 0, 0, true)
		if err := body.End(); err != nil {
			t.Error(err)
		}
	})
	t.Run("no body", func(t *testing.T) {
		body := requestBody(t, "X: y")
		checkBody(t, body, 0, 0, true)
	})
	t.Run("length to the end", func(t *testing.T) {
		body := requestBody(t, "Content-Length: 10")
		body.Advance(10)
		checkBody(t, body, 0, 10, true)
		if _, n, done, err := body.Next([]byte("GET")); n != 0 || !done || err != nil {
			t.Fatal(n, done, err)
		}
	})
	t.Run("chunks", func(t *testing.T) {
		body := requestBody(t, "Transfer-Encoding: chunked")
		checkBody(t, body, 0, 0, false)
		if data, n, done, err := body.Next([]byte("a\r\n")); len(data) != 0 || n != 3 || done || err != nil {
			t.Fatal(data, n, done, err)
		}
		checkBody(t, body, 10, 0, false)
		body.Advance(4)
		checkBody(t, body, 6, 4, false)
		body.Advance(6)
		checkBody(t, body, 0, 10, false)
		if data, n, done, err := body.Next([]byte("\r\n0\r\n\r\n")); len(data) != 0 || n != 7 || !done || err != nil {
			t.Fatal(data, n, done, err)
		}
		checkBody(t, body, 0, 10, true)
	})
	t.Run("close", func(t *testing.T) {
		var r Response
		if size, err := r.Parse([]byte("HTTP/1.1 200 OK\r\n\r\n"), MethodGet, Limits{}); size == 0 || err != nil {
			t.Fatal(size, err)
		}
		var body BodyReader
		body.ForResponse(&r, Limits{})
		body.Advance(1 << 40)
		checkBody(t, &body, -1, 1<<40, false)
		if err := body.End(); err != nil || !body.Done() {
			t.Error(err, body.Done())
		}
	})
	t.Run("too far", func(t *testing.T) {
		body := requestBody(t, "Content-Length: 10")
		defer func() {
			if recover() == nil {
				t.Error("advanced beyond the body without panic")
			}
		}()
		body.Advance(11)
	})
}

func checkBody(t *testing.T, body *BodyReader, remaining, received int64, done bool) {
	t.Helper()
	if body.Remaining() != remaining || body.Received() != received || body.Done() != done {
		t.Fatalf("remaining %d, received %d, done %v; want %d, %d, %v", body.Remaining(), body.Received(), body.Done(), remaining,
			received, done)
	}
}

// TestErrorsStay: after an error nothing more is read.
func TestErrorsStay(t *testing.T) {
	body := requestBody(t, "Transfer-Encoding: chunked")
	for range 2 {
		if data, n, done, err := body.Next([]byte("x")); data != nil || n != 0 || done || !errors.Is(err, ErrBadChunkSize) {
			t.Fatal(data, n, done, err)
		}
	}
	if err := body.End(); !errors.Is(err, ErrBadChunkSize) || body.Remaining() != 0 || body.Trailers() != nil {
		t.Error(err, body.Remaining(), body.Trailers())
	}

	var r Request
	bad := []byte("GET / HTTP/1.1\r\nHost: a b\r\n\r\n")
	for range 2 {
		if size, err := r.Parse(bad, Limits{}); size != 0 || !errors.Is(err, ErrBadHost) {
			t.Fatal(size, err)
		}
	}
	r.Reset()
	if size, err := r.Parse([]byte(wrkRequest), Limits{}); size != len(wrkRequest) || err != nil {
		t.Fatal("Reset did not forget the error:", size, err)
	}
}

// TestResponseErrors: the same fault is 400 in a request and 502 in a response, and errors.Is finds both.
func TestResponseErrors(t *testing.T) {
	var r Response
	_, err := r.Parse([]byte("HTTP/1.1 200 OK\r\nX : y\r\n\r\n"), MethodGet, Limits{})
	var fault *Error
	if !errors.As(err, &fault) || fault.Status != 502 || !errors.Is(err, ErrSpaceBeforeColon) || errors.Is(err, ErrBareCR) {
		t.Error(err)
	}
	if ErrSpaceBeforeColon.Status != 400 || !strings.Contains(err.Error(), "space-before-colon") {
		t.Error(ErrSpaceBeforeColon, err)
	}
}

// TestSlowDelivery feeds one enormous field byte by byte. It takes milliseconds when each byte is looked at once, and hours when
// each read starts over: the test would run into its time limit.
func TestSlowDelivery(t *testing.T) {
	const size = 8 << 20
	limits := Limits{Head: size + 100, Line: size + 100}
	value := bytes.Repeat([]byte{'a'}, size)
	for name, message := range map[string][]byte{
		"target": append(append([]byte("GET /"), value...), " HTTP/1.1\r\nHost: a\r\n\r\n"...),
		"value":  append(append([]byte("GET / HTTP/1.1\r\nHost: a\r\nX: "), value...), "\r\n\r\n"...),
		"name":   append(append([]byte("GET / HTTP/1.1\r\nHost: a\r\n"), value...), ": x\r\n\r\n"...),
	} {
		var r Request
		for i := range message {
			n, err := r.Parse(message[:i+1], limits)
			if err != nil || (n > 0) != (i+1 == len(message)) {
				t.Fatalf("%s: after %d of %d bytes: %d, %v", name, i+1, len(message), n, err)
			}
		}
	}
}

// TestParseAgain: a complete head is not parsed twice.
func TestParseAgain(t *testing.T) {
	var r Request
	buffer := []byte(browserRequest + wrkRequest)
	for range 2 {
		if n, err := r.Parse(buffer, Limits{}); n != len(browserRequest) || err != nil || len(r.Fields) != 10 {
			t.Fatal(n, err, len(r.Fields))
		}
	}
}

// TestBodyForgets: a reader that went through a body with everything is as new for the next.
func TestBodyForgets(t *testing.T) {
	var bad Response
	if size, err := bad.Parse([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), MethodGet, Limits{}); size == 0 || err != nil {
		t.Fatal(size, err)
	}
	var request Request
	if size, err := request.Parse([]byte(wrkRequest), Limits{}); size == 0 || err != nil {
		t.Fatal(size, err)
	}
	var fresh, used BodyReader
	fresh.ForRequest(&request, Limits{})
	for _, body := range []string{"1;a\r\nx\r\n0\r\nX: y\r\nHost: a\r\n\r\n", "1;a\r\nx\r\n0\r\nX: y\r\n:\r\n", "0\r\nX: y\r\nZ", "5\r\nhe"} {
		used.ForResponse(&bad, Limits{})
		for in := []byte(body); len(in) > 0; {
			_, n, done, err := used.Next(in)
			if in = in[n:]; done || n == 0 || err != nil {
				break
			}
		}
		used.ForRequest(&request, Limits{})
		used.trailers.fields = nil
		if !reflect.DeepEqual(used, fresh) {
			t.Errorf("after %q the reader remembers: %+v", body, used)
		}
	}
}

// TestResetForgets: after Reset a struct is as new, but for the memory it keeps.
func TestResetForgets(t *testing.T) {
	var r Request
	message := "POST http://b/c?d HTTP/1.1\r\nHost: a\r\nConnection: TE, upgrade\r\nUpgrade: x\r\nTE: trailers\r\nTrailer: x\r\n" +
		"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
	if size, err := r.Parse([]byte(message), Limits{}); size == 0 || err != nil {
		t.Fatal(size, err)
	}
	r.fault = ErrBareCR
	r.Reset()
	r.Options, r.section.fields = nil, nil
	if !reflect.DeepEqual(r, Request{}) {
		t.Errorf("Request remembers: %+v", r)
	}

	var response Response
	if size, err := response.Parse([]byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), MethodGet, Limits{}); size == 0 || err != nil {
		t.Fatal(size, err)
	}
	response.Reset()
	response.Options, response.section.fields = nil, nil
	if !reflect.DeepEqual(response, Response{}) {
		t.Errorf("Response remembers: %+v", response)
	}
}
