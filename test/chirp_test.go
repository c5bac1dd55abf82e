package test

import (
	"testing"

	"ladder/internal/browser"
)

// TestAPersonUsesTheSampleApplication: a real browser signs up and posts through the gateway, scripts, cookies and all.
func TestAPersonUsesTheSampleApplication(t *testing.T) {
	r := newSpace(t, singleServer).up(t)
	b := browser.Start(t)
	b.Size(1280, 800)
	b.Open(r.url("/signup"))
	fill := func(field, value string) {
		browser.Eval[any](b, `document.querySelector("[name=`+field+`]").value = "`+value+`"`)
	}
	submit := func(form string) {
		browser.Eval[any](b, `document.querySelector("`+form+`").requestSubmit()`)
	}
	fill("username", "maya")
	fill("display_name", "Maya")
	fill("password", "long enough")
	submit(`form[action='/signup']`)
	b.Until("the composer is shown", `document.querySelector("form.composer")`)
	fill("body", "through the gateway")
	submit("form.composer")
	b.Until("the post is shown", `document.body?.textContent.includes("through the gateway")`)
	if posts := psql(t, r.space, "select count(*), count(request_key) from posts"); posts != "1|1" {
		t.Errorf("posts, and those that came with a key: %s", posts)
	}
	for _, complaint := range b.Complaints() {
		t.Errorf("the page complains: %s", complaint)
	}
}
