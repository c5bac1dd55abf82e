package telemetry

import (
	"fmt"
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"
)

// LogFormat is how log lines look.
type LogFormat string

const (
	// LogText is one readable line on a terminal and key=value elsewhere.
	LogText LogFormat = "text"
	// LogJSON is one JSON object a line.
	LogJSON LogFormat = "json"
)

// NewLogger makes the logger of a process. Values whose key or form says that they are secret (passwords, tokens, cookies,
// the password of a URL) are replaced before they are written, whatever the format. A nil level is info.
func NewLogger(w io.Writer, format LogFormat, level slog.Leveler) (*slog.Logger, error) {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: redactAttr}
	switch {
	case format == LogJSON:
		return slog.New(slog.NewJSONHandler(w, options)), nil
	case format != LogText && format != "":
		return nil, fmt.Errorf("log format %q is neither %q nor %q", format, LogText, LogJSON)
	case isTerminal(w):
		return slog.New(newLineHandler(w, options)), nil
	default:
		return slog.New(slog.NewTextHandler(w, options)), nil
	}
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
