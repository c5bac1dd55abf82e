package node

import (
	"fmt"
	"io"
	"sync"

	"ladder/internal/logfile"
	"ladder/telemetry"
)

const (
	// appLogSize and appLogKeep bound what is kept of the application's output.
	appLogSize = 32 << 20
	appLogKeep = 3
)

// appOutput takes what the instances print, line by line, to one log file and to whoever watches `ladder up`.
type appOutput struct {
	file *logfile.File

	mu     sync.Mutex // lines of several instances must not mix
	shown  io.Writer  // nil for nowhere
	buffer []byte
}

func openAppOutput(n *Node) (*appOutput, error) {
	file, err := logfile.Open(logfile.Options{
		Path: n.directory.Log("app.log"), MaxSize: appLogSize, Keep: appLogKeep,
		OnError: n.logFailing(telemetry.LogFailing, "app.log"),
	})
	if err != nil {
		return nil, fmt.Errorf("opening the application's log: %w", err)
	}
	return &appOutput{file: file, shown: n.options.AppOutput}, nil
}

// line takes one line without its end; it is called from the goroutines that read the instances' pipes. Failing to write is
// reported by the log file itself, and no reason to disturb the application.
func (o *appOutput) line(instance, _ string, line []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.buffer = append(append(append(append(o.buffer[:0], instance...), " | "...), line...), '\n')
	_, _ = o.file.Write(o.buffer)
	if o.shown != nil {
		_, _ = o.shown.Write(o.buffer)
	}
}

func (o *appOutput) Close() error { return o.file.Close() }

// logFailing turns the trouble of a log file into a warning, and its end into none.
func (n *Node) logFailing(code telemetry.WarningCode, subject string) func(error) {
	return func(err error) {
		if err == nil {
			n.health.Clear(code, subject)
			return
		}
		n.health.Set(code, subject, err.Error())
	}
}
