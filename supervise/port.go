package supervise

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"ladder/internal/hint"
)

// choosePort returns previous if it is still free, else a free port that the kernel chooses. A port is free when it can be
// bound on all addresses, because that is what many applications do. It is only bound, never listened on, so that nobody
// can connect to Ladder by mistake. Between this and the application's own bind somebody may take it; the start then
// fails, and is repeated with another.
func choosePort(previous int) (int, error) {
	if previous != 0 && portFree(previous) {
		return previous, nil
	}
	port, err := bindOnce(0, false)
	if err != nil {
		return 0, hint.Wrap(fmt.Errorf("finding a free port: %w", err), "see which ports are taken: ss -tln")
	}
	return port, nil
}

// portFree reports whether an application could listen on port now. Connections of a former listener that linger in
// TIME_WAIT do not count, which is what SO_REUSEADDR says and nearly all servers set.
func portFree(port int) bool {
	_, err := bindOnce(port, true)
	return err == nil
}

func bindOnce(port int, reuse bool) (int, error) {
	bound, err := bindFamily(unix.AF_INET6, &unix.SockaddrInet6{Port: port}, reuse)
	if errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EADDRNOTAVAIL) { // a machine without IPv6
		bound, err = bindFamily(unix.AF_INET, &unix.SockaddrInet4{Port: port}, reuse)
	}
	return bound, err
}

func bindFamily(family int, address unix.Sockaddr, reuse bool) (int, error) {
	socket, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer func() { _ = unix.Close(socket) }()
	if family == unix.AF_INET6 {
		if err := unix.SetsockoptInt(socket, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0); err != nil {
			return 0, err
		}
	}
	if reuse {
		if err := unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return 0, err
		}
	}
	if err := unix.Bind(socket, address); err != nil {
		return 0, err
	}
	name, err := unix.Getsockname(socket)
	if err != nil {
		return 0, err
	}
	switch name := name.(type) {
	case *unix.SockaddrInet6:
		return name.Port, nil
	case *unix.SockaddrInet4:
		return name.Port, nil
	}
	return 0, errors.New("the socket has no port")
}
