package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"testing"
)

// handlers are the three forms of a log line, all of which must keep secrets.
func handlers(t *testing.T, out *bytes.Buffer) map[string]*slog.Logger {
	t.Helper()
	text, err := NewLogger(out, LogText, slog.LevelInfo)
	if err != nil {
		t.Fatal(err)
	}
	structured, err := NewLogger(out, LogJSON, slog.LevelInfo)
	if err != nil {
		t.Fatal(err)
	}
	terminal := slog.New(newLineHandler(out, &slog.HandlerOptions{Level: slog.LevelInfo, ReplaceAttr: redactAttr}))
	return map[string]*slog.Logger{"text": text, "json": structured, "terminal": terminal}
}

func TestLoggersKeepSecrets(t *testing.T) {
	address, err := url.Parse("postgres://app:hunter2@db/app")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for form, logger := range handlers(t, &out) {
		out.Reset()
		logger.With("admin_token", "hunter2").Info("connecting to postgres://app:hunter2@db/app",
			"url", "postgres://app:hunter2@db:5432/app?x=1", "parsed", address,
			"error", errors.New("cannot reach redis://:hunter2@cache"), "Cookie", "hunter2",
			slog.Group("database", "password", "hunter2"), "command", []string{"x", "amqp://u:hunter2@mq"})
		line := out.String()
		if strings.Contains(line, "hunter2") {
			t.Errorf("%s lets a secret through: %s", form, line)
		}
		if !strings.Contains(line, "@db:5432/app?x=1") {
			t.Errorf("%s redacts more than the password: %s", form, line)
		}
	}
}

func TestRedact(t *testing.T) {
	for text, want := range map[string]string{
		"no address at all":                 "no address at all",
		"see https://example.org:8080/a@b":  "see https://example.org:8080/a@b",
		"postgres://app@db/x":               "postgres://app@db/x",
		"postgres://app:p:w@rd@db/x failed": "postgres://app:" + Redacted + "@db/x failed",
		"a://u:p@h, b://v:q@i":              "a://u:" + Redacted + "@h, b://v:" + Redacted + "@i",
	} {
		if got := Redact(text); got != want {
			t.Errorf("Redact(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestTerminalLines(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(newLineHandler(&out, &slog.HandlerOptions{Level: slog.LevelInfo}))
	logger.Debug("not shown")
	logger.With("node", "a").WithGroup("http").Warn("odd\nline \x1b[31m", "status", 502, "path", "/a b", "empty", "")
	line := out.String()[len("15:04:05 "):]
	if want := "WARN  odd line  [31m  node=a http.status=502 http.path=\"/a b\" http.empty=\"\"\n"; line != want {
		t.Errorf("got  %q\nwant %q", line, want)
	}
}

func TestJSONLines(t *testing.T) {
	var out bytes.Buffer
	handlers(t, &out)["json"].Info("hello", "n", 3)
	var line struct {
		Msg   string
		Level string
		N     int
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Msg != "hello" || line.N != 3 || line.Level != "INFO" {
		t.Errorf("%s: %+v, %v", out.String(), line, err)
	}
}

func TestUnknownLogFormat(t *testing.T) {
	if _, err := NewLogger(&bytes.Buffer{}, "xml", slog.LevelInfo); err == nil || !strings.Contains(err.Error(), "xml") {
		t.Errorf("format xml: %v", err)
	}
}
