package dashboard_test

import (
	"testing"

	"ladder/internal/browser"
)

// TestModules asks the pure modules of the page directly.
func TestModules(t *testing.T) {
	b := open(t, startFake(t), "light")
	for _, c := range []struct{ module, expression, want string }{
		{"format", `m.count(99999)`, "99,999"},
		{"format", `m.count(1234567)`, "1.2M"},
		{"format", `m.rate(0)`, "0"},
		{"format", `m.rate(0.01)`, "<0.1"},
		{"format", `m.rate(3.14159)`, "3.1"},
		{"format", `m.rate(1234.5)`, "1,235"},
		{"format", `m.latencyText(0)`, "–"},
		{"format", `m.latencyText(0.42)`, "0.42 ms"},
		{"format", `m.latencyText(9.87)`, "9.9 ms"},
		{"format", `m.latencyText(123.4)`, "123 ms"},
		{"format", `m.latencyText(1500)`, "1.50 s"},
		{"format", `m.bytes(1023)`, "1023 B"},
		{"format", `m.bytes(52428800)`, "50 MiB"},
		{"format", `m.bytes(1610612736)`, "1.5 GiB"},
		{"format", `m.duration(59.9)`, "59 s"},
		{"format", `m.duration(3600)`, "1 h"},
		{"format", `m.duration(93784)`, "1 d 2 h"},
		{"format", `m.since("0001-01-01T00:00:00Z")`, ""},
		{"format", `m.plural(1, "server") + ", " + m.plural(2, "server")`, "1 server, 2 servers"},

		{"rates", `(() => { const r = new m.MemberRates(); r.observe(` + pool(100) + `, 0); return String(r.of("app", "app.1")); })()`, "null"},
		{"rates", `(() => { const r = new m.MemberRates(); r.observe(` + pool(100) + `, 0); r.observe(` + pool(150) + `, 1000); return String(r.of("app", "app.1")); })()`, "50"},
		{"rates", `(() => { const r = new m.MemberRates(); r.observe(` + pool(100) + `, 0); r.observe(` + pool(5) + `, 1000); return String(r.of("app", "app.1")); })()`, "null"},
		{"rates", `(() => { const r = new m.MemberRates(); for (let i = 0; i <= 60; i++) r.observe(` + pool(0) + `.map((p) => ({...p, members: [{name: "app.1", handled: i < 50 ? 0 : (i - 50) * 10}]})), i * 1000); return String(r.of("app", "app.1")); })()`, "10"},

		{"layout", `(() => { const p = m.arrange([[{id: "u", kind: "users"}], [{id: "g", kind: "gateway"}]], 600); return p.vertical + " " + p.boxes.get("u").x + " " + (p.boxes.get("g").x + p.boxes.get("g").w); })()`, "false 0 600"},
		{"layout", `(() => { const p = m.arrange([[{id: "u", kind: "users"}], [{id: "g", kind: "gateway"}]], 300); return String(p.vertical && p.boxes.get("g").y > p.boxes.get("u").y); })()`, "true"},
		{"layout", `String(m.arrange([], 600).height)`, "0"},
	} {
		got := browser.Eval[string](b, `import("/js/`+c.module+`.js").then((m) => `+c.expression+`)`)
		if got != c.want {
			t.Errorf("%s: %s is %q, want %q", c.module, c.expression, got, c.want)
		}
	}
}

// pool is a list of pools with one member that has handled so many requests.
func pool(handled int) string {
	return `[{name: "app", members: [{name: "app.1", handled: ` + itoa(handled) + `}]}]`
}
