package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// screen is what a person sees of a followed log.
type screen struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) await(t *testing.T, want string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; <-time.After(5 * time.Millisecond) {
		s.mu.Lock()
		text := s.text.String()
		s.mu.Unlock()
		if strings.HasSuffix(text, want) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the screen shows %q, want %q at its end", text, want)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestLogIsFollowedPastItsRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "postgresql.log")
	write(t, path, strings.Repeat("old line\n", logTail)+"last line\n")
	ctx, cancel := context.WithCancel(t.Context())
	var shown screen
	done := make(chan error, 1)
	go func() { done <- printLog(ctx, &shown, path, true) }()
	shown.await(t, "last line\n")
	if length := shown.text.Len(); length > logTail {
		t.Errorf("%d bytes were shown of a long log, want at most %d", length, logTail)
	}
	write(t, path, "new line\n")
	shown.await(t, "last line\nnew line\n")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	write(t, path+".1", "written by one who had it open\n")
	write(t, path, "in the next file\n")
	shown.await(t, "new line\nwritten by one who had it open\nin the next file\n")
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestLogWithoutFollowingEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "postgresql.log")
	write(t, path, "one\ntwo\n")
	var shown screen
	if err := printLog(t.Context(), &shown, path, false); err != nil || shown.text.String() != "one\ntwo\n" {
		t.Errorf("%q, %v", shown.text.String(), err)
	}
	if err := printLog(t.Context(), &shown, path+".none", false); err == nil {
		t.Error("a log that is not there was printed")
	}
}
