package config_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"ladder/config"
)

// slowest is how long any file may take; the bounds of bounds.go keep even hostile ones far below it.
const slowest = 5 * time.Second

// FuzzParse holds that no file makes Parse panic or hang, that each problem lies inside the file, and that what is
// accepted is accepted again as YAML writes it.
func FuzzParse(f *testing.F) {
	for _, ending := range []string{".good.yaml", ".bad.yaml"} {
		found, err := os.ReadDir("testdata")
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range found {
			if !strings.HasSuffix(file.Name(), ending) {
				continue
			}
			text, err := os.ReadFile("testdata/" + file.Name())
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	base, err := os.Getwd()
	if err != nil {
		f.Fatal(err)
	}
	base += "/testdata"
	f.Fuzz(func(t *testing.T, text []byte) {
		began := time.Now()
		c, err := config.Parse("ladder.yaml", base, text, environment)
		if took := time.Since(began); took > slowest {
			t.Errorf("%d bytes took %v", len(text), took)
		}
		if err != nil {
			checkPlaces(t, text, err)
			return
		}
		if c.Admin.Token != "" || c.Database != nil && c.Database.Primary != "" || c.App != nil && len(c.App.Env) > 0 {
			return // secrets are not written
		}
		again, err := config.Parse("ladder.yaml", base, c.YAML(), environment)
		if err != nil {
			t.Fatalf("accepted, then refused as\n%s\n%v", c.YAML(), err)
		}
		for _, change := range config.Diff(c, again) {
			t.Errorf("%s was %s and is %s, written as\n%s", change.Path, change.Old, change.New, c.YAML())
		}
	})
}

// checkPlaces holds that problems say where in the file they are.
func checkPlaces(t *testing.T, text []byte, err error) {
	t.Helper()
	var problems config.Problems
	if !errors.As(err, &problems) || len(problems) == 0 {
		t.Fatalf("not problems: %v", err)
	}
	lines := strings.Split(string(text), "\n")
	for _, p := range problems {
		if p.Message == "" || !utf8.ValidString(err.Error()) {
			t.Errorf("a problem that cannot be read: %#v", p)
		}
		if p.Line == 0 {
			continue
		}
		if p.Line < 0 || p.Line > len(lines) || p.Column < 1 || p.Column > utf8.RuneCountInString(lines[p.Line-1])+1 {
			t.Errorf("%d:%d is not in the file: %s", p.Line, p.Column, p.Message)
		}
	}
}
