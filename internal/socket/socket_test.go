package socket

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

// pair is a connection with its other end, which is an ordinary one.
func pair(t *testing.T) (ours *Conn, theirs *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dialed, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs = &Conn{}, accepted.(*net.TCPConn)
	if err := ours.Init(dialed.(*net.TCPConn)); err != nil {
		t.Fatal(err)
	}
	_ = theirs.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { _ = ours.Close(); _ = theirs.Close() })
	return ours, theirs
}

func TestReadWaitsAndSeesTheEnd(t *testing.T) {
	ours, theirs := pair(t)
	go func() {
		time.Sleep(10 * time.Millisecond)
		_, _ = theirs.Write([]byte("hello"))
		_ = theirs.CloseWrite()
	}()
	got, err := io.ReadAll(reader{ours})
	if err != nil || string(got) != "hello" {
		t.Errorf("got %q, %v", got, err)
	}
}

// reader makes an io.Reader of a connection.
type reader struct{ *Conn }

func (r reader) Read(b []byte) (int, error) { return r.Conn.Read(b) }

// TestAwaitLosesNoWakeUp is what the gateway's hot path stands on: a turn that has read less than it had room for waits without
// asking again, and whatever comes meanwhile wakes it, however the writes fall.
func TestAwaitLosesNoWakeUp(t *testing.T) {
	ours, theirs := pair(t)
	const total = 20000
	go func() {
		for range total {
			if _, err := theirs.Write([]byte{'x'}); err != nil {
				return
			}
			if rand.IntN(4) == 0 {
				time.Sleep(time.Microsecond)
			}
		}
	}()
	got, asked := 0, 0
	err := ours.Await(func(fd uintptr) bool {
		var b [4096]byte
		n, errno := Receive(fd, b[:])
		asked++
		if errno != 0 && errno != syscall.EAGAIN {
			t.Error(errno)
			return true
		}
		got += n
		return got == total
	})
	if err != nil || got != total {
		t.Errorf("got %d of %d, %v", got, total, err)
	}
}

func TestCutsEndWaits(t *testing.T) {
	ours, _ := pair(t)
	for name, wait := range map[string]func() error{
		"read":  func() error { _, err := ours.Read(make([]byte, 1)); return err },
		"await": func() error { return ours.Await(func(uintptr) bool { return false }) },
	} {
		time.AfterFunc(20*time.Millisecond, ours.CutReads)
		if err := wait(); !Cut(err) {
			t.Errorf("%s: %v", name, err)
		}
		ours.ResumeReads()
	}
	time.AfterFunc(20*time.Millisecond, ours.CutWrites)
	var err error
	for full := make([]byte, 1<<20); err == nil; {
		_, err = ours.SendSome(full) // until the socket is full and the write waits
	}
	if !Cut(err) {
		t.Errorf("write: %v", err)
	}
}

func TestLookTellsTheConditionAndTakesNothing(t *testing.T) {
	ours, theirs := pair(t)
	await := func(ours *Conn, want Condition) {
		t.Helper()
		deadline := time.Now().Add(patience)
		for got := ours.Look(); got != want; got = ours.Look() {
			if time.Now().After(deadline) {
				t.Fatalf("condition %d, want %d", got, want)
			}
		}
	}
	await(ours, Quiet)
	_, _ = theirs.Write([]byte("x"))
	await(ours, Readable)
	if n, err := ours.Read(make([]byte, 10)); n != 1 || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
	_ = theirs.CloseWrite()
	await(ours, Ended)
	if got := ours.LookOwned(); got != Ended {
		t.Errorf("the owner sees condition %d", got)
	}
	reset, other := pair(t)
	_ = other.SetLinger(0)
	_ = other.Close()
	await(reset, Broken)
	_ = ours.Close()
	if ours.Look() != Broken {
		t.Error("a closed connection is not broken")
	}
}

func TestTrySendNeverWaits(t *testing.T) {
	ours, theirs := pair(t)
	full := make([]byte, 1<<20)
	for {
		n, err := ours.TrySend(full, false)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	_ = theirs.SetLinger(0)
	_ = theirs.Close()
	deadline := time.Now().Add(patience)
	for {
		if _, err := ours.TrySend(full, true); err != nil {
			if !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
				t.Error(err)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a broken connection takes bytes")
		}
	}
}

func TestTransferMovesExactlyTheLimit(t *testing.T) {
	pipes := NewPipes()
	defer pipes.Close()
	const size, extra = 3<<20 + 17, 1000
	content := make([]byte, size+extra)
	for i := range content {
		content[i] = byte(rand.IntN(256))
	}
	source, from := pair(t)
	destination, to := pair(t)
	go func() { _, _ = from.Write(content); _ = from.CloseWrite() }()
	received := make(chan []byte, 1)
	go func() {
		got := make([]byte, size)
		_, _ = io.ReadFull(to, got)
		received <- got
	}()
	pipe, err := pipes.Take()
	if err != nil {
		t.Fatal(err)
	}
	var waits atomic.Int64
	moved, _, err := pipe.Transfer(destination, source, size, func(Side, int64) { waits.Add(1) })
	if err != nil || moved != size || waits.Load() < 2 {
		t.Errorf("moved %d, %v, %d waits", moved, err, waits.Load())
	}
	if got := <-received; !bytes.Equal(got, content[:size]) {
		t.Error("what arrived is not what was sent")
	}
	pipes.Put(pipe)
	again, err := pipes.Take()
	if err != nil || again != pipe {
		t.Error("an empty pipe is not used again")
	}
	rest, err := io.ReadAll(reader{source}) // what is behind the limit stays
	if err != nil || len(rest) != extra {
		t.Errorf("%d bytes were left, %v", len(rest), err)
	}
	if moved, side, err := again.Transfer(destination, source, 1<<40, func(Side, int64) {}); moved != 0 || side != Source || err != io.EOF {
		t.Errorf("at the end: %d, side %d, %v", moved, side, err)
	}
	pipes.Put(again)
}

func TestTransferSaysWhichSideFailed(t *testing.T) {
	pipes := NewPipes()
	defer pipes.Close()
	source, from := pair(t)
	destination, to := pair(t)
	_ = to.SetLinger(0)
	_ = to.Close()
	go func() {
		for piece := make([]byte, 1<<16); ; {
			if _, err := from.Write(piece); err != nil {
				return
			}
		}
	}()
	pipe, err := pipes.Take()
	if err != nil {
		t.Fatal(err)
	}
	_, side, err := pipe.Transfer(destination, source, 1<<40, func(Side, int64) {})
	if err == nil || side != Destination {
		t.Errorf("side %d, %v", side, err)
	}
	pipes.Put(pipe) // it holds bytes of somebody's: not to be used again
	if next, err := pipes.Take(); err != nil || next == pipe {
		t.Error("a pipe that holds bytes is used again")
	} else {
		pipes.Put(next)
	}
	fresh, err := pipes.Take()
	if err != nil {
		t.Fatal(err)
	}
	defer pipes.Put(fresh)
	quiet, _ := pair(t)
	time.AfterFunc(20*time.Millisecond, quiet.CutReads)
	if _, side, err := fresh.Transfer(destination, quiet, 1<<40, func(Side, int64) {}); side != Source || !Cut(err) {
		t.Errorf("a cut: side %d, %v", side, err)
	}
}
