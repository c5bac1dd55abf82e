package gateway

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

const large = 50 << 20

// pattern is large content that is the same for the same seed.
func pattern(seed byte, size int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{seed}), size)
}

func sum(r io.Reader) (string, int64, error) {
	hash := sha256.New()
	n, err := io.Copy(hash, r)
	return fmt.Sprintf("%x", hash.Sum(nil)), n, err
}

// TestLargeBodiesBothWays moves 50 MiB up and down, in both framings, and watches that memory does not grow with them.
func TestLargeBodiesBothWays(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Limits.Body = 2 * large }, application(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case "POST":
			got, n, err := sum(r.Body)
			fmt.Fprint(w, got, n, err)
		default:
			if r.URL.Path == "/length" {
				w.Header().Set("Content-Length", fmt.Sprint(large))
			}
			_, _ = io.Copy(w, pattern(2, large))
		}
	}))
	c := client(t)
	upWant, _, _ := sum(pattern(1, large))
	downWant, _, _ := sum(pattern(2, large))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, framing := range []string{"/length", "/chunked"} {
		request, _ := http.NewRequest("POST", f.url(framing), pattern(1, large))
		if framing == "/length" {
			request.ContentLength = large
		}
		response, err := c.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := readAll(t, response), upWant+fmt.Sprint(large, nil); got != want {
			t.Errorf("%s up: %s, want %s", framing, got, want)
		}
		if response, err = c.Get(f.url(framing)); err != nil {
			t.Fatal(err)
		}
		if got, n, err := sum(response.Body); got != downWant || n != large || err != nil {
			t.Errorf("%s down: %s of %d bytes, %v", framing, got, n, err)
		}
		_ = response.Body.Close()
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.TotalAlloc - before.TotalAlloc); grown > 16<<20 {
		t.Errorf("200 MiB of bodies allocated %d MiB, client and application included", grown>>20)
	}
	f.logged(`"path":"/length"`, `"bytes_in":52428800`)
	f.logged(`"path":"/chunked"`, `"bytes_out":52428800`)
}

// TestBackpressure has a client that reads nothing: the application must be held back, not Ladder's memory filled.
func TestBackpressure(t *testing.T) {
	written := make(chan int64, 1)
	f := newFixture(t, nil, application(t, func(w http.ResponseWriter, _ *http.Request) {
		piece, total := make([]byte, 64<<10), int64(0)
		control := http.NewResponseController(w)
		for {
			_ = control.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
			n, err := w.Write(piece)
			if total += int64(n); err != nil {
				written <- total
				return
			}
		}
	}))
	raw := dialRaw(t, f.address())
	raw.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if total := <-written; total > 40<<20 {
		t.Errorf("the application wrote %d MiB to a client that reads nothing", total>>20)
	}
}

func TestEarlyAnswerReachesAClientThatStillSends(t *testing.T) {
	f := newFixture(t, nil, application(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		http.Error(w, "too much for me", 413)
	}))
	for _, framing := range []string{"Content-Length: 20000000", "Transfer-Encoding: chunked"} {
		raw := dialRaw(t, f.address())
		raw.say("POST / HTTP/1.1\r\nHost: a\r\n" + framing + "\r\n\r\n")
		stopped := make(chan struct{})
		go func() { // goes on sending while the answer comes
			defer close(stopped)
			piece := strings.Repeat("x", 10000)
			if strings.HasPrefix(framing, "T") {
				piece = fmt.Sprintf("%x\r\n%s\r\n", len(piece), piece)
			}
			for range 60 {
				if _, err := io.WriteString(raw, piece); err != nil {
					return
				}
			}
		}()
		response, body := raw.response("POST")
		if response.StatusCode != 413 || body != "too much for me\n" || !response.Close {
			t.Errorf("got %d %q, close %v", response.StatusCode, body, response.Close)
		}
		<-stopped
		raw.ended()
	}
	f.logged(`"status":413`, `"code":"ok"`, `"member":"app.1"`)
	eventually(t, "nothing in flight", func() bool { return f.Stats().InFlight == 0 })
}

// TestAnswerMayBeginBeforeTheBodyEnds has an application that echoes each piece as it comes: both directions stream.
func TestAnswerMayBeginBeforeTheBodyEnds(t *testing.T) {
	f := newFixture(t, nil, application(t, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.EnableFullDuplex()
		b := make([]byte, 100)
		for {
			n, err := r.Body.Read(b)
			_, _ = w.Write(b[:n])
			_ = control.Flush()
			if err != nil {
				return
			}
		}
	}))
	raw := dialRaw(t, f.address())
	for range 2 { // the connection survives
		raw.say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nping\r\n")
		response, err := http.ReadResponse(raw.reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 4)
		for range 5 {
			if _, err := io.ReadFull(response.Body, b); err != nil || string(b) != "ping" {
				t.Fatalf("got %q, %v", b, err)
			}
			raw.say("4\r\nping\r\n")
		}
		raw.say("0\r\n\r\n")
		if rest, err := io.ReadAll(response.Body); err != nil || string(rest) != "ping" {
			t.Errorf("at the end %q, %v", rest, err)
		}
		if response.Close {
			t.Error("the connection is not kept")
		}
	}
}

func TestClientThatBreaksItsBodyOff(t *testing.T) {
	ended := make(chan error, 1)
	f := newFixture(t, nil, application(t, func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		ended <- err
	}))
	for _, request := range []string{
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\npart",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("part", 100000),
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
	} {
		raw := dialRaw(t, f.address())
		raw.say(request)
		_ = raw.Close()
		if err := <-ended; err == nil {
			t.Errorf("%.60q: the application took the part for the whole", request)
		}
		f.logged(`"status":499`, `"code":"client-aborted"`)
	}
	// One that fits in the buffer never reaches the application.
	raw := dialRaw(t, f.address())
	raw.say("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\npart")
	_ = raw.Close()
	f.logged(`"path":"/small","status":499`, `"member":"-"`)
}

func TestExpectContinueGoesEndToEnd(t *testing.T) {
	f := newFixture(t, nil, application(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refused" {
			http.Error(w, "no", 403)
			return
		}
		echo(w, r) // net/http sends 100 when the body is read
	}))
	raw := dialRaw(t, f.address())
	raw.say("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	if interim, _ := raw.response("POST"); interim.StatusCode != 100 {
		t.Fatalf("got %d", interim.StatusCode)
	}
	raw.say("hello")
	if final, body := raw.response("POST"); final.StatusCode != 200 || body != "hello" || final.Close {
		t.Errorf("got %d %q, close %v", final.StatusCode, body, final.Close)
	}
	raw.say("POST /refused HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	if final, body := raw.response("POST"); final.StatusCode != 403 || body != "no\n" || !final.Close {
		t.Errorf("got %d %q, close %v", final.StatusCode, body, final.Close)
	}
	raw.ended()
}

func TestExpectContinueWithCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed")
	}
	f := newFixture(t, nil, application(t, func(w http.ResponseWriter, r *http.Request) {
		got, n, err := sum(r.Body)
		fmt.Fprint(w, got, n, err)
	}))
	file := t.TempDir() + "/body"
	content, _ := io.ReadAll(pattern(3, 3<<20))
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	want, _, _ := sum(strings.NewReader(string(content)))
	for _, more := range [][]string{{"-H", "Expect: 100-continue"}, {"-H", "Transfer-Encoding: chunked"}, {"-0"}} {
		out, err := exec.CommandContext(t.Context(), curl, append(more, "-sSv", "--data-binary", "@"+file, f.url("/"))...).Output()
		if err != nil || string(out) != fmt.Sprint(want, len(content), nil) {
			t.Errorf("curl %q: %s, %v", more, out, err)
		}
	}
}

// TestUploadsLeaveCleanConnections sends bodies whose answer may overtake the end of their upload, over and over on the same
// connection to the application: none may find it cut by the one before.
func TestUploadsLeaveCleanConnections(t *testing.T) {
	address, opened := countingApplication(t, func(w http.ResponseWriter, r *http.Request) {
		_, n, err := sum(r.Body)
		fmt.Fprint(w, n, err)
	})
	f := newFixture(t, func(o *Options) { o.Timeouts.Response = 5 * time.Second }, address)
	for i := range 300 {
		size := 20000 + i*1000
		framing := fmt.Sprintf("Content-Length: %d\r\n", size)
		body := strings.Repeat("x", size)
		if i%2 == 0 {
			framing, body = "Transfer-Encoding: chunked\r\n", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", size, body)
		}
		raw := dialRaw(t, f.address())
		raw.say("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n" + framing + "\r\n")
		raw.response("POST")
		raw.say(body)
		response, got := raw.response("POST")
		if response.StatusCode != 200 || got != fmt.Sprint(size, nil) || response.Close {
			t.Fatalf("upload %d: %d %q, close %v", i, response.StatusCode, got, response.Close)
		}
		_ = raw.Close()
	}
	if n := opened.Load(); n > 30 {
		t.Errorf("300 uploads needed %d connections", n)
	}
}
