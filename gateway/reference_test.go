package gateway

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of codes into the reference page instead of comparing it")

const (
	referencePage = "../docs/reference/access-log.md"
	tableBegins   = "<!-- the table is made by `go test ./gateway -run TestReferenceHasEveryCode -update` -->\n"
)

// codesTable is the part of the reference page that is made from the table of codes.
func codesTable() string {
	var table strings.Builder
	table.WriteString(tableBegins + "\n| code | status | whose fault | what it means, and what to do |\n|---|---|---|---|\n")
	for _, info := range Codes() {
		status, side := "the application's", string(info.Failed)
		if info.Status != 0 {
			status = fmt.Sprint(info.Status)
		}
		if info.Failed == SideNone {
			side = "nobody's"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s %s |\n", info.Name, status, side, info.Meaning, info.Advice)
	}
	return table.String()
}

func readReference(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(referencePage)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func TestReferenceHasEveryCode(t *testing.T) {
	prose, table, found := strings.Cut(readReference(t), tableBegins)
	if !found {
		t.Fatalf("%s has no place for the table", referencePage)
	}
	if *update {
		if err := os.WriteFile(referencePage, []byte(prose+codesTable()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if tableBegins+table != codesTable() {
		t.Errorf("%s does not end with the table that Codes makes; run: go test ./gateway -run TestReferenceHasEveryCode -update", referencePage)
	}
}

// A line with everything in it, that of a refused request, has no key that the page does not explain.
func TestReferenceHasEveryKey(t *testing.T) {
	page := readReference(t)
	f := newFixture(t, nil)
	raw := dialRaw(t, f.address())
	raw.say("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
	raw.ended()
	var line map[string]any
	if err := json.Unmarshal([]byte(f.logged("bad-request")), &line); err != nil {
		t.Fatal(err)
	}
	if _, complete := line["detail"]; !complete {
		t.Fatalf("the line has no detail: %v", line)
	}
	for key := range line {
		if !strings.Contains(page, "| `"+key+"` |") {
			t.Errorf("%s does not explain %q", referencePage, key)
		}
	}
}
