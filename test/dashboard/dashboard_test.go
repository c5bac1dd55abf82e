package dashboard_test

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"ladder/internal/browser"
	"ladder/telemetry"
	"ladder/topology"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// screenshots are for people to look at; git ignores them.
func screenshot(b *browser.Browser, name string, full bool) {
	b.Screenshot(filepath.Join("..", "test", "screenshots", name+".png"), full)
}

const live = `document.querySelector("#live").dataset.state === "live" && document.querySelectorAll("#members tbody tr").length > 0`

func TestScreens(t *testing.T) {
	n := startFake(t)
	b := browser.Start(t)
	for _, scheme := range []string{"light", "dark"} {
		b.Prefer(scheme, true)
		b.Size(1280, 800)
		b.Open(n.server.URL())
		b.Until("the page is live", live)
		b.Until("rates are known", `document.querySelector("#number-p99 .value").textContent !== "–" && /[1-9]\d* req/.test(document.querySelector("#topology").textContent)`)
		screenshot(b, "dashboard-"+scheme, false)
		screenshot(b, "dashboard-"+scheme+"-full", true)
		n.set("app.2", topology.Down, "killed by SIGKILL")
		n.health.Set(telemetry.AppInstanceCrashLoop, "app.2", "exited 5 times within 60s, last: killed by SIGKILL")
		n.bus.Publish(telemetry.Event{Code: "instance_exited", Subject: "app.2", Severity: telemetry.SeverityWarning, Message: "exited: killed by SIGKILL, restarting in 500ms"})
		b.Until("down", `document.querySelector('#topology [data-key="app/app.2"]').dataset.state === "down"`)
		b.Until("warned", `document.querySelector(".warning")`)
		screenshot(b, "dashboard-"+scheme+"-down", false)
		b.Size(390, 844)
		screenshot(b, "dashboard-"+scheme+"-phone", true)
		n.set("app.2", topology.Up, "")
		n.health.Clear(telemetry.AppInstanceCrashLoop, "app.2")
	}
	for _, complaint := range b.Complaints() {
		t.Errorf("the page complains: %s", complaint)
	}
}
