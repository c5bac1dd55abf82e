package supervise

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ladder/internal/process"
	"ladder/topology"
)

// TestMain lets the test binary play the application, the guardian, and a Ladder that is killed.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_APPLICATION") != "" {
		application()
	}
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "internal-guardian":
			if err := process.GuardianMain(os.Stdin); err != nil {
				os.Exit(1)
			}
			os.Exit(0)
		case "ladder":
			ladderMain()
		}
	}
	goleak.VerifyTestMain(m)
}

// application is a small web application. BEHAVIOUR is a list of words that say how it misbehaves.
func application() {
	behaves := func(word string) bool { return strings.Contains(os.Getenv("BEHAVIOUR"), word) }
	terminated := make(chan os.Signal, 1)
	if behaves("ignore-term") {
		signal.Ignore(syscall.SIGTERM)
	} else {
		signal.Notify(terminated, syscall.SIGTERM)
	}
	fmt.Println("starting", os.Getenv("INSTANCE"))
	switch {
	case behaves("crash-at-start"), behaves("crash-if-exists") && fileExists(os.Getenv("FLAG")):
		fmt.Fprintln(os.Stderr, "cannot find my configuration")
		os.Exit(7)
	case behaves("never-ready"):
		<-terminated
		os.Exit(0)
	}
	if behaves("fork") {
		child := exec.Command("/bin/sleep", "1000")
		child.Stdout = os.Stdout
		if err := child.Start(); err != nil {
			panic(err)
		}
		fmt.Println("forked", child.Process.Pid)
	}
	if behaves("flood") {
		go func() {
			line := strings.Repeat("flood ", 100)
			for {
				fmt.Println(line)
			}
		}()
	}
	serve(terminated)
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func serve(terminated <-chan os.Signal) {
	var requests atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		pause, _ := time.ParseDuration(r.URL.Query().Get("pause"))
		time.Sleep(pause)
		fmt.Fprintf(w, "%s %d %d", os.Getenv("INSTANCE"), os.Getpid(), requests.Add(1))
	})
	mux.HandleFunc("/exit", func(http.ResponseWriter, *http.Request) { os.Exit(0) })
	mux.HandleFunc("/burn", func(http.ResponseWriter, *http.Request) {
		for end := time.Now().Add(time.Second); time.Now().Before(end); {
		}
	})
	listener, err := net.Listen("tcp", ":"+os.Getenv("PORT"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(9)
	}
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(listener) }()
	<-terminated
	if err := server.Shutdown(context.Background()); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// ladderMain is a Ladder with two instances that fork; it prints what runs and waits to be killed.
func ladderMain() {
	guardian, err := process.StartGuardian("/proc/self/exe", "internal-guardian")
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	pool := topology.NewPool("app")
	s := New(Options{
		Name: "app", Command: []string{os.Args[0]}, Instances: 2, Pool: pool, Guardian: guardian, Ready: healthy,
		Environment: applicationEnvironment("fork"),
		Output: func(_, _ string, line []byte) {
			if strings.HasPrefix(string(line), "forked ") {
				fmt.Println(string(line))
			}
		},
	})
	if err := s.Start(context.Background()); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	for _, instance := range s.Instances() {
		fmt.Println("instance", instance.PID)
	}
	fmt.Println("complete 0")
	select {}
}

func applicationEnvironment(behaviour string, more ...string) func(string, int) []string {
	return func(instance string, port int) []string {
		return append([]string{
			"TEST_APPLICATION=1", "GORACE=atexit_sleep_ms=0", "INSTANCE=" + instance, fmt.Sprintf("PORT=%d", port), "BEHAVIOUR=" + behaviour, "PASSWORD=hunter2",
		}, more...)
	}
}
