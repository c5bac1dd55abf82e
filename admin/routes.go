package admin

import (
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// contentPolicy lets a page of ours load nothing from elsewhere, run no inline script and take no inline style.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// handler is everything that is served at one address: first the checks that hold for all, then the routes.
func (s *Server) handler(loopback bool) http.Handler {
	a := access{server: s, loopback: loopback}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /healthz", s.serveAlive)
	routes.HandleFunc("GET /login", s.serveLoginLink(a))
	routes.HandleFunc("POST /login", s.serveLoginForm(a))
	routes.HandleFunc("GET /login.css", s.serveLoginStyle)

	routes.Handle("GET /api/v1/status", a.require(read, s.serveStatus))
	routes.Handle("GET /api/v1/events", a.require(read, s.serveEvents))
	routes.Handle("GET /api/v1/series", a.require(read, s.serveSeries))
	routes.Handle("GET /api/v1/config", a.require(read, s.serveConfig))
	routes.Handle("GET /api/v1/session", a.require(read, s.serveSession(a)))
	routes.Handle("POST /api/v1/logout", a.require(act, s.serveLogout))
	routes.Handle("POST /api/v1/plan", a.require(act, s.servePlan))
	routes.Handle("POST /api/v1/apply", a.require(act, s.serveApply))
	routes.Handle("POST /api/v1/instances/{name}/restart", a.require(act, s.serveRestart))
	routes.Handle("GET /api/", a.require(read, s.serveUnknown))
	routes.Handle("GET /metrics", a.require(read, func(w http.ResponseWriter, r *http.Request) {
		s.options.Load().Metrics.ServeHTTP(w, r)
	}))
	routes.Handle("GET /", a.require(read, func(w http.ResponseWriter, r *http.Request) {
		s.options.Load().Dashboard.ServeHTTP(w, r)
	}))
	return s.guard(loopback, routes)
}

// guard sets the headers that protect every answer, bounds the body, and refuses callers that do not know whom they talk to.
func (s *Server) guard(loopback bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", contentPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Referrer-Policy", "same-origin") // not no-referrer: browsers then hide the Origin of our own forms
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		if loopback && !loopbackHost(r.Host) {
			fail(w, http.StatusMisdirectedRequest, Failure{
				Error: "this address answers only to localhost", Hint: "open it as localhost, 127.0.0.1 or [::1]",
			})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, MaxBodyBytes)
		next.ServeHTTP(w, r)
	})
}

// require serves only callers that may do what is needed.
func (a access) require(needed grant, serve http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		granted, limited := a.of(r)
		switch {
		case limited:
			failLimited(w)
		case granted < needed && wantsPage(r):
			http.Redirect(w, r, "/login", http.StatusSeeOther)
		case granted < needed:
			w.Header().Set("WWW-Authenticate", `Bearer realm="ladder"`)
			fail(w, http.StatusUnauthorized, Failure{
				Error: "this needs a token", Hint: "send it as Authorization: Bearer …, or log in with the link that `ladder status` prints",
			})
		case needed == act && usesSession(r) && !sameOrigin(r):
			fail(w, http.StatusForbidden, Failure{
				Error: "an action from a browser must come from the dashboard itself",
				Hint:  "open the dashboard under the address that `ladder status` prints",
			})
		default:
			serve(w, r)
		}
	})
}

func failLimited(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "60")
	fail(w, http.StatusTooManyRequests, Failure{
		Error: "too many wrong tokens from this address", Hint: "wait a minute",
	})
}

// wantsPage reports whether a browser navigates, as opposed to a script or program that asks for data.
func wantsPage(r *http.Request) bool {
	return r.Method == http.MethodGet && !strings.HasPrefix(r.URL.Path, "/api/") &&
		strings.Contains(r.Header.Get("Accept"), "text/html")
}

// logAction says who did what; tokens stand in headers and queries, which are never logged.
func (s *Server) logAction(r *http.Request, began time.Time, err error) {
	attributes := []any{
		slog.String("action", r.URL.Path), slog.String("from", r.RemoteAddr),
		slog.Duration("took", time.Since(began).Round(time.Millisecond)),
	}
	logger := s.options.Load().Logger
	if err != nil {
		logger.Warn("an action failed", append(attributes, slog.Any("error", err))...)
		return
	}
	logger.Info("an action was done", attributes...)
}
