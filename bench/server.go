package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"ladder/internal/process"
)

const (
	startTimeout = 30 * time.Second
	stopTimeout  = 20 * time.Second
	pollPause    = 20 * time.Millisecond
	outputKept   = 4 << 10 // bytes of a server's output that an error shows
)

// server is a running program: the origin or a peer.
type server struct {
	name    string
	site    site
	launch  launch
	program string
	process *process.Process
}

// start writes the server's files, starts it pinned to cores and waits until it answers.
func start(ctx context.Context, name, program, cores string, s site, l launch) (*server, error) {
	if err := writeFiles(s.directory, l.files); err != nil {
		return nil, fmt.Errorf("configuring %s: %w", name, err)
	}
	output, err := os.Create(filepath.Join(s.directory, "output.log"))
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	defer output.Close()
	child, err := process.Start(process.Spec{
		Name:       name,
		Command:    append([]string{"taskset", "-c", cores, program}, l.command[1:]...),
		Directory:  s.directory,
		Env:        append(os.Environ(), l.env...),
		StdoutFile: output,
		StderrFile: output,
	})
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	running := &server{name: name, site: s, launch: l, program: program, process: child}
	if err := running.waitReady(ctx); err != nil {
		return nil, errors.Join(err, running.stop())
	}
	return running, nil
}

// newSite makes a directory and picks free ports.
func newSite(root, name, origin string) (site, error) {
	s := site{directory: filepath.Join(root, name), origin: origin}
	if err := os.Mkdir(s.directory, 0o755); err != nil {
		return site{}, err
	}
	var err error
	if s.listen, err = freeAddress(); err != nil {
		return site{}, err
	}
	s.spare, err = freeAddress()
	return s, err
}

// freeAddress asks the kernel for a port that nobody has.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

func writeFiles(directory string, files map[string]string) error {
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// waitReady polls until the server answers a small request with the expected body's length.
func (s *server) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	poll := time.NewTicker(pollPause)
	defer poll.Stop()
	for {
		err := s.ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-poll.C:
		case <-s.process.Ended():
			return fmt.Errorf("%s ended (%v) before it answered:\n%s", s.name, s.process.Exit(), s.lastOutput())
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w:\n%s", s.name, err, s.lastOutput())
		}
	}
}

func (s *server) ask(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.site.listen+"/small", http.NoBody)
	if err != nil {
		return err
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || response.ContentLength != int64(len(smallBody())) {
		return fmt.Errorf("answered %s with %d bytes", response.Status, response.ContentLength)
	}
	return nil
}

func (s *server) lastOutput() string {
	var text []byte
	for _, name := range []string{"output.log", "error.log"} {
		part, _ := os.ReadFile(filepath.Join(s.site.directory, name)) // what there is, is shown
		text = append(text, part...)
	}
	return string(text[max(0, len(text)-outputKept):])
}

// stop ends the server and everything that it started.
func (s *server) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*stopTimeout)
	defer cancel()
	if err := s.process.Stop(ctx, stopTimeout); err != nil {
		return fmt.Errorf("stopping %s: %w", s.name, err)
	}
	return nil
}
