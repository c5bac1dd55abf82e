package http1

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// wire delivers bytes the way a socket does: in pieces, into a buffer that may lie elsewhere after each.
type wire struct {
	bytes []byte
	start int  // of what is not consumed yet
	end   int  // of what has arrived
	step  int  // how many bytes arrive at once
	moves bool // whether the buffer is another one each time, and the last one overwritten
	last  []byte
}

// more lets a piece arrive; false when there is no more.
func (w *wire) more() bool {
	if w.end == len(w.bytes) {
		return false
	}
	w.end = min(len(w.bytes), w.end+w.step)
	return true
}

func (w *wire) buffer() []byte {
	b := w.bytes[w.start:w.end:w.end]
	if w.moves {
		for i := range w.last {
			w.last[i] = '\n'
		}
		w.last = bytes.Clone(b)
		return w.last
	}
	return b
}

// deliveries are ways for the same bytes to arrive. What is read must not depend on them.
func deliveries(message []byte) map[string]*wire {
	return map[string]*wire{
		"whole":        {bytes: message, step: len(message) + 1},
		"byte by byte": {bytes: message, step: 1},
		"in sevens":    {bytes: message, step: 7},
		"moved around": {bytes: message, step: 3, moves: true},
	}
}

// read parses one message after the other with next until the bytes or the connection's use end, and describes what came.
func read(w *wire, out *strings.Builder, next func(w *wire, out *strings.Builder) bool) string {
	for next(w, out) {
	}
	return out.String()
}

// readRequests describes all requests on w.
func readRequests(w *wire, limits Limits) string {
	var r Request
	var body BodyReader
	return read(w, new(strings.Builder), func(w *wire, out *strings.Builder) bool {
		r.Reset()
		if !readHead(w, out, func(b []byte) (int, error) { return r.Parse(b, limits) }) {
			return false
		}
		describeRequest(out, &r)
		body.ForRequest(&r, limits)
		return readBody(w, out, &body) && r.KeepAlive
	})
}

// readResponses describes all responses on w, which answer requests with that method.
func readResponses(w *wire, method Method, limits Limits) string {
	var r Response
	var body BodyReader
	return read(w, new(strings.Builder), func(w *wire, out *strings.Builder) bool {
		r.Reset()
		if !readHead(w, out, func(b []byte) (int, error) { return r.Parse(b, method, limits) }) {
			return false
		}
		describeResponse(out, &r)
		body.ForResponse(&r, limits)
		return readBody(w, out, &body) && r.KeepAlive
	})
}

func readHead(w *wire, out *strings.Builder, parse func([]byte) (int, error)) bool {
	for {
		size, err := parse(w.buffer())
		if err != nil {
			fmt.Fprintln(out, describeError(err))
			return false
		}
		if size > 0 {
			w.start += size
			return true
		}
		if !w.more() {
			if w.start < w.end {
				fmt.Fprintln(out, "incomplete")
			}
			return false
		}
	}
}

func readBody(w *wire, out *strings.Builder, body *BodyReader) bool {
	var data []byte
	describe := func() {
		if len(data) > 0 {
			fmt.Fprintf(out, "body %q\n", data)
		}
	}
	for {
		piece, consumed, done, err := body.Next(w.buffer())
		data = append(data, piece...)
		if err != nil {
			describe()
			fmt.Fprintln(out, describeError(err))
			return false
		}
		if done {
			describe()
			for _, f := range body.Trailers() {
				fmt.Fprintf(out, "  trailer %s: %s\n", f.Name(), f.Value())
			}
			if body.Dropped() > 0 {
				fmt.Fprintf(out, "  dropped %d\n", body.Dropped())
			}
			w.start += consumed
			return true
		}
		w.start += consumed
		if len(piece) == 0 && !w.more() {
			describe()
			if err := body.End(); err != nil {
				fmt.Fprintln(out, describeError(err))
			}
			return false
		}
	}
}

func describeError(err error) string {
	var fault *Error
	if !errors.As(err, &fault) {
		return "error of another type: " + err.Error()
	}
	return fmt.Sprintf("error %d %s", fault.Status, fault.Code)
}

func describeRequest(out *strings.Builder, r *Request) {
	fmt.Fprintf(out, "%s %s", r.MethodName, r.Path)
	if r.Query != nil {
		fmt.Fprintf(out, " query=%s", r.Query)
	}
	form := [...]string{"", " absolute", " authority", " asterisk"}[r.Form]
	fmt.Fprintf(out, "%s host=%s", form, r.Authority)
	if r.ExpectContinue {
		out.WriteString(" expect-continue")
	}
	describeHead(out, &r.Head)
}

func describeResponse(out *strings.Builder, r *Response) {
	fmt.Fprintf(out, "%d %s", r.Status, strconv.Quote(string(r.Reason)))
	if r.Interim() {
		out.WriteString(" interim")
	}
	describeHead(out, &r.Head)
}

func describeHead(out *strings.Builder, h *Head) {
	fmt.Fprintf(out, " HTTP/1.%d %s", h.Minor, h.Framing)
	if h.ContentLength >= 0 {
		fmt.Fprintf(out, " length=%d", h.ContentLength)
	}
	for _, flag := range []struct {
		set  bool
		name string
	}{{h.KeepAlive, "keep-alive"}, {h.TrailersAnnounced, "trailers-announced"}, {h.TrailersAccepted, "trailers-accepted"}} {
		if flag.set {
			out.WriteString(" " + flag.name)
		}
	}
	if h.Upgrade != nil {
		fmt.Fprintf(out, " upgrade=%s", h.Upgrade)
	}
	out.WriteString("\n")
	for i := range h.Fields {
		f := &h.Fields[i]
		note := ""
		if f.Hop {
			note = "hop "
		}
		if f.ID == HeaderUnderscored {
			note += "underscored "
		}
		fmt.Fprintf(out, "  %s%s: %s\n", note, f.Name(), escape(f.Value()))
	}
}

// escape keeps what is not printable ASCII out of the testdata.
func escape(b []byte) string {
	quoted := strconv.QuoteToASCII(string(b))
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// unescape makes a message of lines as the testdata have them: Go's escapes, and line ends only where they are written.
func unescape(t testing.TB, input string) []byte {
	t.Helper()
	joined := strings.ReplaceAll(strings.ReplaceAll(input, "\n", ""), `"`, `\"`)
	message, err := strconv.Unquote(`"` + joined + `"`)
	if err != nil {
		t.Fatalf("bad escape in %q: %v", input, err)
	}
	return []byte(message)
}
