package http1

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// The fuzz targets compare with net/http on the same bytes: whatever both accept they must read alike, including where the
// message ends, and what we forward net/http must accept and read as we did. Where we refuse and net/http does not, we are
// stricter on purpose (DESIGN.md); where net/http refuses what we accept, the forwarded form must say why (see urlRefuses).

// equateEmpty: no fields are no fields, nil or not.
var equateEmpty = cmpopts.EquateEmpty()

// message is what two parsers are compared by.
type message struct {
	First     string // method, target and authority; or status
	Fields    map[string][]string
	Body      string
	Trailers  map[string][]string
	KeepAlive bool
	Rest      string // what comes after the message
}

func FuzzRequest(f *testing.F) {
	for _, seed := range seeds(f, "requests", "smuggling", "bodies") {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		sameAnyDelivery(t, input, func(w *wire) string { return readRequests(w, Limits{}) })
		checkRequest(t, input)
	})
}

func FuzzResponse(f *testing.F) {
	for _, seed := range seeds(f, "responses", "bodies") {
		f.Add(seed, byte(MethodGet))
		f.Add(seed, byte(MethodHead))
	}
	f.Fuzz(func(t *testing.T, input []byte, m byte) {
		method := Method(m) % (MethodPatch + 1)
		sameAnyDelivery(t, input, func(w *wire) string { return readResponses(w, method, Limits{}) })
		checkResponse(t, input, method)
	})
}

// FuzzChunked gives the fuzzer only the body to work on.
func FuzzChunked(f *testing.F) {
	for _, seed := range seeds(f, "bodies") {
		if _, body, ok := bytes.Cut(seed, []byte("\r\n\r\n")); ok {
			f.Add(body)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		request := append([]byte("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), body...)
		response := append([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), body...)
		sameAnyDelivery(t, request, func(w *wire) string { return readRequests(w, Limits{}) })
		sameAnyDelivery(t, response, func(w *wire) string { return readResponses(w, MethodGet, Limits{}) })
		checkRequest(t, request)
		checkResponse(t, response, MethodGet)
	})
}

func sameAnyDelivery(t *testing.T, input []byte, readAll func(*wire) string) {
	t.Helper()
	want := readAll(deliveries(input)["whole"])
	for name, wire := range deliveries(input) {
		if got := readAll(wire); got != want {
			t.Errorf("delivered %s it reads\n%s\nin one piece\n%s", name, got, want)
		}
	}
}

func checkRequest(t *testing.T, input []byte) {
	t.Helper()
	var r Request
	size, err := r.Parse(input, Limits{})
	if err != nil || size == 0 {
		return
	}
	var body BodyReader
	body.ForRequest(&r, Limits{})
	data, rest, ok := readRemaining(&body, input[size:])
	if !ok {
		return
	}
	ours := message{
		First:     string(r.MethodName) + " " + string(r.Target) + " " + string(r.Authority),
		Fields:    fieldMap(r.Fields, func(f *Field) bool { return true }),
		Body:      string(data),
		Trailers:  fieldMap(body.Trailers(), func(f *Field) bool { return true }),
		KeepAlive: r.KeepAlive,
		Rest:      string(rest),
	}
	if theirs, ok := httpRequest(input); ok {
		compareMessages(t, "on the same bytes", ours, theirs)
	}

	forwarded := appendForwarded(nil, &r)
	forwarded = appendBody(forwarded, r.Framing, data, body.Trailers())
	theirs, ok := httpRequest(forwarded)
	if !ok {
		if !urlRefuses(&r) {
			t.Errorf("net/http refuses what we forward: %q", forwarded)
		}
		return
	}
	line, _, _ := bytes.Cut(r.AppendLine(nil), []byte(" HTTP/"))
	ours.First = string(line) + " " + string(r.Authority)
	ours.Fields = fieldMap(r.Fields, func(f *Field) bool { return !f.Hop })
	theirs.Fields = without(theirs.Fields, "Content-Length", "Transfer-Encoding")
	ours.Fields = without(ours.Fields, "Content-Length")
	ours.KeepAlive, ours.Rest = true, ""
	compareMessages(t, "as forwarded", ours, theirs)
}

func checkResponse(t *testing.T, input []byte, method Method) {
	t.Helper()
	var r Response
	size, err := r.Parse(input, method, Limits{})
	if err != nil || size == 0 || r.Framing == FramingTunnel {
		return
	}
	var body BodyReader
	body.ForResponse(&r, Limits{})
	data, rest, ok := readRemaining(&body, input[size:])
	if !ok {
		return
	}
	ours := message{
		First:     string(AppendUint(nil, uint64(r.Status))),
		Fields:    fieldMap(r.Fields, func(f *Field) bool { return true }),
		Body:      string(data),
		Trailers:  fieldMap(body.Trailers(), func(f *Field) bool { return true }),
		KeepAlive: r.KeepAlive,
		Rest:      string(rest),
	}
	if theirs, ok := httpResponse(input, method); ok {
		compareMessages(t, "on the same bytes", ours, theirs)
	}

	forwarded := appendForwardedResponse(nil, &r)
	framing := r.Framing
	if framing == FramingClose {
		framing = FramingChunked
	}
	forwarded = appendBody(forwarded, framing, data, body.Trailers())
	theirs, ok := httpResponse(forwarded, method)
	if !ok {
		t.Errorf("net/http refuses what we forward: %q", forwarded)
		return
	}
	ours.Fields = without(fieldMap(r.Fields, func(f *Field) bool { return !f.Hop }), "Content-Length")
	theirs.Fields = without(theirs.Fields, "Content-Length", "Transfer-Encoding")
	ours.KeepAlive, ours.Rest = true, ""
	compareMessages(t, "as forwarded", ours, theirs)
}

func compareMessages(t *testing.T, when string, ours, theirs message) {
	t.Helper()
	for _, m := range []*message{&ours, &theirs} {
		m.Fields = without(m.Fields, "Host", "Transfer-Encoding", "Trailer") // which net/http takes out, or may
	}
	for name, values := range theirs.Trailers { // net/http has those announced and not sent too, with no values
		if id, _ := identify([]byte(name)); !id.inTrailer() || len(values) == 0 {
			delete(theirs.Trailers, name)
		}
	}
	if diff := cmp.Diff(ours, theirs, equateEmpty); diff != "" {
		t.Errorf("we and net/http differ %s (- ours, + theirs):\n%s", when, diff)
	}
}

// readRemaining reads a body to its end; ok is false when it is incomplete or wrong.
func readRemaining(body *BodyReader, in []byte) (data, rest []byte, ok bool) {
	for {
		piece, consumed, done, err := body.Next(in)
		data = append(data, piece...)
		in = in[consumed:]
		switch {
		case err != nil:
			return nil, nil, false
		case done:
			return data, in, true
		case len(piece) == 0:
			return data, in, body.End() == nil
		}
	}
}

// appendBody writes a body the way a gateway does: in pieces.
func appendBody(dst []byte, framing Framing, data []byte, trailers []Field) []byte {
	const piece = 10
	if framing != FramingChunked {
		return append(dst, data...)
	}
	for chunk := range slices.Chunk(data, piece) {
		dst = AppendChunkHead(dst, len(chunk))
		dst = AppendChunkEnd(append(dst, chunk...))
	}
	return AppendLastChunk(dst, trailers)
}

// appendForwardedResponse re-serialises a response head the way a gateway does for an HTTP/1.1 client.
func appendForwardedResponse(dst []byte, r *Response) []byte {
	dst = AppendStatusLine(dst, r.Status, r.Reason)
	for i := range r.Fields {
		if f := &r.Fields[i]; !f.Hop && f.ID != HeaderContentLength {
			dst = f.AppendTo(dst)
		}
	}
	switch r.Framing {
	case FramingLength:
		dst = AppendContentLength(dst, r.ContentLength)
	case FramingChunked, FramingClose:
		dst = AppendTransferEncoding(dst)
	}
	return AppendEnd(dst)
}

func httpRequest(input []byte) (m message, ok bool) {
	reader := bytes.NewReader(input)
	buffered := bufio.NewReader(reader)
	r, err := http.ReadRequest(buffered)
	if err != nil {
		return m, false
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return m, false
	}
	rest, _ := io.ReadAll(io.MultiReader(buffered, reader))
	if strings.EqualFold(r.Header.Get("Pragma"), "no-cache") {
		dropAddedCacheControl(r.Header, input)
	}
	return message{
		First:  r.Method + " " + r.RequestURI + " " + r.Host,
		Fields: r.Header, Body: string(body), Trailers: r.Trailer, KeepAlive: !r.Close, Rest: string(rest),
	}, true
}

func httpResponse(input []byte, method Method) (m message, ok bool) {
	reader := bytes.NewReader(input)
	buffered := bufio.NewReader(reader)
	r, err := http.ReadResponse(buffered, &http.Request{Method: method.String()})
	if err != nil {
		return m, false
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return m, false
	}
	rest, _ := io.ReadAll(io.MultiReader(buffered, reader))
	if strings.EqualFold(r.Header.Get("Pragma"), "no-cache") {
		dropAddedCacheControl(r.Header, input)
	}
	return message{
		First:  string(AppendUint(nil, uint64(r.StatusCode))),
		Fields: r.Header, Body: string(body), Trailers: r.Trailer, KeepAlive: !r.Close, Rest: string(rest),
	}, true
}

// dropAddedCacheControl takes out what net/http adds to a message with Pragma: no-cache alone.
func dropAddedCacheControl(h http.Header, input []byte) {
	if !bytes.Contains(bytes.ToLower(input), []byte("cache-control:")) {
		h.Del("Cache-Control")
	}
}

// urlRefuses says whether net/http cannot parse the target that is forwarded. It wants percent-encoding to be right; we leave that
// to whoever decodes it.
func urlRefuses(r *Request) bool {
	target := string(r.Path)
	if r.Query != nil {
		target += "?" + string(r.Query)
	}
	_, err := url.ParseRequestURI(target)
	return err != nil
}

// fieldMap is what net/http makes of fields.
func fieldMap(fields []Field, include func(*Field) bool) map[string][]string {
	m := map[string][]string{}
	for i := range fields {
		if f := &fields[i]; include(f) {
			name := textproto.CanonicalMIMEHeaderKey(string(f.name))
			m[name] = append(m[name], string(f.value))
		}
	}
	return m
}

func without(fields map[string][]string, names ...string) map[string][]string {
	kept := map[string][]string{}
	for name, values := range fields {
		if !slices.Contains(names, name) {
			kept[name] = values
		}
	}
	return kept
}
