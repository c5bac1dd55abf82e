package http1

import (
	"strings"
	"testing"
)

// wrkRequest is what wrk sends; browserRequest is a browser's page load; appResponse what a web framework answers.
const (
	wrkRequest = "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"

	browserRequest = "GET /timeline?page=2 HTTP/1.1\r\n" +
		"Host: chirp.example\r\n" +
		"Connection: keep-alive\r\n" +
		"Cache-Control: max-age=0\r\n" +
		"Upgrade-Insecure-Requests: 1\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
		"Referer: http://chirp.example/\r\n" +
		"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
		"Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n" +
		"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n\r\n"

	appResponse = "HTTP/1.1 200 OK\r\n" +
		"Content-Type: text/html; charset=utf-8\r\n" +
		"Date: Mon, 23 Nov 2026 13:16:00 GMT\r\n" +
		"Content-Length: 143\r\n" +
		"X-Chirp-Instance: 3\r\n\r\n"
)

func BenchmarkRequest(b *testing.B) {
	for _, c := range []struct{ name, message string }{{"wrk", wrkRequest}, {"browser", browserRequest}} {
		b.Run(c.name, func(b *testing.B) {
			buffer, limits := []byte(c.message), Limits{}
			var r Request
			b.ReportAllocs()
			b.SetBytes(int64(len(buffer)))
			for b.Loop() {
				r.Reset()
				if n, err := r.Parse(buffer, limits); n != len(buffer) || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}

func BenchmarkResponse(b *testing.B) {
	buffer := []byte(appResponse)
	var r Response
	b.ReportAllocs()
	b.SetBytes(int64(len(buffer)))
	for b.Loop() {
		r.Reset()
		if n, err := r.Parse(buffer, MethodGet, Limits{}); n != len(buffer) || err != nil {
			b.Fatal(n, err)
		}
	}
}

// BenchmarkForward is what a gateway does with a head: parse, and write what is forwarded.
func BenchmarkForward(b *testing.B) {
	buffer := []byte(browserRequest)
	dst := make([]byte, 0, 4096)
	var r Request
	b.ReportAllocs()
	for b.Loop() {
		r.Reset()
		if _, err := r.Parse(buffer, Limits{}); err != nil {
			b.Fatal(err)
		}
		dst = appendForwarded(dst[:0], &r)
	}
}

// appendForwarded re-serialises a request the way a gateway does.
func appendForwarded(dst []byte, r *Request) []byte {
	dst = r.AppendLine(dst)
	dst = AppendKnown(dst, HeaderHost, r.Authority)
	for i := range r.Fields {
		if f := &r.Fields[i]; !f.Hop && f.ID != HeaderHost && f.ID != HeaderContentLength {
			dst = f.AppendTo(dst)
		}
	}
	switch r.Framing {
	case FramingLength:
		dst = AppendContentLength(dst, r.ContentLength)
	case FramingChunked:
		dst = AppendTransferEncoding(dst)
	}
	return AppendEnd(dst)
}

func BenchmarkChunked(b *testing.B) {
	var head Request
	if _, err := head.Parse([]byte("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), Limits{}); err != nil {
		b.Fatal(err)
	}
	body := []byte("3e8\r\n" + strings.Repeat("x", 1000) + "\r\n0\r\n\r\n")
	var reader BodyReader
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		reader.ForRequest(&head, Limits{})
		if _, n, done, err := reader.Next(body); n != len(body) || !done || err != nil {
			b.Fatal(n, done, err)
		}
	}
}
