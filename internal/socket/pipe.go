package socket

import (
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// PipesKept is how many pipes a [Pipes] keeps for later; each costs two descriptors.
	PipesKept = 64
	// spliceOnce is how many bytes one call asks for: more than a pipe holds, the kernel takes what fits.
	spliceOnce = 1 << 20
)

// Pipe is the kernel's buffer between two sockets. It is used by one goroutine at a time.
type Pipe struct {
	read, write int
	held        int // bytes that are in the pipe
}

// Pipes keeps pipes for reuse. Use [NewPipes].
type Pipes struct{ idle chan *Pipe }

// NewPipes makes an empty store.
func NewPipes() *Pipes { return &Pipes{idle: make(chan *Pipe, PipesKept)} }

// Take gives a pipe, or an error when the process has no descriptors left.
func (p *Pipes) Take() (*Pipe, error) {
	select {
	case pipe := <-p.idle:
		return pipe, nil
	default:
	}
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, fmt.Errorf("making a pipe to splice through: %w", err)
	}
	return &Pipe{read: ends[0], write: ends[1]}, nil
}

// Put takes a pipe back. One that still holds bytes is closed, since they belong to somebody else.
func (p *Pipes) Put(pipe *Pipe) {
	if pipe.held == 0 {
		select {
		case p.idle <- pipe:
			return
		default:
		}
	}
	pipe.close()
}

// Close closes the pipes that are kept.
func (p *Pipes) Close() {
	for {
		select {
		case pipe := <-p.idle:
			pipe.close()
		default:
			return
		}
	}
}

func (p *Pipe) close() {
	_ = unix.Close(p.read)
	_ = unix.Close(p.write)
}

// Side says which end of a transfer failed or is being waited for.
type Side uint8

const (
	// Source is the connection that bytes come from.
	Source Side = iota
	// Destination is the connection that they go to.
	Destination
)

// Transfer moves limit bytes from src to dst and returns how many arrived. before is called ahead of each system call that may
// wait, with the side that it waits for and how many bytes have not been read yet: that is where a caller notes progress. At the
// end of src it returns [io.EOF]; the side tells whose fault an error is.
func (p *Pipe) Transfer(dst, src *Conn, limit int64, before func(side Side, unread int64)) (moved int64, side Side, err error) {
	for moved < limit {
		want := min(spliceOnce, limit-moved)
		before(Source, limit-moved)
		n, err := p.fill(src, int(want))
		if err != nil {
			return moved, Source, err
		}
		if n == 0 {
			return moved, Source, io.EOF
		}
		for p.held > 0 {
			before(Destination, limit-moved-int64(p.held))
			n, err := p.empty(dst)
			if err != nil {
				return moved, Destination, err
			}
			moved += int64(n)
		}
	}
	return moved, Source, nil
}

// fill takes bytes from a socket into the pipe, waiting for the first.
func (p *Pipe) fill(src *Conn, want int) (n int, err error) {
	errWait := src.raw.Read(func(fd uintptr) bool {
		n, err = splice(int(fd), p.write, want)
		return err != syscall.EAGAIN
	})
	if errWait != nil {
		return 0, errWait
	}
	if err != nil {
		return 0, os.NewSyscallError("splice", err)
	}
	p.held += n
	return n, nil
}

// empty gives bytes from the pipe to a socket, waiting until it takes some.
func (p *Pipe) empty(dst *Conn) (n int, err error) {
	errWait := dst.raw.Write(func(fd uintptr) bool {
		n, err = splice(p.read, int(fd), p.held)
		return err != syscall.EAGAIN
	})
	if errWait != nil {
		return 0, errWait
	}
	if err != nil {
		return 0, os.NewSyscallError("splice", err)
	}
	p.held -= n
	return n, nil
}

func splice(from, to, want int) (int, error) {
	for {
		n, err := unix.Splice(from, nil, to, nil, want, unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		if err != syscall.EINTR {
			return int(n), err
		}
	}
}
