package gateway

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ladder/topology"
)

// applicationVariable makes the test binary serve as an application in a process of its own, that can be killed.
const applicationVariable = "LADDER_GATEWAY_TEST_APPLICATION"

// runApplication is that application.
func runApplication() (code int, ours bool) {
	if os.Getenv(applicationVariable) == "" {
		return 0, false
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	fmt.Println(l.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // until the test lets go of it
		os.Exit(0)
	}()
	err = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/endless":
			piece := make([]byte, 32<<10)
			for {
				if _, err := w.Write(piece); err != nil {
					return
				}
			}
		case "/never":
			<-r.Context().Done()
		default:
			fmt.Fprintf(w, "%x", sha256.Sum256([]byte(r.URL.Path)))
		}
	}))
	fmt.Fprintln(os.Stderr, err)
	return 1, true
}

// startApplication starts one and returns it with its address.
func startApplication(t *testing.T) (process *exec.Cmd, address string) {
	t.Helper()
	process = exec.Command(os.Args[0])
	process.Env = append(os.Environ(), applicationVariable+"=1")
	process.Stderr = os.Stderr
	input, err := process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = input.Close(); _ = process.Wait() })
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return process, strings.TrimSpace(line)
}

func TestKilledInstanceMidBody(t *testing.T) {
	t.Parallel()
	process, address := startApplication(t)
	f := newFixture(t, nil, address)
	response, err := client(t).Get(f.url("/endless"))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.CopyN(io.Discard, response.Body, 1<<20); err != nil {
		t.Fatal(err)
	}
	if err := process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, response.Body); err == nil {
		t.Error("the client took the part for the whole")
	}
	f.logged(`"path":"/endless","status":200`, `"code":"response-broken"`)
}

// TestKilledInstanceUnderLoad kills one of two instances while clients read: nobody may notice. Each answer is checked against its
// request, so that none can be somebody else's.
func TestKilledInstanceUnderLoad(t *testing.T) {
	t.Parallel()
	_, first := startApplication(t)
	process, second := startApplication(t)
	f := newFixture(t, nil, first, second)
	stop := make(chan struct{})
	var served, failed atomic.Int64
	var clients sync.WaitGroup
	for number := range 8 {
		clients.Go(func() {
			c := client(t)
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				path := fmt.Sprintf("/%d/%d", number, i)
				response, err := c.Get(f.url(path))
				if err != nil {
					failed.Add(1)
					t.Log(err)
					continue
				}
				body, err := io.ReadAll(response.Body)
				_ = response.Body.Close()
				if err != nil || response.StatusCode != 200 || string(body) != fmt.Sprintf("%x", sha256.Sum256([]byte(path))) {
					failed.Add(1)
					t.Log(response.Status, string(body), err)
				}
				served.Add(1)
			}
		})
	}
	eventually(t, "traffic", func() bool { return served.Load() > 500 })
	if err := process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	before := served.Load()
	eventually(t, "traffic after the kill", func() bool { return served.Load() > before+500 })
	f.pool.SetState("app.2", topology.Down, "killed")
	close(stop)
	clients.Wait()
	if failed.Load() != 0 {
		t.Errorf("%d of %d failed", failed.Load(), served.Load())
	}
}

// TestEverythingAtOnce has clients that do all kinds of things while members come and go; what comes back must be what was sent.
func TestEverythingAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil, application(t, echo), application(t, echo), application(t, echo))
	stop := make(chan struct{})
	var served atomic.Int64
	var clients sync.WaitGroup
	for number := range 12 {
		clients.Go(func() {
			c := client(t)
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				sent := strings.Repeat(fmt.Sprintf("%d-%d.", number, i), 1+(i*number*331)%20000)
				var body io.Reader = strings.NewReader(sent)
				if i%3 == 0 {
					body = io.MultiReader(body)
				}
				request, _ := http.NewRequest("PUT", f.url("/"), body)
				if i%7 == 0 {
					request.Close = true
				}
				response, err := c.Do(request)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := io.ReadAll(response.Body)
				_ = response.Body.Close()
				if err != nil || string(got) != sent {
					t.Errorf("sent %d bytes, got %d: %v %v", len(sent), len(got), response.Status, err)
					return
				}
				served.Add(1)
			}
		})
	}
	for round := range 30 {
		name := fmt.Sprintf("app.%d", round%3+1)
		f.pool.SetState(name, topology.Draining, "test")
		time.Sleep(20 * time.Millisecond)
		f.pool.SetState(name, topology.Up, "test")
	}
	close(stop)
	clients.Wait()
	if served.Load() == 0 {
		t.Error("nothing was served")
	}
	eventually(t, "nothing in flight", func() bool { return f.Stats().InFlight == 0 })
	for _, entry := range f.pool.Load().Entries {
		if entry.InFlight.Load() != 0 || entry.Failed.Load() != 0 {
			t.Errorf("%s: in flight %d, failed %d", entry.Name(), entry.InFlight.Load(), entry.Failed.Load())
		}
	}
}
