package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// relayDial and relayResponse bound reaching the repository and waiting for its answer.
	relayDial     = 10 * time.Second
	relayResponse = 30 * time.Second
	// maxArchive bounds what is downloaded, in bytes; the library holds it in memory.
	maxArchive = 256 << 20
	// checksumSuffix is what the library asks for beside each archive.
	checksumSuffix = ".sha256"
)

// relay is an HTTP server on loopback between the library that downloads and the repository. The library waits without
// a bound, hides why a request failed and accepts an archive whose checksum is missing; the relay ends with its context,
// remembers the reason, and lets nothing through without a checksum.
type relay struct {
	url        string
	repository string
	server     *http.Server
	transport  *http.Transport
	ctx        context.Context //nolint:containedctx // bounds every request of the library, which passes none
	done       chan struct{}

	mu      sync.Mutex
	failure error // the first one
}

func startRelay(ctx context.Context, repository string) (*relay, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("preparing the download: %w", err)
	}
	r := &relay{
		url: "http://" + listener.Addr().String(), repository: strings.TrimRight(repository, "/"), ctx: ctx,
		transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: relayDial}).DialContext,
			TLSHandshakeTimeout: relayDial, ResponseHeaderTimeout: relayResponse,
		},
		done: make(chan struct{}),
	}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: relayDial}
	r.server.SetKeepAlivesEnabled(false) // the library's client would keep the connection for good
	go func() {
		defer close(r.done)
		_ = r.server.Serve(listener) // ends when it is closed
	}()
	return r, nil
}

func (r *relay) stop() {
	_ = r.server.Close()
	<-r.done
	r.transport.CloseIdleConnections()
}

// explain returns why the download failed: what the relay saw, rather than what the library made of it.
func (r *relay) explain(said error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failure != nil {
		return r.failure
	}
	return said
}

func (r *relay) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	err := r.forward(w, request)
	if err == nil {
		return
	}
	r.mu.Lock()
	if r.failure == nil {
		r.failure = err
	}
	r.mu.Unlock()
	panic(http.ErrAbortHandler) // a broken connection is what the library takes for a failure in every case
}

func (r *relay) forward(w http.ResponseWriter, incoming *http.Request) error {
	url := r.repository + incoming.URL.Path
	outgoing, err := http.NewRequestWithContext(r.ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return fmt.Errorf("asking for %s: %w", url, err)
	}
	response, err := r.transport.RoundTrip(outgoing)
	if err != nil {
		return fmt.Errorf("asking for %s: %w", url, r.cause(err))
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, response.Status)
	}
	limit := int64(maxArchive)
	if strings.HasSuffix(url, checksumSuffix) {
		limit = maxSmallFile
	}
	written, err := io.Copy(w, io.LimitReader(response.Body, limit))
	if err != nil {
		return fmt.Errorf("reading %s: %w", url, r.cause(err))
	}
	if written == limit {
		return fmt.Errorf("%s is larger than %d bytes", url, limit)
	}
	if written == 0 || response.ContentLength > written {
		return fmt.Errorf("%s ended after %d bytes", url, written)
	}
	return nil
}

// cause is the reason of the context where that ended the request.
func (r *relay) cause(err error) error {
	if cause := context.Cause(r.ctx); cause != nil {
		return errors.Join(cause, err)
	}
	return err
}
