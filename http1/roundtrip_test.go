package http1

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// sent is a message as the property test draws it.
type sent struct {
	Method, Path, Query, Host string
	Fields, Trailers          [][2]string
	Chunks                    [][]byte // of a chunked body; one piece is sent with a length, none without body
	Chunked                   bool
}

var (
	tokens = rapid.StringMatching("[!#$%&'*+.^`|~0-9A-Za-z-]{1,40}")
	// Values do not begin or end in white space: that is not part of them.
	values = rapid.StringMatching(`([!-~\x{80}-\x{ff}]([\t -~\x{80}-\x{ff}]{0,60}[!-~])?)?`)
	fields = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) [2]string {
		return [2]string{"X-" + tokens.Draw(t, "name"), values.Draw(t, "value")}
	}), 0, 20)
)

func drawMessage(t *rapid.T) sent {
	m := sent{
		Method:  rapid.OneOf(rapid.SampledFrom([]string{"GET", "POST", "PUT", "get"}), tokens).Draw(t, "method"),
		Path:    "/" + rapid.StringMatching(`[!-"$->@-~]{0,40}`).Draw(t, "path"),
		Query:   rapid.StringMatching(`(\?[!-"$-~]{0,40})?`).Draw(t, "query"),
		Host:    rapid.StringMatching(`([a-zA-Z0-9._~-]{1,30}|\[[0-9a-f]{0,4}::[0-9a-f]{0,4}\])(:[0-9]{1,4})?`).Draw(t, "host"),
		Fields:  fields.Draw(t, "fields"),
		Chunked: rapid.Bool().Draw(t, "chunked"),
	}
	if m.Method == "CONNECT" {
		m.Method = "GET"
	}
	m.Chunks = rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 100), 0, 5).Draw(t, "chunks")
	if m.Chunked {
		m.Trailers = fields.Draw(t, "trailers")
	}
	return m
}

func (m *sent) append(dst []byte) []byte {
	dst = AppendRequestLine(dst, m.Method, m.Path+m.Query)
	dst = AppendKnown(dst, HeaderHost, m.Host)
	for _, f := range m.Fields {
		dst = AppendField(dst, f[0], f[1])
	}
	body := bytes.Join(m.Chunks, nil)
	if !m.Chunked {
		return append(AppendEnd(AppendContentLength(dst, int64(len(body)))), body...)
	}
	dst = AppendEnd(AppendTransferEncoding(dst))
	for _, chunk := range m.Chunks {
		dst = AppendChunkEnd(append(AppendChunkHead(dst, len(chunk)), chunk...))
	}
	trailers := section{}
	raw := []byte{}
	for _, f := range m.Trailers {
		raw = AppendField(raw, f[0], f[1])
	}
	if done, fault := trailers.parse(AppendEnd(raw), DefaultFields); !done || fault != nil {
		panic("the writer's trailers are not read: " + string(raw))
	}
	return AppendLastChunk(dst, trailers.fields)
}

// TestRoundTrip: what the writers write, the parsers read as it was meant, one message after the other, however it is cut.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		messages := rapid.SliceOfN(rapid.Custom(drawMessage), 1, 3).Draw(t, "messages")
		var bytes []byte
		for i := range messages {
			bytes = messages[i].append(bytes)
		}
		w := &wire{bytes: bytes, step: rapid.IntRange(1, len(bytes)).Draw(t, "step"), moves: rapid.Bool().Draw(t, "moves")}
		var r Request
		var body BodyReader
		for i := range messages {
			r.Reset()
			checkRoundTrip(t, &messages[i], w, &r, &body)
		}
		if w.start != len(bytes) {
			t.Fatalf("%d bytes are left over", len(bytes)-w.start)
		}
	})
}

func checkRoundTrip(t *rapid.T, want *sent, w *wire, r *Request, body *BodyReader) {
	size, err := r.Parse(w.buffer(), Limits{})
	for ; size == 0 && err == nil && w.more(); size, err = r.Parse(w.buffer(), Limits{}) {
	}
	if size == 0 || err != nil {
		t.Fatal(size, err)
	}
	w.start += size
	got := sent{
		Method: string(r.MethodName), Path: string(r.Path), Host: string(r.Authority), Chunked: r.Framing == FramingChunked,
		Fields: pairs(r.Fields[1 : len(r.Fields)-1]), // without Host and the framing field
	}
	if r.Query != nil {
		got.Query = "?" + string(r.Query)
	}
	body.ForRequest(r, Limits{})
	var data []byte
	for {
		piece, consumed, done, err := body.Next(w.buffer())
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, piece...)
		if done {
			got.Trailers = pairs(body.Trailers())
			w.start += consumed
			break
		}
		w.start += consumed
		if len(piece) == 0 && !w.more() {
			t.Fatal("the body does not end")
		}
	}
	got.Chunks, want.Chunks = [][]byte{data}, [][]byte{bytes.Join(want.Chunks, nil)}
	if diff := cmp.Diff(*want, got, equateEmpty); diff != "" {
		t.Fatalf("read otherwise than written (- written, + read):\n%s", diff)
	}
}

func pairs(fields []Field) (list [][2]string) {
	for i := range fields {
		list = append(list, [2]string{string(fields[i].Name()), string(fields[i].Value())})
	}
	return list
}
