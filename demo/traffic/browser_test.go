package traffic

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

func newTestBrowser(t *testing.T, address string) *browser {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBrowser(newSite(target))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.close)
	return b
}

// rudeServer answers the first request on each connection and closes it on receiving the second, without an answer.
func rudeServer(t *testing.T) (address string, requests *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	requests = new(atomic.Int64)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serveRudely(conn, requests)
		}
	}()
	return "http://" + listener.Addr().String(), requests
}

func serveRudely(conn net.Conn, requests *atomic.Int64) {
	defer conn.Close()
	buffer := make([]byte, 4096)
	for answered := false; ; answered = true {
		if _, err := conn.Read(buffer); err != nil {
			return
		}
		requests.Add(1)
		if answered {
			return
		}
		conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	}
}

func TestAGetOnAClosedConnectionGoesOutAgainAndAPostNever(t *testing.T) {
	address, requests := rudeServer(t)
	b := newTestBrowser(t, address)
	get := request{method: http.MethodGet, path: "/"}
	if _, retried, err := b.send(t.Context(), get); err != nil || retried {
		t.Fatalf("the first request: retried %v, error %v", retried, err)
	}
	got, retried, err := b.send(t.Context(), get)
	if err != nil || !retried || string(got.body) != "ok" {
		t.Errorf("a GET on a connection that was closed: %q, retried %v, error %v", got.body, retried, err)
	}
	before := requests.Load()
	_, retried, err = b.send(t.Context(), request{method: http.MethodPost, path: "/"})
	if !errors.Is(err, errNoAnswer) || retried {
		t.Errorf("a POST on a connection that was closed: retried %v, error %v", retried, err)
	}
	if got := requests.Load() - before; got != 1 {
		t.Errorf("the POST was sent %d times", got)
	}
}

func TestAConnectionThatWasClosedWhileIdleIsNotUsed(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok")) }))
	defer site.Close()
	b := newTestBrowser(t, site.URL)
	if _, _, err := b.send(t.Context(), request{method: http.MethodGet, path: "/"}); err != nil {
		t.Fatal(err)
	}
	first := b.conn
	if !alive(first) {
		t.Fatal("an open connection is taken for a closed one")
	}
	if _, _, err := b.send(t.Context(), request{method: http.MethodPost, path: "/"}); err != nil || b.conn != first {
		t.Errorf("a kept-alive connection was not used again (error %v)", err)
	}
	site.CloseClientConnections()
	if _, retried, err := b.send(t.Context(), request{method: http.MethodPost, path: "/"}); err != nil || retried {
		t.Errorf("a POST after the idle connection was closed: retried %v, error %v", retried, err)
	}
}

func TestRequestsAreABrowsers(t *testing.T) {
	var seen *http.Request
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r
		r.ParseForm()
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1", Path: "/"})
		http.SetCookie(w, &http.Cookie{Name: "b", Value: "2", Path: "/"})
	}))
	defer site.Close()
	b := newTestBrowser(t, site.URL)
	for range 2 {
		_, _, err := b.send(t.Context(), request{
			method: http.MethodPost, path: "/x?y=1", contentType: "application/x-www-form-urlencoded", body: []byte("z=3"),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen.FormValue("y") != "1" || seen.FormValue("z") != "3" {
		t.Errorf("the form arrived as %v", seen.Form)
	}
	if got := seen.Header.Get("Cookie"); got != "a=1; b=2" {
		t.Errorf("cookies arrived as %q", got)
	}
	if got := seen.Header.Get("Origin"); got != site.URL {
		t.Errorf("Origin is %q, want %q", got, site.URL)
	}
}

func TestPagesAreReadWithoutParsingThem(t *testing.T) {
	page := []byte(`<link href="/static/a.css"><use href="/static/i.svg#x"/><use href="/static/i.svg#y"/>
		<article data-post="12"><article data-post="7"> action="/@a/12/like"`)
	if got := strings.Join(paths(page, "/static/"), " "); got != "/static/a.css /static/i.svg" {
		t.Errorf("static files: %s", got)
	}
	if got := postIDs(page); len(got) != 2 || got[0] != 12 || got[1] != 7 {
		t.Errorf("posts: %v", got)
	}
	if got, found := between(page, `action="/@`, `/like"`); !found || got != "a/12" {
		t.Errorf("likable: %q", got)
	}
}

func TestAnOwnPostMayBePushedOffHomeByNewerOnesOnly(t *testing.T) {
	full := strings.Repeat(`<article data-post="50">`, homePage)
	for _, c := range []struct {
		page, anchor string
		want         bool
	}{
		{full, "p-1-49", true},
		{full, "p-1-51", false},                            // newer than what is shown: it is missing
		{full[:len(full)/2], "p-1-49", false},              // there is room for it
		{full + `<article data-post="3">`, "p-1-4", false}, // older ones are shown
	} {
		if got := allNewer([]byte(c.page), c.anchor); got != c.want {
			t.Errorf("%s on a page of %d: %v, want %v", c.anchor, strings.Count(c.page, "<"), got, c.want)
		}
	}
}

func TestNamesAreDifferentAndShortEnough(t *testing.T) {
	seen := map[string]bool{}
	for _, n := range names(9000, 5) {
		if seen[n.username] || len(n.username) > 20 {
			t.Fatalf("name %s is taken or too long", n.username)
		}
		seen[n.username] = true
	}
}
