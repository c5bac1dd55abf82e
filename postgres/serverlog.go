package postgres

import (
	"regexp"
	"strconv"
	"strings"
)

// logSign is what a line of the server's log says about the server as a whole.
type logSign uint8

const (
	signNone         logSign = iota
	signBackendDied          // a process of the server was killed or crashed; the server will restart itself
	signReinitialize         // it has begun to
	signRecovering           // the write-ahead log is being replayed
	signProgress             // how far that is
	signReady                // connections are accepted
)

// logLine matches what logLinePrefix writes: "2026-11-23 13:07:00.123 UTC [4711] LOG:  message". Messages of a session
// carry user and database before the severity and never match, so that no application can imitate the server.
var logLine = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \S+ \[(\d+)\] ([A-Z]+):  (.*)$`)

// parseLogLine reads one line of the log; postmaster is the process id of the server itself. The text is the message
// where the line is a sign.
func parseLogLine(line string, postmaster int) (logSign, string) {
	match := logLine.FindStringSubmatch(line)
	if match == nil || match[2] != "LOG" {
		return signNone, ""
	}
	message := match[3]
	if strings.HasPrefix(message, "database system was not properly shut down; automatic recovery in progress") ||
		strings.HasPrefix(message, "database system was interrupted") {
		return signRecovering, message
	}
	if strings.HasPrefix(message, "redo in progress") || strings.HasPrefix(message, "syncing data directory") {
		return signProgress, message
	}
	if match[1] != strconv.Itoa(postmaster) {
		return signNone, ""
	}
	switch {
	case strings.Contains(message, " was terminated by signal "), strings.Contains(message, ") exited with exit code 2"):
		return signBackendDied, message
	case strings.HasPrefix(message, "all server processes terminated; reinitializing"):
		return signReinitialize, message
	case strings.HasPrefix(message, "database system is ready to accept connections"):
		return signReady, message
	}
	return signNone, ""
}
