package gateway

import (
	"fmt"
	"io"
	"net/http"
	"testing"
)

func TestForwardsARequest(t *testing.T) {
	f := newFixture(t, nil, application(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Seen", r.Method+" "+r.URL.String()+" "+r.Host)
		fmt.Fprint(w, "hello")
	}))
	c := client(t)
	for range 3 {
		response, body := f.get(c, "/a?b=c")
		if response.StatusCode != 200 || body != "hello" || response.Header.Get("X-Seen") != "GET /a?b=c "+f.address() {
			t.Fatalf("got %d %q %v", response.StatusCode, body, response.Header)
		}
	}
	f.logged(`"method":"GET","path":"/a","status":200`, `"code":"ok"`, `"bytes_out":5`)
	_ = io.EOF
}
