package http1

import (
	"testing"

	"github.com/cockroachdb/datadriven"
)

// TestMessages runs the specification in testdata: each message, how it is read or why it is refused, whichever way its bytes
// arrive. After an intended change: go test ./http1 -run TestMessages -rewrite, and read the difference.
func TestMessages(t *testing.T) {
	for _, path := range []string{"testdata/requests", "testdata/responses", "testdata/bodies", "testdata/smuggling"} {
		t.Run(path, func(t *testing.T) {
			datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
				message := unescape(t, d.Input)
				readAll := reader(t, d)
				want := readAll(deliveries(message)["whole"])
				for name, wire := range deliveries(message) {
					if got := readAll(wire); got != want {
						t.Errorf("%s: %s: read\n%s\nin one piece\n%s", d.Pos, name, got, want)
					}
				}
				return want
			})
		})
	}
}

// reader understands the commands: request, and response [method=NAME], both with [head=BYTES] [line=BYTES] [fields=N].
func reader(t testing.TB, d *datadriven.TestData) func(*wire) string {
	var limits Limits
	method := "GET"
	d.MaybeScanArgs(t, "head", &limits.Head)
	d.MaybeScanArgs(t, "line", &limits.Line)
	d.MaybeScanArgs(t, "fields", &limits.Fields)
	d.MaybeScanArgs(t, "method", &method)
	switch d.Cmd {
	case "request":
		return func(w *wire) string { return readRequests(w, limits) }
	case "response":
		return func(w *wire) string { return readResponses(w, methodOf([]byte(method)), limits) }
	}
	t.Fatalf("%s: unknown command %s", d.Pos, d.Cmd)
	return nil
}

// seeds gives every message of testdata/NAME.
func seeds(t testing.TB, names ...string) (messages [][]byte) {
	for _, name := range names {
		datadriven.RunTestAny(t, "testdata/"+name, func(t testing.TB, d *datadriven.TestData) string {
			messages = append(messages, unescape(t, d.Input))
			return d.Expected
		})
	}
	return messages
}
