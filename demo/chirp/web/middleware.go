package web

import (
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"ladder/demo/chirp/store"
)

// contentPolicy lets a page load from this site alone, and nothing inline.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secured sets the headers that keep browsers from guessing, and refuses forms that another site sent: browsers say so in
// Sec-Fetch-Site or Origin, which is why the forms need no hidden token.
func (s *Server) secured(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(s.plain(func(http.ResponseWriter, *http.Request) error {
		return &statusError{http.StatusForbidden, "This form was sent by another site.", ""}
	}))
	next = protection.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", contentPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// keyed makes a request that is sent again with the same Idempotency-Key (draft-ietf-httpapi-idempotency-key-header) find
// what it made the first time. A proxy in front may then send it again when the instance that had it has died.
func (s *Server) keyed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if key := r.Header.Get("Idempotency-Key"); key != "" && len(key) <= store.MaxRequestKey {
			r = r.WithContext(store.WithRequestKey(r.Context(), key))
		}
		next.ServeHTTP(w, r)
	})
}

// atNames lets profiles live at /@name: a ServeMux wildcard is a whole segment, so /@name/… goes in as /users/name/….
func atNames(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, isName := strings.CutPrefix(r.URL.Path, "/@")
		if !isName {
			next.ServeHTTP(w, r)
			return
		}
		inner := *r
		inner.URL = &url.URL{Path: "/users/" + rest, RawQuery: r.URL.RawQuery}
		next.ServeHTTP(w, &inner)
	})
}

// recovered turns a panic into a 500, and logs each request at level debug.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		recorder := &statusRecorder{ResponseWriter: w}
		defer func() {
			cause := recover()
			if cause == http.ErrAbortHandler { //nolint:errorlint // net/http's own signal, always this value
				panic(cause)
			}
			if cause != nil {
				s.logger.Error("panic", "path", r.URL.Path, "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
				if recorder.status != 0 {
					panic(http.ErrAbortHandler) // half an answer is out: cut it, so that nobody takes it for a whole one
				}
				s.fail(recorder, r, nil, fmt.Errorf("panic: %v", cause))
			}
			s.logger.Debug("request", "method", r.Method, "path", r.URL.Path, "status", recorder.status,
				"duration", time.Since(began), "request_id", r.Header.Get("X-Request-Id"))
		}()
		next.ServeHTTP(recorder, r)
	})
}

// statusRecorder remembers what was answered.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements [http.ResponseWriter].
func (w *statusRecorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *statusRecorder) Write(body []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(body) //nolint:wrapcheck // the caller knows this error as http's
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *statusRecorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
