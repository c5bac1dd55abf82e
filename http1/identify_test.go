package http1

import (
	"bytes"
	"strings"
	"testing"
)

func TestHeadersOfTheTable(t *testing.T) {
	slots := map[HeaderID]bool{}
	for _, id := range headerLookup.slots {
		if id != HeaderOther && slots[id] {
			t.Errorf("%v has two slots", id)
		}
		slots[id] = true
	}
	for id := HeaderHost; id < headerCount; id++ {
		name := id.String()
		if name == "" || len(name) < 2 || len(name) > longestHeaderName || !isToken(name) {
			t.Errorf("header %d has the name %q: give it a token of 2 to %d bytes in headerNames, or raise longestHeaderName", id,
				name, longestHeaderName)
			continue
		}
		if !slots[id] {
			t.Errorf("%s shares its slot with another header: try other multipliers in identify.go", name)
		}
		for _, spelling := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if got, ok := identify([]byte(spelling)); got != id || !ok {
				t.Errorf("%s is taken for %v (%v)", spelling, got, ok)
			}
		}
	}
	if HeaderOther.String() != "" || HeaderUnderscored.String() != "" || headerCount.String() != "" {
		t.Error("what is not a header has a name")
	}
}

// TestNearMisses changes every byte of every known name to every other byte: only case may be changed.
func TestNearMisses(t *testing.T) {
	for id := HeaderHost; id < headerCount; id++ {
		name := []byte(id.String())
		for i := range name {
			original := name[i]
			for b := range 256 {
				name[i] = byte(b)
				want := HeaderOther
				if bytes.EqualFold(name, []byte(id.String())) {
					want = id
				}
				if got := knownHeader(name); got != want && want == id || got == id && want != id {
					t.Fatalf("%q is taken for %q", name, got)
				}
				if _, ok := identify(name); ok != isToken(name) {
					t.Fatalf("identify(%q) says %v about being a token", name, ok)
				}
			}
			name[i] = original
		}
		for _, near := range []string{id.String()[1:], id.String() + "s", "X" + id.String(), id.String()[:len(name)-1]} {
			if knownHeader([]byte(near)) == id {
				t.Errorf("%q is taken for %v", near, id)
			}
		}
	}
}

func TestUnderscored(t *testing.T) {
	for name, want := range map[string]HeaderID{
		"X_Forwarded_For": HeaderUnderscored, "_": HeaderUnderscored, "Content_Length": HeaderUnderscored,
		"X-Forwarded-Fo": HeaderOther, "T": HeaderOther, "": HeaderOther,
	} {
		if got, _ := identify([]byte(name)); got != want {
			t.Errorf("%q is %d, want %d", name, got, want)
		}
	}
}
