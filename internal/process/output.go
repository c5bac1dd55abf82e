package process

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// MaxLine is the longest piece of output handed over at once, in bytes; longer lines come in pieces of this size.
	MaxLine = 16 << 10
	// outputBuffer bounds the lines, in bytes, that wait for a slow reader; what comes on top is dropped and counted.
	outputBuffer = 256 << 10
	// lineOverhead is what a queued line is charged beside its bytes, so that empty lines are bounded too.
	lineOverhead = 64
)

// output takes what a child prints: one goroutine per pipe splits it into lines and queues them, one delivers them.
type output struct {
	readers []stream
	files   [3]*os.File // what the child gets as 0, 1 and 2
	owned   []*os.File  // those of files that we opened

	dropped atomic.Uint64
	reading sync.WaitGroup

	mu        sync.Mutex
	queue     []queuedLine
	queued    int    // bytes charged for queue
	lost      uint64 // lines dropped since the last notice
	closed    bool   // no more lines will come
	wake      chan struct{}
	delivered chan struct{}
}

type stream struct {
	pipe    *os.File
	deliver func([]byte)
}

type queuedLine struct {
	deliver func([]byte)
	line    []byte
}

func newOutput(spec Spec) (*output, error) {
	o := &output{wake: make(chan struct{}, 1), delivered: make(chan struct{})}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	o.files[0], o.owned = null, []*os.File{null}
	for i, stream := range []struct {
		file    *os.File
		deliver func([]byte)
	}{{spec.StdoutFile, spec.Stdout}, {spec.StderrFile, spec.Stderr}} {
		if o.files[i+1], err = o.childFile(stream.file, stream.deliver, null); err != nil {
			o.closeChildEnds()
			o.abandon()
			return nil, err
		}
	}
	return o, nil
}

func (o *output) childFile(file *os.File, deliver func([]byte), null *os.File) (*os.File, error) {
	if file != nil {
		return file, nil
	}
	if deliver == nil {
		return null, nil
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	o.owned = append(o.owned, write)
	o.readers = append(o.readers, stream{pipe: read, deliver: deliver})
	return write, nil
}

func (o *output) childFiles() []*os.File { return o.files[:] }

func (o *output) closeChildEnds() {
	for _, file := range o.owned {
		_ = file.Close()
	}
	o.owned = nil
}

// abandon is for a child that was never started.
func (o *output) abandon() {
	for _, stream := range o.readers {
		_ = stream.pipe.Close()
	}
}

func (o *output) start() {
	for _, stream := range o.readers {
		o.reading.Add(1)
		go func() {
			defer o.reading.Done()
			o.read(stream)
		}()
	}
	go o.deliver()
}

// drain is called when the child is gone: it returns when everything it printed has been delivered, or after wait for the
// pipes and another wait for the reader.
func (o *output) drain(wait time.Duration) {
	for _, stream := range o.readers {
		_ = stream.pipe.SetReadDeadline(time.Now().Add(wait))
	}
	o.reading.Wait()
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.signal()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-o.delivered:
	case <-timer.C:
	}
}

// read splits one pipe into lines until its end or the deadline that drain sets.
func (o *output) read(stream stream) {
	defer func() { _ = stream.pipe.Close() }()
	buffer := make([]byte, MaxLine)
	held := 0 // bytes of an unfinished line at the start of buffer
	for {
		n, err := stream.pipe.Read(buffer[held:])
		held += n
		rest := buffer[:held]
		for {
			line, after, found := bytes.Cut(rest, []byte{'\n'})
			if !found {
				break
			}
			o.push(stream.deliver, line)
			rest = after
		}
		if len(rest) == MaxLine {
			o.push(stream.deliver, rest)
			rest = nil
		}
		held = copy(buffer, rest)
		if err != nil {
			if held > 0 {
				o.push(stream.deliver, buffer[:held])
			}
			if !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrDeadlineExceeded) {
				o.push(stream.deliver, fmt.Appendf(nil, "ladder: reading the output failed: %v", err))
			}
			return
		}
	}
}

func (o *output) push(deliver func([]byte), line []byte) {
	line = bytes.TrimSuffix(line, []byte{'\r'})
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.queued+len(line)+lineOverhead > outputBuffer {
		o.lost++
		o.dropped.Add(1)
		return
	}
	if o.lost > 0 {
		notice := fmt.Appendf(nil, "ladder: %d lines of output dropped: they came faster than they could be written", o.lost)
		o.enqueue(deliver, notice)
		o.lost = 0
	}
	o.enqueue(deliver, bytes.Clone(line))
	o.signal()
}

func (o *output) enqueue(deliver func([]byte), line []byte) {
	o.queue = append(o.queue, queuedLine{deliver, line})
	o.queued += len(line) + lineOverhead
}

func (o *output) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *output) deliver() {
	defer close(o.delivered)
	for range o.wake {
		for {
			batch, closed := o.take()
			for _, item := range batch {
				item.deliver(item.line)
			}
			if len(batch) == 0 {
				if closed {
					return
				}
				break
			}
		}
	}
}

func (o *output) take() (batch []queuedLine, closed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	batch, o.queue, o.queued = o.queue, nil, 0
	return batch, o.closed
}
