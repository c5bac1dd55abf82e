package gateway

import (
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// TestSmuggledRequestsNeverReachTheApplication sends what parsers are known to read differently. The application must see nothing
// of a message that is refused, nor of a second request hidden in it; and after the answer the connection must end.
func TestSmuggledRequestsNeverReachTheApplication(t *testing.T) {
	t.Parallel()
	var seen atomic.Int64
	f := newFixture(t, nil, application(t, func(_ http.ResponseWriter, r *http.Request) {
		seen.Add(1)
		t.Errorf("the application was asked for %s %s", r.Method, r.URL)
	}))
	const hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"
	post := func(fields string) string { return "POST /x HTTP/1.1\r\nHost: a\r\n" + fields }
	for name, request := range map[string]string{
		"length and chunked":   post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden),
		"chunked and length":   post("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n" + hidden),
		"two lengths":          post("Content-Length: 0\r\nContent-Length: 35\r\n\r\n" + hidden),
		"same length twice":    post("Content-Length: 0\r\nContent-Length: 0\r\n\r\n" + hidden),
		"list of lengths":      post("Content-Length: 0, 35\r\n\r\n" + hidden),
		"signed length":        post("Content-Length: +0\r\n\r\n" + hidden),
		"hexadecimal length":   post("Content-Length: 0x0\r\n\r\n" + hidden),
		"empty length":         post("Content-Length:\r\n\r\n" + hidden),
		"huge length":          post("Content-Length: 18446744073709551616\r\n\r\n" + hidden),
		"chunked twice":        post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden),
		"chunked list":         post("Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + hidden),
		"xchunked":             post("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + hidden),
		"identity":             post("Transfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n" + hidden),
		"chunked with tab":     post("Transfer-Encoding:\tchunked\x0b\r\n\r\n0\r\n\r\n" + hidden),
		"chunked in 1.0":       "POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
		"space before colon":   post("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + hidden),
		"folded":               post("X: y\r\n Transfer-Encoding: chunked\r\n\r\n" + hidden),
		"folded first":         "POST /x HTTP/1.1\r\n Host: a\r\n\r\n" + hidden,
		"bare line feeds":      "POST /x HTTP/1.1\nHost: a\n\n" + hidden,
		"one bare line feed":   post("X: y\nTransfer-Encoding: chunked\r\n\r\n" + hidden),
		"bare carriage return": post("X: y\rTransfer-Encoding: chunked\r\n\r\n" + hidden),
		"nul in value":         post("X: y\x00\r\n\r\n" + hidden),
		"nul in name":          post("Content-Length\x00: 0\r\n\r\n" + hidden),
		"no colon":             post("Transfer-Encoding chunked\r\n\r\n" + hidden),
		"two hosts":            "GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + hidden,
		"bad host":             "GET /x HTTP/1.1\r\nHost: a b\r\n\r\n" + hidden,
		"no host":              "GET /x HTTP/1.1\r\n\r\n" + hidden,
		"space in target":      "GET /x y HTTP/1.1\r\nHost: a\r\n\r\n" + hidden,
		"control in target":    "GET /x\x01 HTTP/1.1\r\nHost: a\r\n\r\n" + hidden,
		"HTTP/1.2":             "GET /x HTTP/1.2\r\nHost: a\r\n\r\n" + hidden,
		"HTTP/0.9":             "GET /x\r\n\r\n" + hidden,
		"lower case":           "GET /x http/1.1\r\nHost: a\r\n\r\n" + hidden,
		"PRI of HTTP/2":        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"TLS":                  "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	} {
		t.Run(name, func(t *testing.T) {
			raw := dialRaw(t, f.address())
			raw.say(request)
			_ = raw.CloseWrite()
			answer := raw.ended()
			if !strings.HasPrefix(answer, "HTTP/1.1 4") && !strings.HasPrefix(answer, "HTTP/1.1 5") {
				t.Errorf("got %.60q", answer)
			}
			if strings.Count(answer, "\r\nDate: ") != 1 {
				t.Errorf("more than one answer: %q", answer)
			}
		})
	}
	if n := seen.Load(); n != 0 {
		t.Errorf("%d requests came through", n)
	}
}

// TestMalformedChunksNeverEndABody has chunked bodies that parsers are known to read differently. The head has gone to the
// application by then; its connection must break off, and nothing that is hidden behind may be served.
func TestMalformedChunksNeverEndABody(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil, application(t, func(_ http.ResponseWriter, r *http.Request) {
		b := make([]byte, 100)
		for {
			if _, err := r.Body.Read(b); err != nil {
				if err.Error() == "EOF" {
					t.Errorf("%s: the application saw an orderly end", r.URL)
				}
				return
			}
		}
	}))
	const hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"
	for name, body := range map[string]string{
		"extension":          "0;x\r\n\r\n",
		"extension with LF":  "2;x\nxx\r\n0\r\n\r\n",
		"sign":               "+0\r\n\r\n",
		"prefix":             "0x0\r\n\r\n",
		"space":              "0 \r\n\r\n",
		"space before":       " 0\r\n\r\n",
		"empty size":         "\r\n\r\n",
		"overflow":           "10000000000000000\r\n\r\n",
		"bare LF":            "0\n\n",
		"bare LF after data": "1\r\nx\n0\r\n\r\n",
		"longer than said":   "1\r\nxx\r\n0\r\n\r\n",
		"bare CR":            "0\r\r\n\r\n",
		"underscore":         "1_0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			raw := dialRaw(t, f.address())
			raw.say("POST /" + strings.ReplaceAll(name, " ", "-") + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body + hidden)
			_ = raw.CloseWrite()
			answer := raw.ended()
			if !strings.HasPrefix(answer, "HTTP/1.1 4") || strings.Count(answer, "\r\nDate: ") != 1 {
				t.Errorf("got %q", answer)
			}
		})
	}
}

// TestSmugglingCorpusNeverReachesTheApplication sends the codec's own corpus through the gateway: no message that the codec
// refuses may come to an orderly end at the application.
func TestSmugglingCorpusNeverReachesTheApplication(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil, application(t, func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err == nil {
			t.Errorf("the application got all of %s %s", r.Method, r.URL)
		}
	}))
	refused := refusedCorpus(t, "../http1/testdata/smuggling")
	if len(refused) < 40 {
		t.Fatalf("only %d cases were read", len(refused))
	}
	for _, request := range refused {
		raw := dialRaw(t, f.address())
		raw.say(request)
		_ = raw.CloseWrite()
		answer := raw.ended()
		if !strings.HasPrefix(answer, "HTTP/1.1 4") && !strings.HasPrefix(answer, "HTTP/1.1 5") {
			t.Errorf("%q got %.60q", request, answer)
		}
	}
}

// refusedCorpus reads the cases that are expected to be refused as they begin.
func refusedCorpus(t *testing.T, path string) (requests []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for block := range strings.SplitSeq(string(text), "\n\n") {
		_, block, found := strings.Cut("\n"+block, "\nrequest\n")
		input, expected, parted := strings.Cut(block, "\n----\n")
		if !found || !parted || !strings.HasPrefix(expected, "error ") {
			continue
		}
		escaped := strings.ReplaceAll(strings.ReplaceAll(input, "\n", ""), `"`, `\"`)
		request, err := strconv.Unquote(`"` + escaped + `"`)
		if err != nil {
			t.Fatalf("%v: %s", err, input)
		}
		requests = append(requests, request)
	}
	return requests
}
