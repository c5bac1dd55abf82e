package supervise

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"ladder/internal/process"
)

const (
	// tailLines and tailWidth bound what is kept of an instance's last output for error messages.
	tailLines = 20
	tailWidth = 400 // bytes
)

// ErrUnknownInstance is returned for a name that is not an instance's.
var ErrUnknownInstance = errors.New("no such instance")

// StartFailure says why an instance did not become ready.
type StartFailure struct {
	Instance string
	Problem  string        // "exit status 1", "not ready within 1m0s: connection refused"
	Exit     *process.Exit // nil when it was still running
	Output   []string      // its last lines
}

// Error has the last lines of output below the problem, indented.
func (f *StartFailure) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s did not become ready: %s", f.Instance, f.Problem)
	if len(f.Output) == 0 {
		text.WriteString("; it printed nothing")
		return text.String()
	}
	text.WriteString("; its last output:")
	for _, line := range f.Output {
		text.WriteString("\n    " + line)
	}
	return text.String()
}

// Hint is what an operator can do about it.
func (f *StartFailure) Hint() string {
	if f.Exit == nil {
		return "the application has to listen on the port that PORT names and to pass app.health; give it longer with app.start_timeout"
	}
	return "the application ended by itself: its output says why"
}

// tail keeps the last lines.
type tail struct {
	mu    sync.Mutex
	lines []string
}

func (t *tail) add(line []byte) {
	text := strings.ToValidUTF8(string(line[:min(len(line), tailWidth)]), "")
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == tailLines {
		t.lines = append(t.lines[:0], t.lines[1:]...)
	}
	t.lines = append(t.lines, text)
}

func (t *tail) all() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.lines...)
}

func (t *tail) last() string {
	lines := t.all()
	if len(lines) == 0 {
		return ""
	}
	return lines[len(lines)-1]
}
