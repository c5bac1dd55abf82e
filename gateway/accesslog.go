package gateway

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"ladder/internal/lifecycle"
	"ladder/telemetry"
)

const (
	// LogShardBytes is how many bytes of lines one shard holds until they are written; further lines are dropped and counted.
	LogShardBytes = 256 << 10
	// logFlushBytes is when a shard asks to be written before its time.
	logFlushBytes = 64 << 10
	// LogFlushInterval is how long a line waits to be written at most.
	LogFlushInterval = time.Second
)

// accessLog gathers lines in memory and writes them in batches, so that no request ever waits for a disk. If the writer fails
// the requests go on, and a health warning says that lines are missing. Use [newAccessLog].
type accessLog struct {
	health  *telemetry.Health
	tasks   lifecycle.Tasks
	wake    chan struct{}
	dropped atomic.Uint64
	format  atomic.Uint32 // a lineFormat
	zero    atomic.Int64  // the wall time at which the gateway's clock was 0, in nanoseconds since 1970

	mu      sync.Mutex // held while writing
	writer  io.Writer
	failing bool

	shards [statShards]logShard
}

// lineFormat is how lines are written.
type lineFormat uint32

const (
	linesOff lineFormat = iota
	linesJSON
	linesText
)

type logShard struct {
	mu     sync.Mutex
	lines  []byte
	spare  []byte // the other buffer, while it is not being written
	second secondText
	_      [64]byte // keeps the next shard off this one's cache line
}

// newAccessLog makes a log whose lines take their time from the gateway's clock, which began at base.
func newAccessLog(options AccessLog, base time.Time, health *telemetry.Health) *accessLog {
	l := &accessLog{health: health, wake: make(chan struct{}, 1)}
	l.zero.Store(base.UnixNano())
	l.redirect(options)
	return l
}

// redirect writes what there is to the present writer, and from then on uses the new one.
func (l *accessLog) redirect(options AccessLog) {
	l.flush()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writer = options.Writer
	switch {
	case options.Writer == nil:
		l.format.Store(uint32(linesOff))
	case options.Format == FormatText:
		l.format.Store(uint32(linesText))
	default:
		l.format.Store(uint32(linesJSON))
	}
}

// start begins to write.
func (l *accessLog) start() { l.tasks.Go(l.writing) }

// stop writes what is left.
func (l *accessLog) stop(ctx context.Context) error {
	if err := l.tasks.Stop(ctx); err != nil {
		return err
	}
	l.flush()
	l.health.Clear(telemetry.AccessLogFailing, "gateway")
	return nil
}

// write adds the line of an exchange that ended now.
func (l *accessLog) write(number int, x *exchange, now int64) {
	format := lineFormat(l.format.Load())
	if format == linesOff {
		return
	}
	shard := &l.shards[number]
	shard.mu.Lock()
	before := len(shard.lines)
	when := shard.second.at(l.zero.Load() + now)
	if format == linesText {
		shard.lines = x.appendText(shard.lines, when, now)
	} else {
		shard.lines = x.appendJSON(shard.lines, when, now)
	}
	after := len(shard.lines)
	if after > LogShardBytes {
		shard.lines = shard.lines[:before]
		l.dropped.Add(1)
	}
	shard.mu.Unlock()
	if before < logFlushBytes && after >= logFlushBytes {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

func (l *accessLog) writing(ctx context.Context) {
	ticker := time.NewTicker(LogFlushInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-l.wake:
		}
		l.flush()
	}
}

// flush writes what all shards hold.
func (l *accessLog) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	var failure error
	for i := range l.shards {
		shard := &l.shards[i]
		shard.mu.Lock()
		lines := shard.lines
		shard.lines, shard.spare = shard.spare[:0], nil
		shard.mu.Unlock()
		if len(lines) > 0 && l.writer != nil {
			if _, err := l.writer.Write(lines); err != nil {
				failure = err
			}
		}
		shard.mu.Lock()
		shard.spare = lines
		shard.mu.Unlock()
	}
	l.tell(failure)
}

// tell raises or clears the warning.
func (l *accessLog) tell(failure error) {
	switch {
	case failure != nil:
		l.failing = true
		l.health.Set(telemetry.AccessLogFailing, "gateway", fmt.Sprintf("lines of the access log are being lost: %v", failure))
	case l.failing:
		l.failing = false
		l.health.Clear(telemetry.AccessLogFailing, "gateway")
	}
}
