package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// halfway answers every request with the beginning of an answer and hangs up.
func halfway(t *testing.T, beginning string) string {
	return rawApplication(t, func(r *rawConn) {
		if _, _, err := r.request(); err == nil {
			r.say(beginning)
		}
	})
}

func TestHalfAnAnswerIsAskedForAgain(t *testing.T) {
	for name, beginning := range map[string]string{
		"length":         "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
		"nothing yet":    "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
		"chunked":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
		"within a chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf",
		"no last line":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil, halfway(t, beginning), application(t, echo))
			c := client(t)
			for range 4 {
				if response, body := f.get(c, "/"); response.StatusCode != 200 || body != "" {
					t.Errorf("%d %q", response.StatusCode, body)
				}
			}
			if f.Stats().Retries == 0 {
				t.Error("nothing was asked for again, so this tests nothing")
			}
		})
	}
}

func TestHalfAnAnswerToWhatMustNotBeRepeatedIsNotHeld(t *testing.T) {
	f := newFixture(t, nil, halfway(t, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), application(t, echo))
	cut := 0
	for range 4 {
		r := dialRaw(t, f.address())
		r.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
		response, err := http.ReadResponse(r.reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if response.ContentLength == 100 {
			cut++
		}
		_ = r.Close()
	}
	if cut != 2 {
		t.Errorf("%d of 4 posts got what the broken instance had begun, want 2", cut)
	}
}

func TestRequestsWithAnIdempotencyKeyAreSentAgain(t *testing.T) {
	address, died := dyingApplication(t)
	f := newFixture(t, nil, address, application(t, echo))
	c := client(t)
	for i := range 4 {
		request, _ := http.NewRequest("POST", f.url("/"), strings.NewReader("body"))
		request.Header.Set("Idempotency-Key", fmt.Sprintf("%q", fmt.Sprint("key", i)))
		response, err := c.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if body := readAll(t, response); response.StatusCode != 200 || body != "body" {
			t.Errorf("%d %q", response.StatusCode, body)
		}
	}
	if died.Load() == 0 {
		t.Error("the dying instance was not asked, so this tests nothing")
	}
}

// TestSlowPiecesAreNotHeldLong: the first piece comes although the second is far away.
func TestSlowPiecesAreNotHeldLong(t *testing.T) {
	release := make(chan struct{})
	f := newFixture(t, nil, application(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "first")
		w.(http.Flusher).Flush()
		select {
		case <-release:
		case <-time.After(time.Minute):
		}
		fmt.Fprint(w, "second")
	}))
	response, err := client(t).Get(f.url("/"))
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 5)
	if _, err := response.Body.Read(first); err != nil || string(first) != "first" {
		t.Errorf("%q, %v", first, err)
	}
	close(release)
	if rest := readAll(t, response); rest != "second" {
		t.Errorf("then %q", rest)
	}
}
