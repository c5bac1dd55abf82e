package dashboard_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"ladder/internal/browser"
	"ladder/telemetry"
	"ladder/topology"
)

func quote(text string) string { return strconv.Quote(text) }

func itoa(number int) string { return strconv.Itoa(number) }

const ground = `getComputedStyle(document.body).backgroundColor`

func TestLightAndDark(t *testing.T) {
	n := startFake(t)
	b := open(t, n, "light")
	light := browser.Eval[string](b, ground)
	b.Prefer("dark", true)
	b.Until("the page follows the system", ground+` !== `+quote(light))
	dark := browser.Eval[string](b, ground)
	b.Until("rates are known", hasRates)
	screenshot(b, "dashboard-dark", false)

	press := `document.querySelector("#theme").click()`
	browser.Eval[any](b, press) // system → light
	if got := browser.Eval[string](b, ground); got != light {
		t.Errorf("light was chosen on a dark system: %s, want %s", got, light)
	}
	b.Open(n.server.URL())
	if got := browser.Eval[string](b, ground); got != light {
		t.Errorf("the choice is forgotten after a reload: %s", got)
	}
	browser.Eval[any](b, press) // light → dark
	b.Prefer("light", true)
	if got := browser.Eval[string](b, ground); got != dark {
		t.Errorf("dark was chosen on a light system: %s, want %s", got, dark)
	}
	b.Until("the page is live", isLive)
	expectNoComplaints(t, b)
}

// TestContrast measures every text that is shown against what is behind it: WCAG 2.2 AA wants 4.5 : 1.
func TestContrast(t *testing.T) {
	n := startFake(t)
	n.set("app.1", topology.Down, "killed by SIGKILL")
	n.set("app.2", topology.Draining, "replaced")
	n.health.Set(telemetry.DatabaseDown, "database", "it ended")
	n.health.Set(telemetry.FileLimitLow, "node", "1024 files may be open")
	b := open(t, n, "light")
	for _, scheme := range []string{"light", "dark"} {
		b.Prefer(scheme, true)
		texts := browser.Eval[[]contrast](b, contrasts)
		if len(texts) < 100 {
			t.Errorf("only %d texts were measured", len(texts))
		}
		for _, text := range texts {
			if text.Ratio < 4.5 {
				t.Errorf("%s: %.2f : 1 for %q", scheme, text.Ratio, text.Text)
			}
		}
	}
}

type contrast struct {
	Ratio float64 `json:"ratio"`
	Text  string  `json:"text"`
}

// contrasts measures all texts of the page.
const contrasts = `(() => {
	const parse = (colour) => { const c = colour.match(/[\d.]+/g).map(Number); return { rgb: c.slice(0, 3), alpha: c[3] ?? 1 }; };
	const light = (rgb) => rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = (element) => {
		const frame = element.closest?.(".node")?.querySelector(".node-frame");
		if (frame) return parse(getComputedStyle(frame).fill).rgb;
		for (let at = element; at; at = at.parentElement) {
			const colour = parse(getComputedStyle(at).backgroundColor);
			if (colour.alpha === 1) return colour.rgb;
		}
		return [255, 255, 255];
	};
	const texts = [];
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const element = walker.currentNode.parentElement;
		const text = walker.currentNode.textContent.trim();
		if (!text || /^(SCRIPT|STYLE|NOSCRIPT|title)$/.test(element.tagName) || !element.getClientRects().length || element.closest(".hidden, dialog:not([open])")) continue;
		const style = getComputedStyle(element);
		const colour = parse(element instanceof SVGElement ? style.fill : style.color).rgb;
		const [a, b] = [light(colour), light(behind(element))].sort((x, y) => y - x);
		texts.push({ ratio: (a + 0.05) / (b + 0.05), text });
	}
	return texts;
})()`

func TestNothingMovesWhereLessMotionIsWanted(t *testing.T) {
	b := open(t, startFake(t), "light")
	b.Until("rates are known", hasRates)
	const moving = `document.getAnimations().length`
	if count := browser.Eval[int](b, moving); count != 0 {
		t.Errorf("%d animations run", count)
	}
	b.Prefer("light", false)
	b.Until("requests are seen to flow", moving+` > 0`)
}

func TestNoWidthNeedsHorizontalScrolling(t *testing.T) {
	n := startFake(t)
	n.change(func() { n.members[0].Name = "a-name-of-an-instance-that-nobody-would-choose.1" })
	n.set("app.2", topology.Down, "health check: Get http://127.0.0.1:40002/healthz: connection refused")
	n.health.Set(telemetry.AppInstanceUnhealthy, "app.2", "Get http://127.0.0.1:40002/healthz: dial tcp 127.0.0.1:40002: connect: connection refused")
	b := open(t, n, "light")
	for _, width := range []int64{320, 390, 600, 768, 1024, 1080, 1100, 1280, 1920} {
		b.Size(width, 844)
		b.Until(fmt.Sprintf("it is drawn for %d pixels", width), fmt.Sprintf("innerWidth === %d", width))
		for _, wide := range browser.Eval[[]string](b, tooWide) {
			t.Errorf("at %d pixels: %s", width, wide)
		}
		b.Until("the picture fits too", `(() => { const f = document.querySelector("#topology"); return f.scrollWidth <= f.clientWidth + 4; })()`)
		screenshot(b, fmt.Sprintf("dashboard-width-%d", width), true)
	}
	expectNoComplaints(t, b)
}

// tooWide names what makes the page scroll sideways.
const tooWide = `document.scrollingElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
	.filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".table-frame, .hidden"))
	.map((e) => e.tagName + "#" + e.id + "." + e.getAttribute("class") + " reaches " + e.getBoundingClientRect().right)`

// TestKeyboard walks through the page with Tab.
func TestKeyboard(t *testing.T) {
	b := open(t, startFake(t), "light")
	b.Press(kb.Tab)
	if got := browser.Eval[string](b, `document.activeElement.textContent`); got != "Skip to the figures" {
		t.Errorf("the first Tab reaches %q, want the skip link", got)
	}
	if top := browser.Eval[float64](b, `document.activeElement.getBoundingClientRect().top`); top < 0 {
		t.Errorf("the skip link is not to be seen while it has the focus: top %v", top)
	}
	screenshot(b, "dashboard-focus", false)
	b.Press(kb.Enter)
	b.Until("the skip link leads to the figures", `document.activeElement.id === "main"`)

	browser.Eval[any](b, `document.activeElement.blur()`)
	b.Open(browser.Eval[string](b, `location.origin`))
	b.Until("the page is live", isLive)
	reached := map[string]bool{}
	for range 20 {
		b.Press(kb.Tab)
		name := browser.Eval[string](b, `(() => { const e = document.activeElement; return e === document.body ? "" : e.getAttribute("aria-label") || e.id || e.textContent; })()`)
		if name == "" || reached[name] {
			break // once around
		}
		reached[name] = true
		if outline := browser.Eval[string](b, `getComputedStyle(document.activeElement).outlineStyle`); outline == "none" {
			t.Errorf("%s shows no focus", name)
		}
	}
	for _, control := range []string{"account", "theme", "events", "members", "Restart app.1", "Restart app.2", "Restart app.3"} {
		if !reached[control] {
			t.Errorf("Tab does not reach %s; it reached %v", control, reached)
		}
	}
}

func TestEveryControlHasAName(t *testing.T) {
	b := open(t, startFake(t), "light")
	nameless := browser.Eval[[]string](b, `[...document.querySelectorAll("button, a, [tabindex='0'], [role='img']")]
		.filter((e) => !(e.getAttribute("aria-label") || e.getAttribute("aria-labelledby") || e.textContent.trim())).map((e) => e.outerHTML)`)
	for _, control := range nameless {
		t.Errorf("a control has no name: %s", control)
	}
	if lang := browser.Eval[string](b, `document.documentElement.lang`); lang != "en" {
		t.Errorf("the page's language is %q", lang)
	}
}
