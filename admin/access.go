package admin

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

const (
	// ActionHeader must be on every action that a browser's session allows. A page of another origin cannot set it
	// without asking first (CORS preflight), which is never granted.
	ActionHeader = "X-Ladder-Action"

	// CookiePrefix begins the names of the cookies that hold a browser's session; the port follows, because the cookies of
	// a host are sent to all its ports. For the same reason the gateway must withhold them from the application.
	CookiePrefix = "ladder_session"
)

// grant is what a caller has shown that it may do; each includes those before it.
type grant uint8

const (
	nothing grant = iota
	read
	act
)

// access decides what a request may do. Only the login page, its style and /healthz are served without asking it.
type access struct {
	server   *Server
	loopback bool // the address that the request came in at is one that only this machine reaches
}

// of returns what the caller of r may do, and whether it has shown too many wrong tokens to be listened to.
func (a access) of(r *http.Request) (granted grant, limited bool) {
	options := a.server.options.Load()
	if bearer, found := bearerToken(r); found {
		return a.ofToken(r, bearer)
	}
	if cookie, err := r.Cookie(sessionCookie(r)); err == nil && a.server.sessions.valid(cookie.Value) {
		return act, false
	}
	if a.loopback && options.Token == "" {
		return read, false
	}
	return nothing, false
}

// ofToken checks a token. The action token is long and random, guessing it is hopeless and not counted against the
// command line; admin.token is what an operator thought of, so guesses are limited before they are looked at.
func (a access) ofToken(r *http.Request, shown string) (granted grant, limited bool) {
	options := a.server.options.Load()
	if equal(shown, options.ActionToken) {
		return act, false
	}
	caller := callerNetwork(r)
	if !a.server.limiter.allow(caller) {
		return nothing, true
	}
	if options.Token != "" && equal(shown, options.Token) {
		return act, false
	}
	a.server.limiter.failed(caller)
	return nothing, false
}

// equal compares in a time that says nothing about either, its length included.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

func bearerToken(r *http.Request) (string, bool) {
	scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), found && strings.EqualFold(scheme, "Bearer")
}

// sameOrigin reports whether an action comes from a page of this very server: what a browser's session allows must not be
// asked for by other pages, among them those of the application, which is the same *site* on another port.
func sameOrigin(r *http.Request) bool {
	return fromOwnPage(r) && r.Header.Get(ActionHeader) != ""
}

// fromOwnPage compares Origin with Host. The scheme may be https where a proxy in front does TLS.
func fromOwnPage(r *http.Request) bool {
	scheme, host, found := strings.Cut(r.Header.Get("Origin"), "://")
	return found && (scheme == "http" || scheme == "https") && strings.EqualFold(host, r.Host)
}

// usesSession reports whether the request's rights come from a cookie, which browsers send unasked.
func usesSession(r *http.Request) bool {
	_, bearer := bearerToken(r)
	return !bearer
}

// loopbackHost reports whether the Host header names this machine itself. A page elsewhere that has its own name resolve to
// 127.0.0.1 (DNS rebinding) cannot fake that.
func loopbackHost(host string) bool {
	name := host
	if bare, _, err := net.SplitHostPort(host); err == nil {
		name = bare
	}
	name = strings.TrimSuffix(strings.ToLower(strings.Trim(name, "[]")), ".")
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(name)
	return err == nil && address.Unmap().IsLoopback()
}

// sessionCookie is the cookie's name, with the port in it: browsers share cookies between all ports of a host.
func sessionCookie(r *http.Request) string {
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		if _, err := strconv.ParseUint(port, 10, 16); err == nil {
			return CookiePrefix + "_" + port
		}
	}
	return CookiePrefix
}

// callerNetwork is what wrong tokens are counted by: an IPv4 address, or the /64 that one IPv6 user has for himself.
func callerNetwork(r *http.Request) netip.Prefix {
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Prefix{}
	}
	bits := 64
	if address.Addr().Unmap().Is4() {
		bits = 32
	}
	prefix, err := address.Addr().Unmap().WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}

// randomText is n random bytes as URL-safe text.
func randomText(n int) string {
	random := make([]byte, n)
	_, _ = rand.Read(random) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(random)
}
