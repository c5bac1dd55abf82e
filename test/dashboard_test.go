package test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ladder/demo/traffic"
	"ladder/internal/browser"
)

// TestDashboardShowsARealNode: a node under traffic in a real browser; an instance is killed and returns, another is
// replaced by a click. Package test/dashboard looks at everything else, with a node that can be told what to show.
func TestDashboardShowsARealNode(t *testing.T) {
	r := newSpace(t, singleServer).up(t)
	generator, err := traffic.New(traffic.Options{Target: "http://" + r.space.gateway, Users: 10, Concurrency: 2, Rate: 100, Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	driving, stop := context.WithCancel(t.Context())
	if err := generator.Prepare(driving); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- generator.Run(driving) }()

	b := browser.Start(t)
	b.Prefer("light", true)
	b.Size(1280, 800)
	b.Open(strings.TrimSpace(mustLadder(t, "dashboard", "-c", r.space.file)))
	const requests = `document.querySelector("#number-requests .number-detail").textContent`
	b.Until("requests are counted", `/[1-9]/.test(`+requests+`)`)
	before := browser.Eval[string](b, requests)
	b.Until("the count grows", requests+` !== "`+before+`"`)

	const first = `document.querySelector('#topology [data-key="app/app.1"]')?.dataset.state`
	b.Until("the first instance is up", first+` === "up"`)
	b.Screenshot(filepath.Join("screenshots", "node-light.png"), true)
	victim := r.status().members()["app.1"]
	if err := syscall.Kill(victim.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	b.Until("an event tells of the kill", `document.querySelector("#events").textContent.includes("SIGKILL")`)
	b.Until("the table counts the restart", `document.querySelector('#members [data-key="app/app.1"] [data-label="Restarts"]')?.textContent === "1"`)
	b.Until("the instance is back", first+` === "up"`)

	old := r.status().members()["app.2"].PID
	browser.Eval[any](b, `document.querySelector('#members [data-key="app/app.2"] button').click()`)
	b.Until("the dialog asks", `document.querySelector("#dialog").open`)
	browser.Eval[any](b, `document.querySelector("#dialog-confirm").click()`)
	eventually(t, settleLimit, "a click replaces the second instance", func() error {
		if now := r.status().members()["app.2"]; now.PID == old || now.State != "up" {
			return errors.New("not yet")
		}
		return nil
	})
	b.Prefer("dark", true)
	b.Screenshot(filepath.Join("screenshots", "node-dark.png"), true)
	for _, complaint := range b.Complaints() {
		t.Errorf("the page complains: %s", complaint)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
