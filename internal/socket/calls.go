package socket

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls below use RawSyscall, which does not hand this thread's processor to others for the duration: on a non-blocking
// socket they take a few microseconds, less than the handing over and back would cost under load.

// Receive reads what has come, at most len(b) bytes. 0 bytes without error is the end of the stream; EAGAIN says that nothing
// is there now. fd must be a non-blocking socket and b must not be empty.
func Receive(fd uintptr, b []byte) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd,
			uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), unix.MSG_DONTWAIT, 0, 0)
		if errno == 0 {
			return int(n), 0
		}
		if errno != syscall.EINTR {
			return 0, errno
		}
	}
}

// Send writes as much of b as the socket takes now; EAGAIN says that it takes nothing. With more, the kernel may hold the bytes
// back for a moment to send them together with those that follow.
func Send(fd uintptr, b []byte, more bool) (int, syscall.Errno) {
	flags := uintptr(unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL)
	if more {
		flags |= unix.MSG_MORE
	}
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, fd,
			uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), flags, 0, 0)
		if errno == 0 {
			return int(n), 0
		}
		if errno != syscall.EINTR {
			return 0, errno
		}
	}
}

// Condition is what a look at a connection found.
type Condition uint8

const (
	// Quiet: open, and nothing has come.
	Quiet Condition = iota
	// Readable: there are bytes to read.
	Readable
	// Ended: the peer has closed its sending side and everything before that was read.
	Ended
	// Broken: the connection was reset or failed otherwise.
	Broken
)

// look asks the kernel for the state of the receiving side without taking anything from it.
func look(fd uintptr) Condition {
	var one [1]byte
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd,
			uintptr(unsafe.Pointer(&one)), 1, unix.MSG_DONTWAIT|unix.MSG_PEEK, 0, 0)
		switch {
		case errno == syscall.EINTR:
			continue
		case errno == syscall.EAGAIN:
			return Quiet
		case errno != 0:
			return Broken
		case n == 0:
			return Ended
		default:
			return Readable
		}
	}
}
