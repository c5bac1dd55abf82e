package probe

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func address(server *httptest.Server) string { return server.Listener.Addr().String() }

func TestHTTPStatus(t *testing.T) {
	mux := http.NewServeMux()
	for path, status := range map[string]int{"/200": 200, "/204": 204, "/302": 302, "/399": 399, "/404": 404, "/503": 503} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet || r.Header.Get("User-Agent") != userAgent {
				t.Errorf("%s by %q", r.Method, r.Header.Get("User-Agent"))
			}
			w.Header().Set("Location", "/404") // must not be followed
			w.WriteHeader(status)
		})
	}
	mux.HandleFunc("/hints", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTeapot)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	for path, want := range map[string]string{
		"/200": "", "/204": "", "/302": "", "/399": "", "/200?deep=1": "",
		"/404": "answered 404 Not Found", "/503": "answered 503 Service Unavailable", "/hints": "answered 418 I'm a teapot",
	} {
		err := HTTP(t.Context(), address(server), path)
		if (want == "") != (err == nil) || err != nil && err.Error() != want {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
}

// listener answers each connection with text, or leaves it open when hang.
func listener(t *testing.T, text string, hang bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			connection, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = connection.Read(make([]byte, 1024))
			_, _ = connection.Write([]byte(text))
			if hang {
				defer connection.Close()
			} else {
				_ = connection.Close()
			}
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

func TestHTTPFailuresAreShort(t *testing.T) {
	refused := listener(t, "", false)
	silent := listener(t, "", true)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for _, test := range []struct{ address, want string }{
		{closed.Addr().String(), "connection refused"},
		{refused, "closed the connection without an answer"},
		{silent, "context deadline exceeded"},
		{listener(t, "hello, this is not HTTP\r\n\r\n", false), "malformed HTTP"},
		{listener(t, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("y", 2*maxAnswer), true), "closed the connection without an answer"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		err := HTTP(ctx, test.address, "/")
		cancel()
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("want %q, got %v", test.want, err)
		}
	}
}

func TestCancelInterruptsACheck(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("process ended")
	time.AfterFunc(20*time.Millisecond, func() { cancel(reason) })
	if err := HTTP(ctx, listener(t, "", true), "/"); !errors.Is(err, reason) {
		t.Errorf("got %v", err)
	}
}

func TestTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := TCP(t.Context(), l.Addr().String()); err != nil {
		t.Error(err)
	}
	_ = l.Close()
	if err := TCP(t.Context(), l.Addr().String()); err == nil || err.Error() != "connection refused" {
		t.Errorf("got %v", err)
	}
}
