package hint_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"ladder/internal/hint"
)

func TestHintIsFoundThroughWrapping(t *testing.T) {
	err := fmt.Errorf("starting gateway: %w", hint.Errorf("choose another port", "listening on :80: %w", io.EOF))
	if got := hint.Of(err); got != "choose another port" {
		t.Errorf("hint is %q", got)
	}
	if !errors.Is(err, io.EOF) {
		t.Error("the cause was lost")
	}
	if got, want := err.Error(), "starting gateway: listening on :80: EOF"; got != want {
		t.Errorf("message is %q, want %q", got, want)
	}
}

func TestNoHint(t *testing.T) {
	if got := hint.Of(io.EOF); got != "" {
		t.Errorf("hint is %q, want none", got)
	}
	if hint.Wrap(nil, "anything") != nil {
		t.Error("a hint made an error out of nil")
	}
}
