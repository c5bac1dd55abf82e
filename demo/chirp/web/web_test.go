package web

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"ladder/demo/chirp/store"
	"ladder/internal/pgtest"
)

var server *pgtest.Server // one PostgreSQL for all tests, set by TestMain

func TestMain(m *testing.M) {
	os.Exit(pgtest.Main(m, &server))
}

// site is chirp on a real listener.
type site struct {
	url   string
	web   *Server
	store *store.Store
}

func startSite(t *testing.T) *site {
	t.Helper()
	return startOn(t, server.Database(t))
}

func startOn(t *testing.T, databaseURL string) *site {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	data, err := store.Open(t.Context(), store.Options{URL: databaseURL, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	passwords, err := store.NewPasswords(4)
	if err != nil {
		t.Fatal(err)
	}
	web, err := New(Options{Store: data, Passwords: passwords, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(web.Handler())
	t.Cleanup(func() {
		web.EndStreams()
		listening.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := web.Close(ctx); err != nil {
			t.Errorf("closing the site: %v", err)
		}
		data.Close()
	})
	return &site{listening.URL, web, data}
}

// visitor has a browser: cookies, and no following of redirects.
type visitor struct {
	t    *testing.T
	site *site
	http http.Client
}

func (s *site) visitor(t *testing.T) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t, s, http.Client{
		Jar: jar, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// member has signed up.
func (s *site) member(t *testing.T, username string) *visitor {
	t.Helper()
	v := s.visitor(t)
	v.submit("/signup", "username", username, "display_name", strings.ToUpper(username), "password", "long enough").want(303)
	return v
}

// answer is a response that was read whole.
type answer struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	body   string
}

func (v *visitor) do(method, path string, body io.Reader, headers ...string) answer {
	v.t.Helper()
	request, err := http.NewRequestWithContext(v.t.Context(), method, v.site.url+path, body)
	if err != nil {
		v.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := v.http.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return answer{v.t, method + " " + path, response.StatusCode, response.Header, string(text)}
}

func (v *visitor) get(path string, headers ...string) answer {
	v.t.Helper()
	return v.do("GET", path, nil, headers...)
}

// submit sends a form of name-value pairs.
func (v *visitor) submit(path string, fields ...string) answer {
	v.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return v.do("POST", path, strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded")
}

func (a answer) want(status int, texts ...string) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: status %d, want %d: %.300s", a.what, a.status, status, a.body)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			a.t.Errorf("%s: the answer does not contain %q: %.2000s", a.what, text, a.body)
		}
	}
	return a
}

func (a answer) lacks(text string) answer {
	a.t.Helper()
	if strings.Contains(a.body, text) {
		a.t.Errorf("%s: the answer contains %q", a.what, text)
	}
	return a
}

func (a answer) wantHeader(name, value string) answer {
	a.t.Helper()
	if got := a.header.Get(name); got != value {
		a.t.Errorf("%s: %s is %q, want %q", a.what, name, got, value)
	}
	return a
}

// post publishes a text and returns the post's path.
func (v *visitor) post(username, body string) string {
	v.t.Helper()
	location := v.submit("/posts", "body", body, "return", "/").want(303).header.Get("Location")
	return "/@" + username + "/" + location[strings.LastIndexByte(location, '-')+1:]
}

func TestSigningUpInAndOut(t *testing.T) {
	s := startSite(t)
	v := s.visitor(t)
	v.get("/").want(200, `data-page="welcome"`, "Join chirp").lacks("data-user")
	v.get("/signup").want(200, `data-page="signup"`)
	signedUp := v.submit("/signup", "username", "@Maya", "display_name", "Maya Brook", "password", "long enough")
	signedUp.want(303).wantHeader("Location", "/")
	for _, attribute := range []string{"HttpOnly", "SameSite=Lax", "Path=/"} {
		if cookie := signedUp.header.Get("Set-Cookie"); !strings.Contains(cookie, attribute) || strings.Contains(cookie, "Secure") {
			t.Errorf("the session's cookie over plain HTTP is %q", cookie)
		}
	}
	v.get("/").want(200, `data-page="home"`, `data-user="maya"`, "Maya Brook").wantHeader("Vary", "Cookie")
	v.get("/signin").want(303).wantHeader("Location", "/")
	v.submit("/signout").want(303)
	v.get("/").want(200, `data-page="welcome"`)
	v.submit("/signin", "username", "maya", "password", "wrong password").want(422, "Wrong username or password", `value="maya"`)
	secure := v.do("POST", "/signin", strings.NewReader("username=maya&password=long+enough"),
		"Content-Type", "application/x-www-form-urlencoded", "X-Forwarded-Proto", "https")
	if cookie := secure.want(303).header.Get("Set-Cookie"); !strings.Contains(cookie, "Secure") {
		t.Errorf("the session's cookie over TLS is %q", cookie)
	}
}

func TestSignUpSaysWhatIsWrong(t *testing.T) {
	s := startSite(t)
	s.member(t, "maya")
	v := s.visitor(t)
	v.submit("/signup", "username", "maya", "password", "long enough").want(409, "This username is taken.")
	v.submit("/signup", "username", "m!", "password", "long enough").want(422, "A username has 2 to 20", `value="m!"`)
	v.submit("/signup", "username", "noor", "password", "a1b2c").want(422, "A password has 8 to 72").lacks("a1b2c")
}

func TestPostingShowsThePostAtOnce(t *testing.T) {
	s := startSite(t)
	maya, stranger := s.member(t, "maya"), s.visitor(t)
	path := maya.post("maya", "Hello <script>alert(1)</script> #world")
	for _, page := range []string{"/", "/public", "/@maya", path, "/search?q=hello"} {
		maya.get(page).want(200, "Hello &lt;script&gt;", `href="/search?q=%23world"`).lacks("<script>alert")
	}
	stranger.get(path).want(200, "MAYA on chirp").lacks("/delete")
	stranger.get("/@maya").want(200, `data-page="profile"`, "<strong>1</strong> post")
	maya.submit("/posts", "body", strings.Repeat("x", 281)).want(422, "up to 280 characters")
	maya.submit("/posts", "body", " ").want(422, "is missing")
	stranger.submit("/posts", "body", "hi").want(303).wantHeader("Location", "/signin")
}

func TestOnlyTheAuthorDeletesAPost(t *testing.T) {
	s := startSite(t)
	maya, noor := s.member(t, "maya"), s.member(t, "noor")
	path := maya.post("maya", "to be deleted")
	noor.submit(path+"/delete").want(403, "Only the author")
	maya.get(path).want(200, path+"/delete")
	maya.submit(path+"/delete", "return", path).want(303).wantHeader("Location", "/@maya")
	maya.get(path).want(404, "nothing at this address")
	maya.get("/").want(200).lacks("to be deleted")
}

func TestFollowingAndLiking(t *testing.T) {
	s := startSite(t)
	maya, noor := s.member(t, "maya"), s.member(t, "noor")
	path := noor.post("noor", "noor speaks")
	maya.get("/").want(200).lacks("noor speaks")
	maya.submit("/@noor/follow", "return", "/@noor").want(303).wantHeader("Location", "/@noor")
	maya.get("/").want(200, "noor speaks")
	maya.get("/@noor").want(200, ">Following</button>", "<strong>1</strong> follower")
	maya.get("/@noor/followers").want(200, `data-page="people"`, "@maya")
	maya.get("/@maya/following").want(200, "@noor")
	maya.submit("/@maya/follow").want(422)
	maya.submit("/@nobody/follow").want(404)

	maya.submit(path+"/like", "return", "/public").want(303)
	maya.get(path).want(200, `aria-pressed="true"`, path+"/unlike", "<span>1</span>")
	noor.get(path).want(200, `aria-pressed="false"`, "<span>1</span>")
	maya.submit(path + "/unlike").want(303)
	maya.get(path).want(200, `aria-pressed="false"`)
	maya.submit("/@noor/unfollow").want(303)
	maya.get("/").want(200).lacks("noor speaks")
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	s := startSite(t)
	maya := s.member(t, "maya")
	const form = "application/x-www-form-urlencoded"
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"},
	} {
		maya.do("POST", "/posts", strings.NewReader("body=forged"), append(headers, "Content-Type", form)...).want(403, "another site")
	}
	maya.get("/").want(200).lacks("forged")
	for _, headers := range [][]string{{"Sec-Fetch-Site", "same-origin"}, {"Origin", s.url}} {
		maya.do("POST", "/posts", strings.NewReader("body=mine"), append(headers, "Content-Type", form)...).want(303)
	}
}

func TestRedirectsStayOnTheSite(t *testing.T) {
	s := startSite(t)
	maya := s.member(t, "maya")
	for _, back := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "evil", ""} {
		if got := maya.submit("/posts", "body", "x", "return", back).want(303).header.Get("Location"); !strings.HasPrefix(got, "/#p-") {
			t.Errorf("return=%s leads to %s", back, got)
		}
	}
}

func TestSettingsChangeTheProfile(t *testing.T) {
	s := startSite(t)
	maya := s.member(t, "maya")
	maya.submit("/settings", "display_name", "Maya B.", "bio", "Likes trains.").want(303).wantHeader("Location", "/@maya")
	s.visitor(t).get("/@maya").want(200, "Maya B.", "Likes trains.")
	maya.submit("/settings", "display_name", "", "bio", "still typed").want(422, "Your name is missing", "still typed")
}

var olderLink = regexp.MustCompile(`href="(\?[^"]*before=[^"]*)"`)

func TestOlderPostsAreAPageAway(t *testing.T) {
	s := startSite(t)
	maya := s.member(t, "maya")
	for i := range store.PageSize + 1 {
		maya.post("maya", fmt.Sprintf("number %d.", i))
	}
	for _, path := range []string{"/", "/public", "/@maya", "/search?q=number"} {
		first := maya.get(path).want(200, "number 20.", "number 1.").lacks("number 0.")
		link := olderLink.FindStringSubmatch(first.body)
		if link == nil {
			t.Fatalf("%s has no link to older posts", path)
		}
		plain, _, _ := strings.Cut(path, "?")
		maya.get(plain+strings.ReplaceAll(link[1], "&amp;", "&")).want(200, "number 0.").lacks("number 1.")
	}
}

func TestStaticFilesAreKeptByTheirHash(t *testing.T) {
	s := startSite(t)
	v := s.visitor(t)
	page := v.get("/").want(200)
	for _, address := range regexp.MustCompile(`/static/[^"#]+`).FindAllString(page.body, -1) {
		got := v.get(address, "Accept-Encoding", "identity").want(200).wantHeader("Cache-Control", immutable)
		v.get(address, "Accept-Encoding", "identity", "If-None-Match", got.header.Get("ETag")).want(304)
		packed := v.get(address, "Accept-Encoding", "gzip")
		if packed.want(200).header.Get("ETag") == got.header.Get("ETag") && packed.header.Get("Content-Encoding") == "gzip" {
			t.Errorf("%s has one entity tag for two encodings", address)
		}
	}
	v.get("/static/chirp.0123456789ab.css").want(200).wantHeader("Cache-Control", "no-cache") // another version's page
	v.get("/static/passwd").want(404)
	v.get("/favicon.ico").want(200).wantHeader("Content-Type", "image/svg+xml")
}

func TestErrorsSpeakTheReadersLanguage(t *testing.T) {
	s := startSite(t)
	v := s.visitor(t)
	v.get("/nowhere").want(404, `data-page="error"`, "404").wantHeader("Cache-Control", "no-store")
	v.get("/@nobody").want(404, "</html>")
	v.get("/@maya/not-a-number").want(404)
	v.get("/nowhere", "Accept", "application/json").want(404, `"status":404`).wantHeader("Content-Type", "application/json")
	v.get("/api/nowhere").want(404, `"message"`)
	v.get("/api/me").want(401)
	v.get("/settings").want(303).wantHeader("Location", "/signin")
	v.submit("/signup", "username", strings.Repeat("x", maxFormBody)).want(422)
}

func TestAPanicIsA500(t *testing.T) {
	s := startSite(t)
	panics := s.web.recovered(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("on purpose") }))
	for path, want := range map[string]string{"/": "Something went wrong", "/api/x": `"status":500`} {
		recorded := httptest.NewRecorder()
		panics.ServeHTTP(recorded, httptest.NewRequest("GET", path, nil))
		answer{t, path, recorded.Code, recorded.Header(), recorded.Body.String()}.want(500, want).lacks("on purpose")
	}
}

func TestHealthFollowsTheDatabase(t *testing.T) {
	own := pgtest.Start(t)
	s := startOn(t, own.URL)
	v := s.visitor(t)
	v.get("/healthz").want(200, `"ok"`)
	own.Stop(t)
	awaitStatus(v, 503) // a statement that was answered just now still counts for a moment
	v.get("/public").want(503, "The database does not answer").wantHeader("Retry-After", "1")
	own.Resume(t)
	awaitStatus(v, 200)
	v.get("/public").want(200)
}

func awaitStatus(v *visitor, status int) {
	v.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for v.get("/healthz").status != status {
		if time.Now().After(deadline) {
			v.t.Fatalf("/healthz did not become %d", status)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
