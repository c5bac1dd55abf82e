package gateway

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// seen serves and returns the head of each request as the application got it, line by line, sorted.
func seen(t *testing.T, edit func(*Options), head string) []string {
	t.Helper()
	heads := make(chan []string, 1)
	f := newFixture(t, edit, rawApplication(t, func(r *rawConn) {
		for {
			var lines []string
			for {
				line, err := r.reader.ReadString('\n')
				if err != nil {
					return
				}
				if line == "\r\n" {
					break
				}
				lines = append(lines, strings.TrimSuffix(line, "\r\n"))
			}
			heads <- lines
			r.say("HTTP/1.1 204 No Content\r\n\r\n")
		}
	}))
	raw := dialRaw(t, f.address())
	raw.say(head)
	raw.response("GET")
	lines := <-heads
	slices.Sort(lines[1:])
	return lines
}

func withoutID(lines []string) []string {
	return slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "X-Request-Id: ") })
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestRequestHeadIsRewritten(t *testing.T) {
	got := seen(t, nil, strings.Join([]string{
		"GET http://a.example:81/p?q HTTP/1.1", "Host: a.example:81", "Accept: */*", "Connection: keep-alive, X-Private",
		"X-Private: 1", "Keep-Alive: timeout=5", "Proxy-Connection: close", "TE: gzip", "Upgrade: h2c", "HTTP2-Settings: x",
		"X-Forwarded-For: 9.9.9.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil", "X-Forwarded-Port: 443", "X-Real-IP: 9.9.9.9",
		"Forwarded: for=9.9.9.9", "X_Forwarded_For: 9.9.9.9", "Proxy: http://evil", "Cookie: a=b", "Via: 1.0 other", "", "",
	}, "\r\n"))
	expect(t, withoutID(got),
		"GET /p?q HTTP/1.1",
		"Accept: */*",
		"Cookie: a=b",
		`Forwarded: for=127.0.0.1;proto=http;host="a.example:81"`,
		"Host: a.example:81",
		"Via: 1.0 other",
		"Via: 1.1 Ladder",
		"X-Forwarded-For: 127.0.0.1",
		"X-Forwarded-Host: a.example:81",
		"X-Forwarded-Proto: http",
	)
}

func TestTrustedProxiesAreBelieved(t *testing.T) {
	trust := func(o *Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }
	got := seen(t, trust, strings.Join([]string{
		"GET / HTTP/1.1", "Host: inner", "X-Forwarded-For: 9.9.9.9", "X-Forwarded-For: 8.8.8.8", "X-Forwarded-Proto: https",
		"X-Forwarded-Host: outer.example", "X-Forwarded-Port: 443", `Forwarded: for=9.9.9.9;proto=https`, "X-Real-IP: 9.9.9.9", "", "",
	}, "\r\n"))
	expect(t, withoutID(got),
		"GET / HTTP/1.1",
		`Forwarded: for=9.9.9.9;proto=https, for=127.0.0.1;proto=http;host="inner"`,
		"Host: inner",
		"Via: 1.1 Ladder",
		"X-Forwarded-For: 9.9.9.9, 8.8.8.8, 127.0.0.1",
		"X-Forwarded-Host: outer.example",
		"X-Forwarded-Port: 443",
		"X-Forwarded-Proto: https",
		"X-Real-IP: 9.9.9.9",
	)
}

func TestHTTP10RequestsGetAHost(t *testing.T) {
	got := seen(t, nil, "GET / HTTP/1.0\r\n\r\n")
	if !slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, "Host: 127.0.0.1:") }) {
		t.Errorf("got %q", got)
	}
}

func TestRequestIDs(t *testing.T) {
	f := newFixture(t, nil, application(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Header.Get("X-Request-Id")) }))
	ask := func(id string) string {
		request, _ := http.NewRequest("GET", f.url("/"), nil)
		if id != "" {
			request.Header.Set("X-Request-Id", id)
		}
		response, err := client(t).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		return readAll(t, response)
	}
	first, second := ask(""), ask("")
	if first == second || len(first) != requestPrefix+requestCount {
		t.Errorf("made %q and %q", first, second)
	}
	if got := ask("01HZX-4b.c_d:1/2"); got != "01HZX-4b.c_d:1/2" {
		t.Errorf("a well-formed one became %q", got)
	}
	for _, bad := range []string{`a"b`, "a b", "a,b", strings.Repeat("x", MaxRequestID+1)} {
		if got := ask(bad); got == bad {
			t.Errorf("%q was passed on", bad)
		}
	}
	f.logged(`"id":"` + first + `"`)
}

func TestResponseHeadIsRewritten(t *testing.T) {
	f := newFixture(t, nil, rawApplication(t, func(r *rawConn) {
		if _, _, err := r.request(); err == nil {
			r.say("HTTP/1.1 418 I'm a teapot\r\nConnection: close, X-Private\r\nX-Private: 1\r\nKeep-Alive: timeout=5\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nServer: app/1\r\nContent-Length: 2\r\n\r\nno")
		}
	}))
	raw := dialRaw(t, f.address())
	raw.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	response, body := raw.response("GET")
	if response.Status != "418 I'm a teapot" || body != "no" {
		t.Errorf("got %q %q", response.Status, body)
	}
	if response.Header.Get("Date") == "" {
		t.Error("no Date was added")
	}
	response.Header.Del("Date")
	want := http.Header{"Set-Cookie": {"a=1", "b=2"}, "Server": {"app/1"}, "Content-Length": {"2"}}
	if fmt.Sprint(response.Header) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", response.Header, want)
	}
}

func TestLargeHeadsOfRequests(t *testing.T) {
	f := newFixture(t, nil, application(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, len(r.Header.Get("Cookie")), r.URL.Path)
	}))
	raw := dialRaw(t, f.address())
	for i := range 3 { // larger than the buffer, with another request behind
		raw.say("GET /large HTTP/1.1\r\nHost: a\r\nCookie: " + strings.Repeat("c", 30000+i) + "\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n")
		if _, body := raw.response("GET"); body != fmt.Sprint(30000+i, "/large") {
			t.Errorf("got %q", body)
		}
		if _, body := raw.response("GET"); body != "0/next" {
			t.Errorf("got %q", body)
		}
	}
}

func TestIPv6Clients(t *testing.T) {
	probe, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 here")
	}
	_ = probe.Close()
	got := seen(t, func(o *Options) { o.Listen = []string{"[::1]:0"} }, "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n")
	for _, line := range []string{`Forwarded: for="[::1]";proto=http;host="[::1]:8080"`, "X-Forwarded-For: ::1", "Host: [::1]:8080"} {
		if !slices.Contains(got, line) {
			t.Errorf("no %q in %q", line, got)
		}
	}
}
