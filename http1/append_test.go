package http1

import (
	"bytes"
	"fmt"
	"testing"
	"time"
)

func TestAppend(t *testing.T) {
	for _, c := range []struct {
		name string
		got  []byte
		want string
	}{
		{"request line", AppendRequestLine(nil, "GET", []byte("/a?b")), "GET /a?b HTTP/1.1\r\n"},
		{"request line, split", AppendRequestLine(nil, "GET", "/ HTTP/1.1\r\nX: \x00#é"), "GET /%20HTTP/1.1%0D%0AX:%20%00%23%C3%A9 HTTP/1.1\r\n"},
		{"request line, bad method", AppendRequestLine(nil, "G ET\r\n", "/"), "GET / HTTP/1.1\r\n"},
		{"request line, no method", AppendRequestLine(nil, "\r\n", "/"), " / HTTP/1.1\r\n"},
		{"status line", AppendStatusLine(nil, 404, ""), "HTTP/1.1 404 Not Found\r\n"},
		{"status line, own reason", AppendStatusLine(nil, 200, []byte("Fine")), "HTTP/1.1 200 Fine\r\n"},
		{"status line, split", AppendStatusLine(nil, 200, "OK\r\nX: y"), "HTTP/1.1 200 OK  X: y\r\n"},
		{"status line, unknown", AppendStatusLine(nil, 999, ""), "HTTP/1.1 999 Unknown\r\n"},
		{"status line, impossible", AppendStatusLine(nil, 1000, ""), "HTTP/1.1 500 Internal Server Error\r\n"},
		{"status line, negative", AppendStatusLine(nil, -1, ""), "HTTP/1.1 500 Internal Server Error\r\n"},
		{"field", AppendField(nil, "X-A", []byte("b")), "X-A: b\r\n"},
		{"field, split", AppendField(nil, "X-A", "b\r\nX: y\n\r\x00\x7f\tz\xff"), "X-A: b  X: y    \tz\xff\r\n"},
		{"field, split in the name", AppendField(nil, "X\r\nY", "b"), ""},
		{"field, colon in the name", AppendField(nil, "X:Y", "b"), ""},
		{"field, space in the name", AppendField(nil, "X ", "b"), ""},
		{"field, no name", AppendField(nil, "", "b"), ""},
		{"known", AppendKnown(nil, HeaderXRequestID, "1\r\n2"), "X-Request-Id: 1  2\r\n"},
		{"known, but not", AppendKnown(nil, HeaderOther, "1"), ""},
		{"zero field", new(Field).AppendTo(nil), ""},
		{"length", AppendContentLength(nil, 0), "Content-Length: 0\r\n"},
		{"no length", AppendContentLength(nil, -1), ""},
		{"encoding", AppendTransferEncoding(nil), "Transfer-Encoding: chunked\r\n"},
		{"chunk", AppendChunkEnd(append(AppendChunkHead(nil, 255), 'x')), "ff\r\nx\r\n"},
		{"empty chunk", AppendChunkHead(nil, 0), ""},
		{"last chunk", AppendLastChunk(nil, nil), "0\r\n\r\n"},
		{"end", AppendEnd(nil), "\r\n"},
		{"number", AppendUint(nil, 1<<63), "9223372036854775808"},
		{"date", AppendDate(nil, time.Date(1994, 11, 6, 9, 49, 37, 0, time.FixedZone("", 3600))), "Sun, 06 Nov 1994 08:49:37 GMT"},
	} {
		if string(c.got) != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

// TestAppendLine: what is forwarded is origin form, whatever came.
func TestAppendLine(t *testing.T) {
	for target, want := range map[string]string{
		"GET /":                     "GET / HTTP/1.1\r\n",
		"GET /a?":                   "GET /a? HTTP/1.1\r\n",
		"GET //a/../b?c?d":          "GET //a/../b?c?d HTTP/1.1\r\n",
		"GET http://b":              "GET / HTTP/1.1\r\n",
		"GET http://b?c":            "GET /?c HTTP/1.1\r\n",
		"GET http://b:1/c?d":        "GET /c?d HTTP/1.1\r\n",
		"OPTIONS *":                 "OPTIONS * HTTP/1.1\r\n",
		"OPTIONS https://b":         "OPTIONS * HTTP/1.1\r\n",
		"OPTIONS https://b?c":       "OPTIONS /?c HTTP/1.1\r\n",
		"CONNECT b:1":               "CONNECT b:1 HTTP/1.1\r\n",
		"EXTENSION /http://b HTTP/": "",
	} {
		var r Request
		size, _ := r.Parse(fmt.Appendf(nil, "%s HTTP/1.1\r\nHost: a\r\n\r\n", target), Limits{})
		if (size > 0) != (want != "") {
			t.Errorf("%s: size %d", target, size)
		} else if got := r.AppendLine(nil); size > 0 && string(got) != want {
			t.Errorf("%s: %q, want %q", target, got, want)
		}
	}
}

// TestAppendRewritten: a path that somebody rewrote cannot split the line.
func TestAppendRewritten(t *testing.T) {
	var r Request
	if size, err := r.Parse([]byte(wrkRequest), Limits{}); size == 0 || err != nil {
		t.Fatal(size, err)
	}
	r.Path, r.Query = []byte("/a b\r\n"), []byte("\n")
	if got, want := r.AppendLine(nil), "GET /a%20b%0D%0A?%0A HTTP/1.1\r\n"; string(got) != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestReasons(t *testing.T) {
	for status, want := range map[int]string{
		100: "Continue", 103: "Early Hints", 200: "OK", 207: "Multi-Status", 226: "IM Used", 304: "Not Modified",
		308: "Permanent Redirect", 400: "Bad Request", 413: "Content Too Large", 414: "URI Too Long", 417: "Expectation Failed",
		421: "Misdirected Request", 426: "Upgrade Required", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
		451: "Unavailable For Legal Reasons", 500: "Internal Server Error", 502: "Bad Gateway", 505: "HTTP Version Not Supported",
		511: "Network Authentication Required", 418: "Unknown", 199: "Unknown", 599: "Unknown", 600: "Unknown", 0: "Unknown", -7: "Unknown",
	} {
		if got := Reason(status); got != want {
			t.Errorf("%d: %q, want %q", status, got, want)
		}
	}
}

// FuzzAppend: whatever is given to the writers, what comes out has exactly the lines that were asked for.
func FuzzAppend(f *testing.F) {
	f.Add("GET", "/", "X-A", "b\r\nc")
	f.Fuzz(func(t *testing.T, method, target, name, value string) {
		message := AppendRequestLine(nil, method, target)
		message = AppendField(message, name, value)
		message = AppendKnown(message, HeaderHost, "a")
		message = AppendEnd(message)
		lines := bytes.Split(message, []byte("\r\n"))
		want := 4 // request line, Host, blank line, and nothing behind it
		if isToken(name) {
			want++
		}
		if len(lines) != want || bytes.Count(message, []byte("\n")) != want-1 || bytes.Count(message, []byte("\r")) != want-1 {
			t.Fatalf("%q has %d lines, want %d", message, len(lines), want)
		}
		if bytes.Count(lines[0], []byte(" ")) != 2 {
			t.Fatalf("request line %q", lines[0])
		}
	})
}
