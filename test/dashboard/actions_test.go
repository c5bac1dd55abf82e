package dashboard_test

import (
	"net"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"ladder/admin"
	"ladder/internal/browser"
)

const (
	restartButton = `document.querySelector('[aria-label="Restart app.2"]')`
	dialogText    = `document.querySelector("#dialog").open && document.querySelector("#dialog").textContent`
)

func TestRestartingNeedsALogin(t *testing.T) {
	n := startFake(t)
	b := open(t, n, "light")
	browser.Eval[any](b, restartButton+`.focus()`)
	b.Press(kb.Enter)
	b.Until("it is explained how to log in", dialogText+`.includes("ladder status")`)
	screenshot(b, "dashboard-login", false)
	b.Press(kb.Escape)
	b.Until("the dialog is closed", `!document.querySelector("#dialog").open`)
	b.Until("the focus is back at the button", `document.activeElement === `+restartButton)
	if n.restarts() != 0 {
		t.Error("an instance was restarted without a login")
	}
	expectNoComplaints(t, b)
}

func TestRestart(t *testing.T) {
	n := startFake(t)
	b := open(t, n, "dark")
	b.Open(admin.LoginURL(n.server.URL(), actionToken))
	b.Until("the page is live and logged in", isLive+` && document.querySelector("#account").textContent === "Log out"`)
	if location := browser.Eval[string](b, `location.href`); location != n.server.URL()+"/" {
		t.Errorf("after the login the address is %s, which holds the token", location)
	}

	browser.Eval[any](b, restartButton+`.click()`)
	b.Until("it asks first", dialogText+`.includes("Restart app.2?")`)
	screenshot(b, "dashboard-confirm", false)
	browser.Eval[any](b, `document.querySelector("#dialog-cancel").click()`)
	b.Until("the dialog is closed", `!document.querySelector("#dialog").open`)
	if n.restarts() != 0 {
		t.Fatal("an instance was restarted although it was cancelled")
	}

	browser.Eval[any](b, restartButton+`.click()`)
	b.Until("it asks again", dialogText)
	browser.Eval[any](b, `document.querySelector("#dialog-confirm").click()`)
	b.Until("the button says that it works", restartButton+`.textContent === "Restarting…"`)
	screenshot(b, "dashboard-restarting", false)
	n.restart <- struct{}{}
	b.Until("it says that it is done", `document.querySelector("#notice").textContent === "app.2 was restarted."`)
	b.Until("the button is itself again", restartButton+`.textContent === "Restart"`)
	if n.restarts() != 1 {
		t.Errorf("%d restarts, want 1", n.restarts())
	}

	browser.Eval[any](b, `document.querySelector("#account").click()`)
	b.Until("logged out", `document.querySelector("#account").textContent === "Log in"`)
	expectNoComplaints(t, b)
}

// TestConnectionLostAndFound closes the admin server under the page and opens it again at the same address.
func TestConnectionLostAndFound(t *testing.T) {
	n := startFake(t)
	b := open(t, n, "light")
	_, port, err := net.SplitHostPort(n.server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if err := n.server.Apply(t.Context(), n.options(admin.Off)); err != nil {
		t.Fatal(err)
	}
	b.Until("the page says so", `document.querySelector("#live").textContent === "Disconnected, retrying" && !document.querySelector("#stale").hidden`)
	screenshot(b, "dashboard-disconnected", false)
	n.change(func() { n.name = "renamed meanwhile" })
	if err := n.server.Apply(t.Context(), n.options("127.0.0.1:"+port)); err != nil {
		t.Fatal(err)
	}
	b.Until("it is live again", isLive+` && document.querySelector("#stale").hidden && document.querySelector("h1").textContent === "renamed meanwhile"`)
}

func TestLoginPage(t *testing.T) {
	n := startFake(t)
	options := n.options(n.server.Addr())
	options.Token = "a long random word"
	if err := n.server.Apply(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	b := browser.Start(t)
	b.Prefer("light", true)
	b.Size(1280, 800)
	b.Open(n.server.URL())
	b.Until("the login is shown", `location.pathname === "/login" && document.activeElement.id === "token"`)
	submit := func(token string) {
		browser.Eval[any](b, `document.querySelector("#token").value = `+quote(token))
		b.Press(kb.Enter)
	}
	submit("wrong")
	b.Until("a wrong token is refused", `document.querySelector("#problem")?.textContent.includes("not the token")`)
	screenshot(b, "login", false)
	b.Complaints() // the browser itself reports the 401
	submit("a long random word")
	b.Until("the dashboard is shown", isLive)
	expectNoComplaints(t, b)
}
