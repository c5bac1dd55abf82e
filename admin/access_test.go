package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"ladder/admin"
	"ladder/internal/hint"
)

func TestReadingIsOpenOnLoopbackAndActingIsNot(t *testing.T) {
	n := newNode()
	base := start(t, n.options()).URL()
	for _, c := range []struct {
		method, path string
		header       map[string]string
		want         int
	}{
		{"GET", "/healthz", nil, 200},
		{"GET", "/", nil, 200},
		{"GET", "/metrics", nil, 200},
		{"GET", "/api/v1/status", nil, 200},
		{"GET", "/api/v1/config", nil, 200},
		{"GET", "/api/v1/series", nil, 200},
		{"GET", "/api/v1/session", nil, 200},
		{"GET", "/api/v1/status", bearer("wrong"), 401},
		{"GET", "/api/v1/nothing", nil, 404},
		{"GET", "/api/v1/instances/app.1/restart", nil, 404},
		{"POST", "/api/v1/status", bearer(actionToken), 405},
		{"POST", "/api/v1/instances/app.1/restart", nil, 401},
		{"POST", "/api/v1/instances/app.1/restart", bearer("wrong"), 401},
		{"POST", "/api/v1/instances/app.1/restart", bearer(""), 401},
		{"POST", "/api/v1/instances/app.1/restart", map[string]string{"Authorization": "Basic " + actionToken}, 401},
		{"POST", "/api/v1/plan", nil, 401},
		{"POST", "/api/v1/apply", nil, 401},
		{"POST", "/api/v1/instances/app.1/restart", bearer(actionToken), 204},
	} {
		if got := (call{method: c.method, url: base + c.path, header: c.header}).do(t); got.code != c.want {
			t.Errorf("%s %s with %v: %d %s, want %d", c.method, c.path, c.header, got.code, got.body, c.want)
		}
	}
	if len(n.restarted) != 1 || n.restarted[0] != "app.1" {
		t.Errorf("restarted %v, want app.1 once", n.restarted)
	}
}

func TestATokenIsNeededForEverythingWhenThereIsOne(t *testing.T) {
	options := newNode().options()
	options.Token = token
	base := start(t, options).URL()
	for _, c := range []struct {
		path   string
		header map[string]string
		want   int
	}{
		{"/healthz", nil, 200},
		{"/login", nil, 200},
		{"/login.css", nil, 200},
		{"/", nil, 401},
		{"/", map[string]string{"Accept": "text/html"}, 303},
		{"/metrics", nil, 401},
		{"/api/v1/status", nil, 401},
		{"/api/v1/status", map[string]string{"Accept": "text/html"}, 401},
		{"/api/v1/events", nil, 401},
		{"/api/v1/unknown", nil, 401},
		{"/api/v1/status", bearer(token), 200},
		{"/api/v1/status", bearer(actionToken), 200},
		{"/metrics", bearer(token), 200},
	} {
		if got := (call{url: base + c.path, header: c.header}).do(t); got.code != c.want {
			t.Errorf("GET %s with %v: %d, want %d", c.path, c.header, got.code, c.want)
		}
	}
}

func TestOtherAddressesThanLoopbackNeedAToken(t *testing.T) {
	for _, listen := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:9900"} {
		options := newNode().options()
		options.Listen = listen
		err := admin.New(options).Start(t.Context())
		if err == nil || !strings.Contains(hint.Of(err), "admin.token") {
			t.Errorf("listening on %s without a token: %v, hint %q", listen, err, hint.Of(err))
		}
	}
}

func TestHostMustNameThisMachine(t *testing.T) {
	base := start(t, newNode().options()).URL()
	for host, want := range map[string]int{
		"localhost:9900": 200, "localhost": 200, "LOCALHOST.": 200, "chirp.localhost:1": 200, "127.0.0.1:9900": 200, "127.9.9.9": 200,
		"[::1]:9900": 200, "[::1]": 200,
		"evil.example": 421, "evil.example:9900": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421, "notlocalhost": 421,
		"192.0.2.1": 421, "0.0.0.0": 421,
	} {
		if got := (call{url: base + "/api/v1/status", host: host}).do(t); got.code != want {
			t.Errorf("Host %s: %d, want %d", host, got.code, want)
		}
	}
}

func TestAnswersCarryProtectiveHeaders(t *testing.T) {
	base := start(t, newNode().options()).URL()
	for _, path := range []string{"/", "/login", "/api/v1/status", "/api/v1/nothing"} {
		header := (call{url: base + path}).do(t).header
		policy := header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: Content-Security-Policy is %q", path, policy)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin", "Access-Control-Allow-Origin": "",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
}

// login opens the link that the command line prints and returns the session's cookie.
func login(t *testing.T, base string) string {
	t.Helper()
	got := call{url: admin.LoginURL(base, actionToken)}.do(t)
	cookie := got.header.Get("Set-Cookie")
	if got.code != http.StatusSeeOther || got.header.Get("Location") != "/" {
		t.Fatalf("login answered %d to %s", got.code, got.header.Get("Location"))
	}
	for _, attribute := range []string{"HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(cookie, attribute) {
			t.Errorf("cookie %q lacks %s", cookie, attribute)
		}
	}
	value, _, _ := strings.Cut(cookie, ";")
	return value
}

func TestASessionActsOnlyFromTheDashboardItself(t *testing.T) {
	base := start(t, newNode().options()).URL()
	cookie := login(t, base)
	const other = "http://127.0.0.1:8080" // the application: the same site, so SameSite lets its requests carry the cookie
	for _, c := range []struct {
		name   string
		header map[string]string
		want   int
	}{
		{"the dashboard", map[string]string{"Cookie": cookie, "Origin": base, admin.ActionHeader: "1"}, 204},
		{"no Origin", map[string]string{"Cookie": cookie, admin.ActionHeader: "1"}, 403},
		{"no action header", map[string]string{"Cookie": cookie, "Origin": base}, 403},
		{"a page of the application", map[string]string{"Cookie": cookie, "Origin": other, admin.ActionHeader: "1"}, 403},
		{"Origin null", map[string]string{"Cookie": cookie, "Origin": "null", admin.ActionHeader: "1"}, 403},
		{"another cookie", map[string]string{"Cookie": cookie + "x", "Origin": base, admin.ActionHeader: "1"}, 401},
		{"no cookie", map[string]string{"Origin": base, admin.ActionHeader: "1"}, 401},
	} {
		got := call{method: "POST", url: base + "/api/v1/instances/app.1/restart", header: c.header}.do(t)
		if got.code != c.want {
			t.Errorf("%s: %d %s, want %d", c.name, got.code, got.body, c.want)
		}
	}

	if got := (call{url: base + "/api/v1/session", header: map[string]string{"Cookie": cookie}}).do(t); got.body != `{"actions":true}`+"\n" {
		t.Errorf("session: %s", got.body)
	}
	dashboard := map[string]string{"Cookie": cookie, "Origin": base, admin.ActionHeader: "1"}
	if got := (call{method: "POST", url: base + "/api/v1/logout", header: dashboard}).do(t); got.code != 204 {
		t.Errorf("logout: %d", got.code)
	}
	if got := (call{url: base + "/api/v1/session", header: map[string]string{"Cookie": cookie}}).do(t); got.body != `{"actions":false}`+"\n" {
		t.Errorf("session after logout: %s", got.body)
	}
}

func TestLoginForm(t *testing.T) {
	options := newNode().options()
	options.Token = token
	base := start(t, options).URL()
	form := func(token, origin string) answer {
		return call{method: "POST", url: base + "/login", body: url.Values{"token": {token}}.Encode(), header: map[string]string{
			"Content-Type": "application/x-www-form-urlencoded", "Origin": origin,
		}}.do(t)
	}
	if got := form(token, "http://evil.example"); got.code != 403 || got.header.Get("Set-Cookie") != "" {
		t.Errorf("from another page: %d", got.code)
	}
	if got := form("<script>", base); got.code != 401 || strings.Contains(got.body, "<script>") {
		t.Errorf("wrong token: %d %s", got.code, got.body)
	}
	got := form(token, base)
	cookie, _, _ := strings.Cut(got.header.Get("Set-Cookie"), ";")
	if got.code != 303 || cookie == "" {
		t.Fatalf("right token: %d", got.code)
	}
	if page := (call{url: base + "/", header: map[string]string{"Cookie": cookie}}).do(t); page.body != "dashboard" {
		t.Errorf("with the cookie: %d %s", page.code, page.body)
	}
}

func TestWrongTokensAreLimitedAndTheCommandLineIsNot(t *testing.T) {
	options := newNode().options()
	options.Token = token
	base := start(t, options).URL()
	status := func(token string) answer { return call{url: base + "/api/v1/status", header: bearer(token)}.do(t) }
	for range admin.LoginAttempts {
		if got := status("guess"); got.code != 401 {
			t.Fatalf("a wrong token: %d", got.code)
		}
	}
	for _, shown := range []string{"guess", token} {
		if got := status(shown); got.code != 429 || got.header.Get("Retry-After") == "" {
			t.Errorf("after %d wrong tokens, %s: %d, want 429", admin.LoginAttempts, shown, got.code)
		}
	}
	if got := (call{url: base + "/login?token=" + token}).do(t); got.code != 429 {
		t.Errorf("login after too many wrong tokens: %d", got.code)
	}
	if got := status(actionToken); got.code != 200 {
		t.Errorf("the action token after too many wrong ones: %d, want 200", got.code)
	}
}

func TestTokensAreNeverLogged(t *testing.T) {
	n := newNode()
	options := n.options()
	options.Token = token
	base := start(t, options).URL()
	cookie := login(t, base)
	call{url: base + "/login?token=" + token}.do(t)
	call{method: "POST", url: base + "/api/v1/instances/app.1/restart?token=" + token, header: bearer(actionToken)}.do(t)
	log := n.log.String()
	if !strings.Contains(log, "/api/v1/instances/app.1/restart") {
		t.Errorf("the action is not logged: %s", log)
	}
	_, session, _ := strings.Cut(cookie, "=")
	for _, secret := range []string{token, actionToken, session} {
		if strings.Contains(log, secret) {
			t.Errorf("%s stands in the log: %s", secret, log)
		}
	}
}

func TestAChangedTokenLogsEverybodyOut(t *testing.T) {
	n := newNode()
	options := n.options()
	server := start(t, options)
	cookie := map[string]string{"Cookie": login(t, server.URL())}
	options.Token = token
	if err := server.Apply(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	if got := (call{url: server.URL() + "/api/v1/session", header: cookie}).do(t); got.code != 401 {
		t.Errorf("the old session after a new token: %d", got.code)
	}
}
