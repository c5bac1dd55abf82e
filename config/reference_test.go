package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ladder/config"
)

const referencePage = "../docs/reference/file.md"

func TestReferencePageIsCurrent(t *testing.T) {
	if *update {
		if err := os.MkdirAll(filepath.Dir(referencePage), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, referencePage, string(config.Reference()))
}

func TestReferenceLeadsToEachSection(t *testing.T) {
	page := string(config.Reference())
	anchors := map[string]bool{}
	for line := range strings.Lines(page) {
		if heading, found := strings.CutPrefix(line, "## "); found {
			anchor := strings.NewReplacer(".", "", "[", "", "]", "", " ", "-").Replace(strings.ToLower(strings.TrimSpace(heading)))
			anchors[anchor] = true
		}
	}
	links := 0
	for _, part := range strings.Split(page, "](#")[1:] {
		anchor, _, _ := strings.Cut(part, ")")
		if !anchors[anchor] {
			t.Errorf("a link leads to #%s, which no heading has", anchor)
		}
		links++
	}
	if links == 0 {
		t.Error("no links at all")
	}
	for _, line := range strings.Split(page, "\n") {
		if strings.HasPrefix(line, "| `") && strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") != 5 && strings.Count(line, "|") != 3 {
			t.Errorf("a row with the wrong number of cells: %s", line)
		}
	}
}
