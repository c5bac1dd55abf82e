package gateway

import (
	"fmt"
	"net/http"
	"testing"
)

func TestCookiesOfTheDashboardAreWithheld(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.WithheldCookies = "ladder_session" },
		application(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%q", r.Header["Cookie"]) }))
	for sent, want := range map[string]string{
		"a=1; b=2":                             `["a=1; b=2"]`,
		"a=1; ladder_session_9900=x; b=2":      `["a=1; b=2"]`,
		"ladder_session_9900=x":                `[]`,
		"ladder_session_9900=x;a=1;; ":         `["a=1"]`,
		"my=ladder_session_9900; other_s=1":    `["my=ladder_session_9900; other_s=1"]`,
		"ladder_session_1=x; ladder_session=y": `[]`,
	} {
		request, _ := http.NewRequest("GET", f.url("/"), nil)
		request.Header.Set("Cookie", sent)
		response, err := client(t).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if got := readAll(t, response); got != want {
			t.Errorf("%s became %s, want %s", sent, got, want)
		}
	}
}
