package web

import (
	"errors"
	"net/http"
	"strings"

	"ladder/demo/chirp/store"
)

// sessionCookie holds the token of a session.
const sessionCookie = "chirp_session"

// viewer is who asks, or nil. A session that is unknown or over is the same as none.
func (s *Server) viewer(r *http.Request) (*store.User, error) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // without a cookie nobody is signed in
	}
	me, err := s.store.Session(r.Context(), cookie.Value)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil //nolint:nilnil // signed out
	}
	if err != nil {
		return nil, err
	}
	return &me, nil
}

// startSession signs somebody in.
func (s *Server) startSession(w http.ResponseWriter, r *http.Request, user store.User) error {
	token, err := s.store.CreateSession(r.Context(), user.ID)
	if err != nil {
		return err
	}
	setSessionCookie(w, r, token, int(store.SessionLifetime.Seconds()))
	return nil
}

// endSession signs the asking browser out.
func (s *Server) endSession(w http.ResponseWriter, r *http.Request) error {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil //nolint:nilerr // nobody is signed in
	}
	if err := s.store.DeleteSession(r.Context(), cookie.Value); err != nil {
		return err
	}
	setSessionCookie(w, r, "", -1)
	return nil
}

func setSessionCookie(w http.ResponseWriter, r *http.Request, token string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: token, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https",
	})
}

// returnPath is where a form wants to go back to: an address of this site, or the home page.
func returnPath(r *http.Request) string {
	path := r.PostFormValue("return")
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n") {
		return "/"
	}
	return path
}
