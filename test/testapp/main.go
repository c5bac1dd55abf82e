// Command testapp is the application of tests that need one which misbehaves on demand: /slow answers after `ms`
// milliseconds and leaves the file named by `mark` when it begins, /version says VERSION of its environment, /env names one
// variable. It listens on PORT of 127.0.0.1, or on LISTEN. With FAIL=1 it ends at once with a last word.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	if os.Getenv("FAIL") != "" {
		fmt.Fprintln(os.Stderr, "last word: this version cannot start")
		os.Exit(3)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "well") })
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, os.Getenv("VERSION")) })
	mux.HandleFunc("GET /env/{name}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, os.Getenv(r.PathValue("name"))) })
	mux.HandleFunc("GET /slow", slow)
	server := http.Server{Addr: cmp.Or(os.Getenv("LISTEN"), "127.0.0.1:"+os.Getenv("PORT")), Handler: mux, ReadHeaderTimeout: time.Minute}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	stopped := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(stopped)
		_ = server.Shutdown(context.Background())
	})
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	<-stopped
	stop()
}

func slow(w http.ResponseWriter, r *http.Request) {
	if mark := r.FormValue("mark"); mark != "" {
		if err := os.WriteFile(mark, nil, 0o600); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	milliseconds, err := strconv.Atoi(r.FormValue("ms"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	time.Sleep(time.Duration(milliseconds) * time.Millisecond)
	fmt.Fprint(w, "done")
}
