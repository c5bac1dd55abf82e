package web

import (
	"strings"
	"testing"
	"time"
)

func TestLinkifyLinksAndEscapes(t *testing.T) {
	for body, want := range map[string]string{
		"plain & <b>":    "plain &amp; &lt;b&gt;",
		"hi @Maya, look": `hi <a href="/@maya">@Maya</a>, look`,
		"#Köln.":         `<a href="/search?q=%23K%C3%B6ln">#Köln</a>.`,
		"(https://go.dev/a?b=1&c=2)": `(<a href="https://go.dev/a?b=1&amp;c=2" rel="nofollow noopener ugc">` +
			`https://go.dev/a?b=1&amp;c=2</a>)`,
		"a@b.example": "a@b.example",
		"@a_b @c_d":   `<a href="/@a_b">@a_b</a> <a href="/@c_d">@c_d</a>`,
		`https://x"onmouseover="alert(1)`: `<a href="https://x" rel="nofollow noopener ugc">https://x</a>` +
			`&#34;onmouseover=&#34;alert(1)`,
		"javascript:alert(1)":            "javascript:alert(1)",
		"https://<script>alert(1)</scr>": "https://&lt;script&gt;alert(1)&lt;/scr&gt;",
	} {
		if got := string(linkify(body)); got != want {
			t.Errorf("%q became\n%s, want\n%s", body, got, want)
		}
	}
}

func FuzzLinkifyLetsNoMarkupThrough(f *testing.F) {
	for _, seed := range []string{"@a #b https://c.d/<e>", `https://x" y='z`, "<a href=x>", "#é @é_1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		html := string(linkify(body))
		for _, own := range []string{`<a href="`, `" rel="nofollow noopener ugc">`, `</a>`, `">`} {
			html = strings.ReplaceAll(html, own, "")
		}
		if strings.ContainsAny(html, `<>"'`) {
			t.Errorf("%q lets markup through: %s", body, html)
		}
	})
}

func TestAgoIsShort(t *testing.T) {
	now := time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)
	for passed, want := range map[time.Duration]string{
		-time.Minute: "now", 0: "now", 59 * time.Second: "59s", 61 * time.Second: "1m", 3 * time.Hour: "3h",
		50 * time.Hour: "2d", 30 * 24 * time.Hour: "16 May", 400 * 24 * time.Hour: "11 May 2025",
	} {
		if got := ago(now.Add(-passed), now); got != want {
			t.Errorf("%v ago is %q, want %q", passed, got, want)
		}
	}
}

func TestCountsAreShort(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1k", 1250: "1.2k", 999_999: "999.9k", 2_500_000: "2.5m"} {
		if got := shortCount(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
