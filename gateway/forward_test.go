package gateway

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestForwardsARequest(t *testing.T) {
	f := newFixture(t, nil, application(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Seen", r.Method+" "+r.URL.String()+" "+r.Host)
		fmt.Fprint(w, "hello")
	}))
	c := client(t)
	for range 3 {
		response, body := f.get(c, "/a?b=c")
		if response.StatusCode != 200 || body != "hello" || response.Header.Get("X-Seen") != "GET /a?b=c "+f.address() {
			t.Fatalf("got %d %q %v", response.StatusCode, body, response.Header)
		}
	}
	f.logged(`"method":"GET","path":"/a","status":200`, `"code":"ok"`, `"bytes_out":5`, `"member":"app.1"`)
	if line := f.log.String(); strings.Contains(line, "b=c") {
		t.Errorf("the query stands in the log: %s", line)
	}
}

// echo answers with what it was sent: method and body, in the framing that net/http chooses for the size.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("X-Method", r.Method)
	w.Header().Set("X-Framing", strings.Join(r.TransferEncoding, ",")+fmt.Sprint(r.ContentLength))
	_, _ = w.Write(body)
}

func TestForwardsBodiesInBothFramings(t *testing.T) {
	f := newFixture(t, nil, application(t, echo))
	c := client(t)
	for _, size := range []int{0, 1, 100, 4 << 10, 15 << 10, 17 << 10, 70 << 10, 1 << 20} {
		for _, chunked := range []bool{false, true} {
			sent := strings.Repeat("0123456789abcdef", size/16+1)[:size]
			var body io.Reader = strings.NewReader(sent)
			if chunked {
				body = io.MultiReader(body) // hides the length
			}
			for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
				request, err := http.NewRequest(method, f.url("/echo"), body)
				if err != nil {
					t.Fatal(err)
				}
				response, err := c.Do(request)
				if err != nil {
					t.Fatalf("%s of %d bytes, chunked %v: %v", method, size, chunked, err)
				}
				if got := readAll(t, response); got != sent {
					t.Errorf("%s of %d bytes, chunked %v: got %d bytes back", method, size, chunked, len(got))
				}
				if response.Header.Get("X-Method") != method {
					t.Errorf("the application saw %q", response.Header.Get("X-Method"))
				}
				body = strings.NewReader("")
				sent = ""
			}
		}
	}
	if line := f.logged(`"bytes_in":1048576`, `"bytes_out":1048576`); !strings.Contains(line, `"status":200`) {
		t.Error(line)
	}
}

func TestResponsesWithoutBody(t *testing.T) {
	f := newFixture(t, nil, application(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/204":
			w.WriteHeader(204)
		case "/304":
			w.Header().Set("ETag", `"x"`)
			w.WriteHeader(304)
		default:
			w.Header().Set("Content-Length", "1234")
			if r.Method != "HEAD" {
				fmt.Fprint(w, strings.Repeat("x", 1234))
			}
		}
	}))
	raw := dialRaw(t, f.address())
	for _, try := range []struct {
		method, path string
		status       int
		length       int64
	}{{"HEAD", "/", 200, 1234}, {"GET", "/204", 204, 0}, {"GET", "/304", 304, 0}, {"HEAD", "/204", 204, -1}, {"GET", "/", 200, 1234}} {
		raw.say(try.method + " " + try.path + " HTTP/1.1\r\nHost: a\r\n\r\n")
		response, body := raw.response(try.method)
		if response.StatusCode != try.status || response.ContentLength != try.length {
			t.Errorf("%s %s: %d with length %d", try.method, try.path, response.StatusCode, response.ContentLength)
		}
		if try.method == "HEAD" && body != "" {
			t.Errorf("a body for HEAD")
		}
		if try.status == 204 && response.Header.Get("Content-Length") != "" {
			t.Error("204 with a Content-Length")
		}
	}
}

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	f := newFixture(t, nil, application(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprint(w, r.URL.Path, string(body))
	}))
	raw := dialRaw(t, f.address())
	var all strings.Builder
	const count = 200
	for i := range count {
		switch i % 3 {
		case 0:
			fmt.Fprintf(&all, "GET /%d HTTP/1.1\r\nHost: a\r\n\r\n", i)
		case 1:
			fmt.Fprintf(&all, "POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody", i)
		case 2:
			fmt.Fprintf(&all, "POST /%d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n", i)
		}
	}
	go raw.say(all.String())
	for i := range count {
		want := fmt.Sprintf("/%d", i)
		if i%3 != 0 {
			want += "body"
		}
		if _, body := raw.response("GET"); body != want {
			t.Fatalf("answer %d is %q", i, body)
		}
	}
}

func TestBytesMayComeOneByOne(t *testing.T) {
	f := newFixture(t, nil, application(t, echo))
	raw := dialRaw(t, f.address())
	for _, request := range []string{
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
	} {
		for i := range len(request) {
			raw.say(request[i : i+1])
		}
		if _, body := raw.response("POST"); body != "hello" {
			t.Errorf("got %q", body)
		}
	}
}

func TestTrailersGoBothWays(t *testing.T) {
	f := newFixture(t, nil, application(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		w.Header().Set("Trailer", "X-Sum")
		fmt.Fprint(w, "body with a sum")
		w.(http.Flusher).Flush()
		w.Header().Set("X-Sum", "got "+r.Trailer.Get("X-Check"))
	}))
	raw := dialRaw(t, f.address())
	raw.say("POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\nTrailer: X-Check\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Check: 42\r\n\r\n")
	response, body := raw.response("POST")
	if body != "body with a sum" || response.Trailer.Get("X-Sum") != "got 42" {
		t.Errorf("body %q, trailers %v", body, response.Trailer)
	}
}

func TestHTTP10Clients(t *testing.T) {
	f := newFixture(t, nil, application(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "one ")
		if r.URL.Path == "/chunked" {
			w.(http.Flusher).Flush()
		}
		fmt.Fprint(w, "two")
	}))
	t.Run("close", func(t *testing.T) {
		raw := dialRaw(t, f.address())
		raw.say("GET / HTTP/1.0\r\n\r\n")
		if answer := raw.ended(); !strings.HasSuffix(answer, "\r\n\r\none two") || !strings.Contains(answer, "Connection: close") {
			t.Errorf("got %q", answer)
		}
	})
	t.Run("no chunks", func(t *testing.T) {
		raw := dialRaw(t, f.address())
		raw.say("GET /chunked HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
		if answer := raw.ended(); !strings.HasSuffix(answer, "\r\n\r\none two") || strings.Contains(answer, "Transfer-Encoding") {
			t.Errorf("got %q", answer)
		}
	})
	t.Run("kept alive", func(t *testing.T) {
		raw := dialRaw(t, f.address())
		for range 2 {
			raw.say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
			response, body := raw.response("GET")
			if body != "one two" || response.Header.Get("Connection") != "keep-alive" {
				t.Errorf("got %q %v", body, response.Header)
			}
		}
	})
}

func TestResponseThatEndsWithItsConnection(t *testing.T) {
	f := newFixture(t, nil, rawApplication(t, func(r *rawConn) {
		if _, _, err := r.request(); err == nil {
			r.say("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil ")
			r.say("the end")
		}
	}))
	raw := dialRaw(t, f.address())
	for range 2 { // the client's connection is kept: it gets chunks
		raw.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		response, body := raw.response("GET")
		if body != "until the end" || len(response.TransferEncoding) == 0 {
			t.Errorf("got %q %v", body, response.TransferEncoding)
		}
	}
	old := dialRaw(t, f.address())
	old.say("GET / HTTP/1.0\r\n\r\n")
	if answer := old.ended(); !strings.HasSuffix(answer, "\r\n\r\nuntil the end") {
		t.Errorf("got %q", answer)
	}
}

func TestInterimResponsesArePassedOn(t *testing.T) {
	f := newFixture(t, nil, rawApplication(t, func(r *rawConn) {
		for {
			if _, _, err := r.request(); err != nil {
				return
			}
			r.say("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	}))
	raw := dialRaw(t, f.address())
	raw.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if hints, _ := raw.response("GET"); hints.StatusCode != 103 || hints.Header.Get("Link") != "</a.css>; rel=preload" {
		t.Errorf("got %d %v", hints.StatusCode, hints.Header)
	}
	if processing, _ := raw.response("GET"); processing.StatusCode != 102 {
		t.Errorf("got %d", processing.StatusCode)
	}
	if final, body := raw.response("GET"); final.StatusCode != 200 || body != "ok" {
		t.Errorf("got %d %q", final.StatusCode, body)
	}
	old := dialRaw(t, f.address())
	old.say("GET / HTTP/1.0\r\n\r\n")
	if answer := old.ended(); !strings.HasPrefix(answer, "HTTP/1.1 200 OK") {
		t.Errorf("HTTP/1.0 got %q", answer)
	}
}

func TestLargeHeadsOfResponses(t *testing.T) {
	cookie := strings.Repeat("c", 3000)
	f := newFixture(t, nil, application(t, func(w http.ResponseWriter, _ *http.Request) {
		for i := range 20 { // 60 KiB: more than any buffer holds at first
			w.Header().Add("Set-Cookie", fmt.Sprintf("n%d=%s", i, cookie))
		}
		fmt.Fprint(w, "ok")
	}))
	for range 2 {
		response, body := f.get(client(t), "/")
		if body != "ok" || len(response.Header["Set-Cookie"]) != 20 {
			t.Errorf("got %q with %d cookies", body, len(response.Header["Set-Cookie"]))
		}
	}
}
