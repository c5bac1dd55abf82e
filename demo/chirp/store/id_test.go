package store

import (
	"testing"
	"time"
)

func TestIDsRiseEvenWhenTheClockStepsBack(t *testing.T) {
	var made ids
	now := time.Now()
	last := ID(0)
	for i := range 10_000 {
		id := made.next(now.Add(-time.Duration(i) * time.Millisecond))
		if id <= last {
			t.Fatalf("ID %d came after %d", id, last)
		}
		last = id
	}
}

func TestIDsCarryTheirTime(t *testing.T) {
	at := time.Date(2031, 5, 6, 7, 8, 9, 123e6, time.UTC)
	var made ids
	id := made.next(at)
	if got := id.Time(); !got.Equal(at) {
		t.Errorf("made at %v, says %v", at, got)
	}
	if id < firstID(at) || id >= firstID(at.Add(time.Millisecond)) {
		t.Errorf("ID %d is not between those of its millisecond and the next", id)
	}
	if got := firstID(time.Unix(0, 0)); got != 0 {
		t.Errorf("the first ID before 2024 is %d, want 0", got)
	}
}

func TestUserIDsArePositiveAndFollowFromTheName(t *testing.T) {
	seen := map[ID]string{}
	for _, name := range []string{"a", "b", "maya", "maya_", "maya1", ""} {
		id := UserID(name)
		if id <= 0 || id != UserID(name) || seen[id] != "" {
			t.Errorf("UserID(%q) = %d", name, id)
		}
		seen[id] = name
	}
	const maya = 6102055167824940833 // it is in people's cookies and in the database: it can never change
	if got := UserID("maya"); got != maya {
		t.Errorf("UserID(maya) = %d, want %d", got, int64(maya))
	}
}

func TestReferencesSurviveTheirTextForm(t *testing.T) {
	ref := ImageRef{UserID("maya"), 12345}
	if got, err := ParseImageRef(ref.String()); err != nil || got != ref {
		t.Errorf("%s is read as %v (%v)", ref, got, err)
	}
	for _, text := range []string{"", "-", "1", "1-", "-1", "0-1", "1--1", "1-x", "1-2-3", "99999999999999999999-1", " 1-1"} {
		if got, err := ParseImageRef(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}
