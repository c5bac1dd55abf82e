package config_test

import (
	"testing"

	"ladder/config"
)

func TestRung(t *testing.T) {
	for text, want := range map[string]int{
		"app: {command: [sh]}\ndatabase: {embedded: {}}":                            1,
		"app: {command: [sh], instances: 4}\ngateway:":                              1,
		"app: {servers: [a:1]}\ngateway:":                                           1,
		"app: {command: [sh]}\ndatabase: {primary: \"postgres://h/d\"}":             2,
		"app: {servers: [a:1, b:1]}\ngateway:":                                      3,
		"app: {servers: [a:1, b:1]}\ngateway:\ndatabase: {primary: postgres://h/d}": 3,
	} {
		number, name := mustParse(t, text, environment).Rung()
		if number != want || name != config.Rungs[want-1].Name {
			t.Errorf("rung %d (%s), not %d:\n%s", number, name, want, text)
		}
	}
}

func TestRungsAreInOrder(t *testing.T) {
	if len(config.Rungs) != 9 {
		t.Fatalf("%d rungs", len(config.Rungs))
	}
	names := map[string]bool{}
	for i, rung := range config.Rungs {
		if rung.Number != i+1 || rung.Name == "" || rung.Title == "" || rung.Summary == "" || names[rung.Name] {
			t.Errorf("rung %d is %+v", i+1, rung)
		}
		names[rung.Name] = true
	}
}
