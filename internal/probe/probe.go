// Package probe asks servers whether they are well: [HTTP] and [TCP] are single checks, [Checker] repeats one over all
// members of a pool and moves them between up and down. It decides nothing itself, that is topology/health. Start with
// [Checker].
package probe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

// maxAnswer is how much of an answer a check reads, in bytes: the head is all that counts.
const maxAnswer = 64 << 10

// userAgent is what a server's own log shows for a health check.
const userAgent = "Ladder-health-check"

// TCP passes when a connection to address (host:port) opens. It cannot see a process that hangs, because the kernel
// accepts connections on its behalf.
func TCP(ctx context.Context, address string) error {
	connection, err := dial(ctx, address)
	if err != nil {
		return err
	}
	return connection.Close()
}

// HTTP passes when GET path on address (host:port) is answered with a status from 200 to 399. Redirects are not followed:
// the server that redirects is well. Errors are short and for a person.
func HTTP(ctx context.Context, address, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", userAgent)
	request.Close = true
	connection, err := dial(ctx, address)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	// Closing is the only way to interrupt a read when ctx is cancelled before its deadline.
	interrupt := context.AfterFunc(ctx, func() { _ = connection.SetDeadline(time.Unix(1, 0)) })
	defer interrupt()
	if err := request.Write(connection); err != nil {
		return brief(ctx, err)
	}
	return readAnswer(ctx, bufio.NewReader(io.LimitReader(connection, maxAnswer)), request)
}

func readAnswer(ctx context.Context, reader *bufio.Reader, request *http.Request) error {
	for {
		response, err := http.ReadResponse(reader, request)
		if err != nil {
			return brief(ctx, err)
		}
		_ = response.Body.Close()
		switch {
		case response.StatusCode < 200: // an interim answer (RFC 9110 section 15.2); the real one follows
		case response.StatusCode < 400:
			return nil
		default:
			return fmt.Errorf("answered %s", response.Status)
		}
	}
}

func dial(ctx context.Context, address string) (net.Conn, error) {
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, brief(ctx, err)
	}
	return connection, nil
}

// brief says in few words what happened; the address stands beside it wherever it is shown.
func brief(ctx context.Context, err error) error {
	var code syscall.Errno
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &timeout) && timeout.Timeout(): // the dialler's timer, a moment before that of ctx
		return context.DeadlineExceeded
	case errors.As(err, &dns):
		return fmt.Errorf("host %s: %s", dns.Name, dns.Err)
	case errors.As(err, &code):
		return code
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("closed the connection without an answer: %w", err)
	}
	return err
}
