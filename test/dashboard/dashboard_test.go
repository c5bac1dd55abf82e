package dashboard_test

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"ladder/admin"
	"ladder/internal/browser"
	"ladder/telemetry"
	"ladder/topology"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	isLive = `document.querySelector("#live")?.dataset.state === "live" && document.querySelectorAll("#members tbody tr").length > 0`
	// hasRates: the members' rates need two statuses.
	hasRates = `document.querySelector("#number-p99 .value").textContent !== "–" && /[1-9]\d* req/.test(document.querySelector("#topology").textContent)`
)

// open shows a node's dashboard, once it is live, and checks at the end of the test that the page complained about nothing.
func open(t *testing.T, n *fakeNode, scheme string) *browser.Browser {
	t.Helper()
	b := browser.Start(t)
	b.Prefer(scheme, true)
	b.Size(1280, 800)
	b.Open(n.server.URL())
	b.Until("the page is live", isLive)
	return b
}

func expectNoComplaints(t *testing.T, b *browser.Browser) {
	t.Helper()
	for _, complaint := range b.Complaints() {
		t.Errorf("the page complains: %s", complaint)
	}
}

// screenshot keeps a picture for people to look at; git ignores them.
func screenshot(b *browser.Browser, name string, full bool) {
	b.Screenshot(filepath.Join("..", "screenshots", name+".png"), full)
}

func text(b *browser.Browser, selector string) string {
	return browser.Eval[string](b, `document.querySelector(`+"`"+selector+"`"+`).textContent`)
}

func TestNumbersChangeAsTheyHappen(t *testing.T) {
	n := startFake(t)
	b := open(t, n, "light")
	b.Until("rates are known", hasRates)
	for what, selector := range map[string]string{
		"the requests in total": "#number-requests .number-detail",
		"a member's total":      "#members tbody tr:first-child td:nth-child(8)",
		"the rate's legend":     "#chart-rate .legend b",
		"the picture":           "#topology",
	} {
		before := text(b, selector)
		b.Until(what+" changes", `document.querySelector("`+selector+`").textContent !== `+quote(before))
	}
	if points := browser.Eval[int](b, `document.querySelectorAll("canvas").length`); points != 3 {
		t.Errorf("%d charts, want 3", points)
	}
	expectNoComplaints(t, b)
}

func TestAnInstanceGoesDownAndReturns(t *testing.T) {
	n := startFake(t)
	b := open(t, n, "light")
	b.Until("rates are known", hasRates)
	const node, row = `#topology [data-key="app/app.2"]`, `#members [data-key="app/app.2"]`
	screenshot(b, "dashboard-light", false)

	n.set("app.2", topology.Down, "killed by SIGKILL")
	n.health.Set(telemetry.AppInstanceCrashLoop, "app.2", "exited 5 times within 60s, last: killed by SIGKILL")
	n.bus.Publish(telemetry.Event{
		Code: "instance_exited", Subject: "app.2", Severity: telemetry.SeverityWarning, Message: "killed by SIGKILL, restarting in 500ms",
	})
	b.Until("the picture shows it", `document.querySelector('`+node+`').dataset.state === "down"`)
	b.Until("the picture says why", `document.querySelector('`+node+`').textContent.includes("killed by SIGKILL")`)
	b.Until("the table shows it", `document.querySelector('`+row+`').dataset.state === "down"`)
	b.Until("there is a warning", `document.querySelector(".warning")?.textContent.includes("app-instance-crash-loop")`)
	b.Until("there is an event", `document.querySelector("#events").textContent.includes("restarting in 500ms")`)
	b.Until("the sentence for those who cannot see it tells", `document.querySelector("#topology svg").getAttribute("aria-label").includes("app.2 is down")`)
	if shape := browser.Eval[string](b, `document.querySelector('`+node+` .glyph').dataset.state`); shape != "down" {
		t.Errorf("the shape says %q, so the state is told by colour alone", shape)
	}
	screenshot(b, "dashboard-light-down", false)

	n.set("app.2", topology.Up, "")
	n.health.Clear(telemetry.AppInstanceCrashLoop, "app.2")
	b.Until("the picture shows its return", `document.querySelector('`+node+`').dataset.state === "up"`)
	b.Until("the warning is gone", `!document.querySelector(".warning")`)
	expectNoComplaints(t, b)
}

func TestTheRungIsLit(t *testing.T) {
	b := open(t, startFake(t), "light")
	if lit := text(b, `#rungs [aria-current="step"] .rung-number`); lit != "1" {
		t.Errorf("rung %s is lit, want 1", lit)
	}
	planned := browser.Eval[int](b, `document.querySelectorAll('#rungs [data-state="planned"] .rung-brings').length`)
	if planned != 8 {
		t.Errorf("%d rungs are to be built, want 8", planned)
	}
}

// TestHostileTextStaysText puts markup into everything that a node may be told by others.
func TestHostileTextStaysText(t *testing.T) {
	const hostile = `<img src=x onerror="document.title='owned'"><b>x</b>`
	n := startFake(t)
	n.change(func() {
		n.name, n.version, n.database.Version = hostile, hostile, hostile
		n.members[0].Name, n.members[0].Address = hostile, hostile
	})
	n.set(hostile, topology.Down, hostile)
	n.health.Set(telemetry.DatabaseDown, hostile, hostile)
	n.bus.Publish(telemetry.Event{Code: hostile, Subject: hostile, Message: hostile})
	b := open(t, n, "light")
	b.Until("the name is shown as it is", `document.querySelector("h1").textContent === `+quote(hostile))
	b.Until("the event is shown as it is", `document.querySelector("#events").textContent.includes(`+quote(hostile)+`)`)
	if made := browser.Eval[int](b, `document.querySelectorAll("img").length`); made != 0 {
		t.Errorf("%d images were made of text", made)
	}
	expectNoComplaints(t, b)
}

// TestOtherNodes shows files that are less, more or different than the usual one.
func TestOtherNodes(t *testing.T) {
	b := browser.Start(t)
	b.Prefer("dark", true)
	b.Size(1280, 800)
	for name, change := range map[string]func(n *fakeNode){
		"many-instances": func(n *fakeNode) { n.grow(14) },
		"eight-instances": func(n *fakeNode) {
			n.grow(8)
			n.set("app.3", topology.Starting, "waiting for its first health check")
			n.set("app.5", topology.Draining, "replaced by a new instance")
		},
		"servers-of-others": func(n *fakeNode) {
			n.change(func() {
				for i := range n.members {
					n.members[i].Name = n.members[i].Address
					n.members[i].PID, n.members[i].MemoryBytes, n.members[i].CPUPercent = 0, 0, 0
				}
				n.database = admin.Database{Kind: admin.DatabaseNone}
			})
		},
		"database-down": func(n *fakeNode) {
			n.change(func() {
				n.database.State, n.database.Reason = admin.DatabaseRecovering, "replaying the write-ahead log"
			})
			for _, name := range []string{"app.1", "app.2", "app.3"} {
				n.set(name, topology.Down, "health check: 503 Service Unavailable")
			}
			n.health.Set(telemetry.DatabaseRecovering, "database", "it did not stop cleanly")
			n.health.Set(telemetry.AppNoReadyInstance, "app", "0 of 3 instances are up")
			n.health.Set(telemetry.FileLimitLow, "node", "1024 files may be open, 20000 connections need 40100")
		},
		"nothing-yet": func(n *fakeNode) {
			n.change(func() {
				n.members, n.database = nil, admin.Database{Kind: admin.DatabaseExternal, State: admin.DatabaseUnknown}
			})
		},
	} {
		n := startFake(t)
		change(n)
		b.Open(n.server.URL())
		b.Until("the page is live", `document.querySelector("#live").dataset.state === "live"`)
		b.Until("its states came twice", `/req\/s|\d\/s|gets no|health|replay|run elsewhere/.test(document.querySelector("#topology").textContent)`)
		if outside := browser.Eval[string](b, overflowing); outside != "" {
			t.Errorf("%s: stands outside of the picture: %s", name, outside)
		}
		screenshot(b, "dashboard-"+name, false)
	}
	expectNoComplaints(t, b)
}

// overflowing names the nodes of the picture that stand outside of it.
const overflowing = `(() => {
	const picture = document.querySelector("#topology").closest(".panel").getBoundingClientRect();
	return [...document.querySelectorAll("#topology .node-frame")].map((node) => [node.parentNode.dataset.key, node.getBoundingClientRect()])
		.filter(([, box]) => box.left < picture.left - 1 || box.right > picture.right + 1 || box.bottom > picture.bottom + 1).map(([key]) => key).join(", ");
})()`
