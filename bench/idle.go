package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	opening     = 64              // connections that are being opened at once
	settleTime  = 3 * time.Second // after which memory is looked at: the peers have by then freed what they free soon
	dialTimeout = 10 * time.Second
)

// idleMemory is the resident memory of one peer, in bytes, before and while clients keep connections open.
type idleMemory struct {
	Connections int   `json:"connections"`
	Before      int64 `json:"before_bytes"`
	During      int64 `json:"during_bytes"`
}

// growth is what the connections cost.
func (m idleMemory) growth() int64 { return m.During - m.Before }

// measureIdle opens connections, has each answered once, and leaves them alone.
func measureIdle(ctx context.Context, s *server, connections int) (idleMemory, error) {
	result := idleMemory{Connections: connections}
	err := pause(ctx, settleTime)
	if err != nil {
		return result, err
	}
	if result.Before, err = memoryOf(s.process.Pid()); err != nil {
		return result, err
	}
	open, err := openConnections(ctx, s.site.listen, connections)
	defer func() {
		for _, connection := range open {
			connection.Close()
		}
	}()
	if err != nil {
		return result, fmt.Errorf("%s with %d connections open: %w", s.name, len(open), err)
	}
	if err := pause(ctx, settleTime); err != nil {
		return result, err
	}
	result.During, err = memoryOf(s.process.Pid())
	return result, err
}

// openConnections returns those that were opened, also when there is an error.
func openConnections(ctx context.Context, address string, count int) ([]net.Conn, error) {
	var mu sync.Mutex
	var open []net.Conn
	var failure error
	var workers sync.WaitGroup
	for worker := range opening {
		workers.Go(func() {
			for i := worker; i < count && ctx.Err() == nil; i += opening {
				connection, err := openConnection(ctx, address)
				mu.Lock()
				if err == nil {
					open = append(open, connection)
				} else if failure == nil {
					failure = err
				}
				stop := failure != nil
				mu.Unlock()
				if stop {
					return
				}
			}
		})
	}
	workers.Wait()
	if failure == nil {
		failure = ctx.Err()
	}
	return open, failure
}

// openConnection opens a connection and has one request answered on it.
func openConnection(ctx context.Context, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if err := askOnce(connection, address); err != nil {
		connection.Close()
		return nil, err
	}
	return connection, nil
}

func askOnce(connection net.Conn, address string) error {
	if err := connection.SetDeadline(time.Now().Add(dialTimeout)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(connection, "GET /small HTTP/1.1\r\nHost: %s\r\n\r\n", address); err != nil {
		return err
	}
	response, err := http.ReadResponse(bufio.NewReaderSize(connection, 1<<10), nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || response.Close {
		return fmt.Errorf("answered %s, close=%v", response.Status, response.Close)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
