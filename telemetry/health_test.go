package telemetry

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// update rewrites the pages that are made from code: go test ./telemetry -update.
var update = flag.Bool("update", false, "rewrite generated pages")

func codes(warnings []Warning) []string {
	var found []string
	for _, warning := range warnings {
		found = append(found, string(warning.Code)+"/"+warning.Subject)
	}
	return found
}

func TestHealthHoldsWarningsUntilCleared(t *testing.T) {
	bus := NewBus(nil)
	health := NewHealth(bus)
	changed := health.Changed()
	health.Set(AppInstanceCrashLoop, "app.1", "exited 5 times")
	select {
	case <-changed:
	default:
		t.Error("Changed was not closed by Set")
	}
	first := health.Current()
	if len(first) != 1 || first[0].Title == "" || first[0].Hint == "" || first[0].Severity != SeverityCritical {
		t.Fatalf("current warnings: %+v", first)
	}
	health.Set(AppInstanceCrashLoop, "app.1", "exited 6 times")
	second := health.Current()
	if len(second) != 1 || second[0].Text != "exited 6 times" || !second[0].Since.Equal(first[0].Since) {
		t.Errorf("set again: %+v, want the new text and the old time", second)
	}
	health.Clear(AppInstanceCrashLoop, "app.1")
	health.Clear(AppInstanceCrashLoop, "app.1")
	if left := health.Current(); len(left) != 0 {
		t.Errorf("after Clear: %+v", left)
	}
	var published []string
	for _, event := range bus.Recent(10) {
		published = append(published, event.Code+" "+event.Attributes["warning"])
	}
	if len(published) != 2 || published[0] != "warning_raised app-instance-crash-loop" || published[1] != "warning_cleared app-instance-crash-loop" {
		t.Errorf("published %q", published)
	}
}

func TestHealthHidesWhatAnotherWarningExplains(t *testing.T) {
	health := NewHealth(nil)
	health.Set(AppInstanceUnhealthy, "app.1", "connection refused")
	health.Set(AppInstanceUnhealthy, "app.2", "connection refused")
	health.Set(DatabaseDown, "database", "it ended")
	if shown := codes(health.Current()); len(shown) != 1 || shown[0] != "database-down/database" {
		t.Errorf("shown: %v, want the database alone", shown)
	}
	if all := codes(health.All()); len(all) != 3 || all[0] != "database-down/database" {
		t.Errorf("all: %v, want three, gravest first", all)
	}
	health.Clear(DatabaseDown, "database")
	if shown := codes(health.Current()); len(shown) != 2 {
		t.Errorf("shown after the database is back: %v", shown)
	}
	health.ClearSubject("app.1")
	if shown := codes(health.Current()); len(shown) != 1 || shown[0] != "app-instance-unhealthy/app.2" {
		t.Errorf("shown after app.1 is gone: %v", shown)
	}
}

func TestHealthIsBounded(t *testing.T) {
	health := NewHealth(nil)
	for i := range WarningsPerCode + 50 {
		health.Set(AppInstanceUnhealthy, "app."+strconv.Itoa(i), "down")
	}
	if held := len(health.All()); held != WarningsPerCode {
		t.Errorf("%d warnings of one code are held, want %d", held, WarningsPerCode)
	}
}

func TestHealthUnknownCodePanicsInTests(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a code without a row was taken")
		}
	}()
	NewHealth(nil).Set("no-such-code", "", "")
}

func TestNilHealth(t *testing.T) {
	var health *Health
	health.Set(DatabaseDown, "", "")
	health.Clear(DatabaseDown, "")
	health.ClearSubject("")
	if health.Current() != nil || health.Changed() != nil {
		t.Error("a nil Health holds something")
	}
}

// TestWarnables checks that the table can be relied on: codes well formed and unique, every text there, dependencies real.
func TestWarnables(t *testing.T) {
	form := regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`)
	known := make(map[WarningCode]bool)
	for _, warnable := range Warnables() {
		if !form.MatchString(string(warnable.Code)) || known[warnable.Code] {
			t.Errorf("code %q is malformed or there twice", warnable.Code)
		}
		known[warnable.Code] = true
		if warnable.Title == "" || warnable.Meaning == "" || warnable.Hint == "" || warnable.Severity == SeverityInfo {
			t.Errorf("%s lacks a title, meaning, hint or severity", warnable.Code)
		}
	}
	for _, warnable := range Warnables() {
		for _, code := range warnable.DependsOn {
			if !known[code] || code == warnable.Code {
				t.Errorf("%s depends on %s", warnable.Code, code)
			}
		}
	}
}

func TestWarningsReference(t *testing.T) {
	path := filepath.Join("..", "docs", "reference", "warnings.md")
	page := WarningsReference()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(committed) != string(page) {
		t.Errorf("%s is not what telemetry.Warnables makes; run: go test ./telemetry -run TestWarningsReference -update", path)
	}
}
