package telemetry

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
)

// lineHandler writes what a person at a terminal wants to read:
//
//	15:04:05 WARN  instance exited  subject=app.1 exit="killed by SIGKILL"
type lineHandler struct {
	mu      *sync.Mutex // shared with the handlers that With made
	out     io.Writer
	options slog.HandlerOptions
	prefix  string // of groups: "http."
	fixed   []byte // attributes of With, formatted
}

func newLineHandler(out io.Writer, options *slog.HandlerOptions) *lineHandler {
	return &lineHandler{mu: new(sync.Mutex), out: out, options: *options}
}

// Enabled reports whether the level is written.
func (h *lineHandler) Enabled(_ context.Context, level slog.Level) bool {
	if h.options.Level == nil {
		return level >= slog.LevelInfo
	}
	return level >= h.options.Level.Level()
}

// Handle writes one line.
func (h *lineHandler) Handle(_ context.Context, record slog.Record) error {
	var line bytes.Buffer
	if !record.Time.IsZero() {
		line.WriteString(record.Time.Format("15:04:05 "))
	}
	level := record.Level.String()
	line.WriteString(level)
	line.WriteString(strings.Repeat(" ", max(1, 6-len(level))))
	line.WriteString(oneLine(Redact(record.Message)))
	if len(h.fixed) > 0 || record.NumAttrs() > 0 {
		line.WriteByte(' ')
	}
	line.Write(h.fixed)
	record.Attrs(func(attr slog.Attr) bool {
		h.append(&line, h.prefix, attr)
		return true
	})
	line.WriteByte('\n')
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := h.out.Write(line.Bytes())
	return err
}

// WithAttrs formats the attributes once.
func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var fixed bytes.Buffer
	fixed.Write(h.fixed)
	for _, attr := range attrs {
		h.append(&fixed, h.prefix, attr)
	}
	with := *h
	with.fixed = fixed.Bytes()
	return &with
}

// WithGroup prefixes the names of what follows.
func (h *lineHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	with := *h
	with.prefix += name + "."
	return &with
}

func (h *lineHandler) append(line *bytes.Buffer, prefix string, attr slog.Attr) {
	attr.Value = attr.Value.Resolve()
	if attr.Value.Kind() == slog.KindGroup {
		if attr.Key != "" {
			prefix += attr.Key + "."
		}
		for _, member := range attr.Value.Group() {
			h.append(line, prefix, member)
		}
		return
	}
	if h.options.ReplaceAttr != nil {
		attr = h.options.ReplaceAttr(nil, attr)
	}
	if attr.Equal(slog.Attr{}) {
		return
	}
	line.WriteByte(' ')
	line.WriteString(prefix + attr.Key)
	line.WriteByte('=')
	value := attr.Value.String()
	if value == "" || strings.ContainsAny(value, " \"=") || oneLine(value) != value {
		value = strconv.Quote(value)
	}
	line.WriteString(value)
}

// oneLine replaces control characters, which could otherwise forge lines or drive the terminal.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}
