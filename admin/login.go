package admin

import (
	_ "embed" // the login page
	"html/template"
	"net/http"
)

//go:embed login.html
var loginHTML string

//go:embed login.css
var loginCSS []byte

// loginPage is what the login template shows.
type loginPage struct {
	Problem string // why the last attempt failed, "" at first
}

// serveLoginLink takes the link that `ladder up` and `ladder status` print, and shows the form to everybody else.
func (s *Server) serveLoginLink(a access) http.HandlerFunc {
	page := template.Must(template.New("login").Parse(loginHTML))
	return func(w http.ResponseWriter, r *http.Request) {
		token := r.URL.Query().Get("token")
		if token == "" {
			showLogin(w, page, http.StatusOK, "")
			return
		}
		s.login(a, w, r, page, token)
	}
}

// serveLoginForm takes the form. It must come from our own page: otherwise others could log a browser in as themselves.
func (s *Server) serveLoginForm(a access) http.HandlerFunc {
	page := template.Must(template.New("login").Parse(loginHTML))
	return func(w http.ResponseWriter, r *http.Request) {
		if !fromOwnPage(r) {
			showLogin(w, page, http.StatusForbidden, "The form was sent from another page. Try again here.")
			return
		}
		s.login(a, w, r, page, r.PostFormValue("token"))
	}
}

func (s *Server) login(a access, w http.ResponseWriter, r *http.Request, page *template.Template, token string) {
	granted, limited := a.ofToken(r, token)
	switch {
	case limited:
		w.Header().Set("Retry-After", "60")
		showLogin(w, page, http.StatusTooManyRequests, "Too many wrong tokens from this address. Wait a minute.")
	case granted < act:
		showLogin(w, page, http.StatusUnauthorized, "That is not the token of this node.")
	default:
		http.SetCookie(w, &http.Cookie{
			Name: sessionCookie(r), Value: s.sessions.begin(), Path: "/",
			HttpOnly: true, SameSite: http.SameSiteStrictMode,
		})
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

func (s *Server) serveLogout(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(sessionCookie(r)); err == nil {
		s.sessions.end(cookie.Value)
	}
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie(r), Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) serveLoginStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(loginCSS)
}

func showLogin(w http.ResponseWriter, page *template.Template, code int, problem string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	_ = page.Execute(w, loginPage{Problem: problem}) // the caller is gone
}
