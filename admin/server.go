package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"ladder/internal/hint"
	"ladder/internal/lifecycle"
)

// Server serves the API, the metrics and the dashboard. It is a lifecycle.Service.
type Server struct {
	tasks    lifecycle.Tasks
	options  atomic.Pointer[Options]
	sessions *sessions
	limiter  *limiter
	status   statusCache
	streams  chan struct{} // one token for each open stream
	boot     string        // begins the IDs of stream events, so that those of an earlier process are not taken for ours

	streamWriteTimeout time.Duration // StreamWriteTimeout; shorter in tests

	mu      sync.Mutex // serialises Start, Apply and Stop; stopped is guarded by it
	stopped bool
	serving atomic.Pointer[serving] // nil while it does not listen; read at any time, a Status function asks for the URL
}

// serving is one address being listened on.
type serving struct {
	wanted     string // Options.Listen that it came from
	listener   net.Listener
	http       *http.Server
	endStreams context.CancelFunc
}

// New makes a server; nothing is opened.
func New(options Options) *Server {
	s := &Server{
		sessions: newSessions(), limiter: newLimiter(), streams: make(chan struct{}, MaxStreams), boot: randomText(4),
		streamWriteTimeout: StreamWriteTimeout,
	}
	options = options.withDefaults()
	s.options.Store(&options)
	return s
}

// Start listens.
func (s *Server) Start(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	options := s.options.Load()
	if err := options.validate(); err != nil {
		return err
	}
	opened, err := s.open(options)
	if err != nil {
		return err
	}
	s.serving.Store(opened)
	return nil
}

// Apply brings new options to the running server. A new address is listened on before the old one closes; requests in
// flight there are finished, streams end and come back at the new one. When it fails everything stays as it was. When a
// token changes, all browsers are logged out.
func (s *Server) Apply(_ context.Context, options Options) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	options = options.withDefaults()
	if err := options.validate(); err != nil {
		return err
	}
	before := s.options.Load()
	if err := s.moveTo(&options); err != nil {
		return err
	}
	s.options.Store(&options)
	if before.Token != options.Token || before.ActionToken != options.ActionToken {
		s.sessions.clear()
	}
	return nil
}

// moveTo changes the address that is listened on, if it is to be another.
func (s *Server) moveTo(options *Options) error {
	old := s.serving.Load()
	if old != nil && old.wanted == options.Listen {
		return checkExposure(options)
	}
	if s.stopped {
		return nil
	}
	opened, err := s.open(options)
	if errors.Is(err, syscall.EADDRINUSE) && old != nil && samePort(old.listener, options.Listen) {
		opened, err = s.openInPlaceOf(old, options)
	}
	if err != nil {
		return err
	}
	s.serving.Store(opened)
	if old != nil {
		s.retire(old)
	}
	return nil
}

// openInPlaceOf opens an address that the old one stands in the way of (127.0.0.1:9900 and :9900 exclude each other): the
// old one has to close first, and comes back if the new one still cannot be opened.
func (s *Server) openInPlaceOf(old *serving, options *Options) (*serving, error) {
	_ = old.listener.Close()
	opened, err := s.open(options)
	if err == nil {
		return opened, nil
	}
	former := *s.options.Load()
	former.Listen = old.listener.Addr().String()
	reopened, reopenErr := s.open(&former)
	if reopenErr == nil {
		reopened.wanted = old.wanted
		s.serving.Store(reopened)
		s.retire(old)
	}
	return nil, errors.Join(err, reopenErr)
}

// open listens and serves at the address of options; it returns nil when that is Off.
func (s *Server) open(options *Options) (*serving, error) {
	if options.Listen == Off {
		return nil, nil
	}
	if err := checkExposure(options); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", options.Listen)
	if err != nil {
		return nil, hint.Wrap(fmt.Errorf("listening for dashboard and API: %w", err),
			"choose another address as admin.listen; "+Off+" closes it")
	}
	ctx, endStreams := context.WithCancel(s.tasks.Context())
	opened := &serving{wanted: options.Listen, listener: listener, endStreams: endStreams}
	opened.http = &http.Server{
		Handler:           s.handler(isLoopback(listener)),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: ReadHeaderTimeout,
		ReadTimeout:       ReadTimeout,
		WriteTimeout:      WriteTimeout,
		IdleTimeout:       IdleTimeout,
		MaxHeaderBytes:    MaxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(options.Logger.Handler(), slog.LevelDebug),
	}
	s.tasks.Go(func(context.Context) {
		if err := opened.http.Serve(newLimitListener(listener, MaxConnections)); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			options.Logger.Error("dashboard and API stopped listening", "error", err)
		}
	})
	return opened, nil
}

// retire closes an address in the background, because the request that asked for it may be one of those in flight there.
func (s *Server) retire(old *serving) {
	old.endStreams()
	s.tasks.Go(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, ActionTimeout)
		defer cancel()
		_ = old.close(ctx)
	})
}

// close stops accepting, ends the streams and waits for requests in flight until ctx is done; then it cuts them off.
func (v *serving) close(ctx context.Context) error {
	v.endStreams()
	if err := v.http.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("closing dashboard and API: %w", err), v.http.Close())
	}
	return nil
}

// Stop stops listening, ends the streams and waits for requests in flight.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	var err error
	if serving := s.serving.Swap(nil); serving != nil {
		err = serving.close(ctx)
	}
	return errors.Join(err, s.tasks.Stop(ctx))
}

// Addr is the host:port that is listened on, "" when there is none.
func (s *Server) Addr() string {
	serving := s.serving.Load()
	if serving == nil {
		return ""
	}
	return serving.listener.Addr().String()
}

// URL is the base of dashboard and API as a browser on this machine reaches it, "" when it does not listen.
func (s *Server) URL() string { return LocalURL(s.Addr()) }

// LocalURL is how a browser on this machine reaches a host:port that is listened on, "" when it is none.
func LocalURL(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// LoginURL is what a person opens once, so that the browser may act; base is [Server.URL], token the action token.
func LoginURL(base, token string) string {
	return base + "/login?token=" + url.QueryEscape(token)
}

func isLoopback(listener net.Listener) bool {
	address, ok := listener.Addr().(*net.TCPAddr)
	return ok && address.IP.IsLoopback()
}

// checkExposure refuses an address that other machines reach, unless a token is asked for.
func checkExposure(options *Options) error {
	if options.Token != "" {
		return nil
	}
	address, err := net.ResolveTCPAddr("tcp", options.Listen)
	if err != nil {
		return hint.Wrap(fmt.Errorf("admin.listen %q is no address: %w", options.Listen, err), "write it as host:port")
	}
	if address.IP.IsLoopback() {
		return nil
	}
	return hint.Errorf("set admin.token (a long random word), or listen on 127.0.0.1",
		"dashboard and API would be open to other machines at %s without a token", options.Listen)
}

func samePort(listener net.Listener, address string) bool {
	_, before, err := net.SplitHostPort(listener.Addr().String())
	_, after, other := net.SplitHostPort(address)
	return err == nil && other == nil && before == after
}
