package traffic

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"ladder/demo/chirp"
	"ladder/internal/pgtest"
)

var server *pgtest.Server // one PostgreSQL for all tests, set by TestMain

func TestMain(m *testing.M) {
	os.Exit(pgtest.Main(m, &server))
}

// startChirp serves the real site, behind a middleware that may break it, and returns its address.
func startChirp(t *testing.T, broken func(http.Handler) http.Handler) string {
	t.Helper()
	settings := chirp.Settings{DatabaseURL: server.Database(t), PasswordCost: 4}
	app, err := chirp.Open(t.Context(), settings, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := app.Close(ctx); err != nil {
			t.Errorf("closing chirp: %v", err)
		}
	})
	site := httptest.NewServer(broken(app.Handler()))
	t.Cleanup(site.Close)
	return site.URL
}

func unbroken(next http.Handler) http.Handler { return next }

// visit lets people visit the site for a while, after they have settled in.
func visit(t *testing.T, options Options, duration time.Duration) Totals {
	t.Helper()
	g, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), duration)
	defer cancel()
	if err := g.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return g.Totals()
}

func TestPeopleFindNothingWrongWithChirp(t *testing.T) {
	target := startChirp(t, unbroken)
	totals := visit(t, Options{Target: target, Users: 60, Concurrency: 8, Seed: 7}, 5*time.Second)
	if totals.Failed != 0 || totals.StaleReads != 0 {
		t.Errorf("%d failed, %d stale of %d:\n%s", totals.Failed, totals.StaleReads, totals.Requests,
			strings.Join(totals.Failures, "\n"))
	}
	if totals.Requests < 50 || totals.Posts == 0 {
		t.Errorf("only %d requests and %d posts in 5 s", totals.Requests, totals.Posts)
	}
	if got := totals.Latency.Count(); got != totals.Requests {
		t.Errorf("latency of %d requests, want of all %d", got, totals.Requests)
	}
	t.Logf("%d requests, %d posts, p50 %v, p99 %v", totals.Requests, totals.Posts,
		totals.Latency.Quantile(0.5), totals.Latency.Quantile(0.99))
}

func TestPeopleWhoWereHereBeforeSignInAgain(t *testing.T) {
	target := startChirp(t, unbroken)
	for _, seed := range []int64{7, 7, 8} {
		totals := visit(t, Options{Target: target, Users: 12, Concurrency: 4, Seed: seed}, 300*time.Millisecond)
		if totals.Failed != 0 || totals.Requests == 0 {
			t.Errorf("seed %d: %d of %d failed:\n%s", seed, totals.Failed, totals.Requests, strings.Join(totals.Failures, "\n"))
		}
	}
}

func TestAHiddenPostIsAStaleRead(t *testing.T) {
	var hiding hider
	target := startChirp(t, hiding.middleware)
	totals := visitPrepared(t, Options{Target: target, Users: 20, Concurrency: 4, Seed: 3}, hiding.begin)
	if totals.StaleReads == 0 || totals.Failed < totals.StaleReads {
		t.Errorf("%d stale and %d failed of %d posts that were hidden", totals.StaleReads, totals.Failed, totals.Posts)
	}
	if len(totals.Failures) == 0 || !strings.Contains(totals.Failures[0], "does not see their own new post") {
		t.Errorf("the failures do not say what was missing: %q", totals.Failures)
	}
}

// visitPrepared lets everything go well until people have settled in, then breaks the site and watches for a second.
func visitPrepared(t *testing.T, options Options, breakSite func()) Totals {
	t.Helper()
	g, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	breakSite()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := g.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return g.Totals()
}

// hider removes fresh posts from pages, as a lagging replica would.
type hider struct {
	mu     sync.Mutex
	active bool
	hidden []string // anchors
}

func (h *hider) begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.active = true
}

func (h *hider) middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorded := httptest.NewRecorder()
		next.ServeHTTP(recorded, r)
		body := recorded.Body.Bytes()
		h.mu.Lock()
		if _, anchor, found := strings.Cut(recorded.Header().Get("Location"), "#"); found && h.active {
			h.hidden = append(h.hidden, anchor)
		}
		for _, anchor := range h.hidden {
			body = bytes.ReplaceAll(body, []byte(`id="`+anchor+`"`), []byte(`id="`+strings.Repeat("x", len(anchor))+`"`))
		}
		h.mu.Unlock()
		for key, values := range recorded.Header() {
			w.Header()[key] = values
		}
		w.WriteHeader(recorded.Code)
		w.Write(body)
	})
}

func TestErrorsAndBrokenPagesAreFailures(t *testing.T) {
	for name, breaks := range map[string]func(http.ResponseWriter, *http.Request, http.Handler){
		"500": func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			http.Error(w, "broken on purpose", http.StatusInternalServerError)
		},
		"connection closed": func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) },
		"another page": func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			r.URL.Path = "/settings"
			r.Method = http.MethodGet
			next.ServeHTTP(w, r)
		},
		"half a page": func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			recorded := httptest.NewRecorder()
			next.ServeHTTP(recorded, r)
			w.WriteHeader(recorded.Code)
			w.Write(recorded.Body.Bytes()[:recorded.Body.Len()/2])
		},
	} {
		t.Run(name, func(t *testing.T) {
			broken := make(chan struct{})
			target := startChirp(t, func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					select {
					case <-broken:
						breaks(w, r, next)
					default:
						next.ServeHTTP(w, r)
					}
				})
			})
			totals := visitPrepared(t, Options{Target: target, Users: 8, Concurrency: 4, Rate: 100, Seed: 3}, func() { close(broken) })
			if totals.Failed == 0 || totals.Requests < totals.Failed {
				t.Errorf("%d failures of %d requests to a broken site", totals.Failed, totals.Requests)
			}
			if len(totals.Failures) == 0 || len(totals.Failures) > failuresKept {
				t.Errorf("%d failures are told, want 1 to %d", len(totals.Failures), failuresKept)
			}
		})
	}
}

func TestRatePacesRequests(t *testing.T) {
	target := startChirp(t, unbroken)
	totals := visit(t, Options{Target: target, Users: 8, Concurrency: 4, Rate: 50, Seed: 1}, 2*time.Second)
	if totals.Requests == 0 || totals.Requests > 115 {
		t.Errorf("%d requests in 2 s at 50 a second", totals.Requests)
	}
}

func TestRunDoesNotCountWhatItsEndCutsOff(t *testing.T) {
	arrived := make(chan struct{}, 100)
	site := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // a server only notices that the client is gone once it has read the body
		arrived <- struct{}{}
		<-r.Context().Done()
	}))
	defer site.Close()
	g, err := New(Options{Target: site.URL, Users: 3, Concurrency: 3})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	if err := g.Run(ctx); err != nil {
		t.Errorf("the end of the traffic is an error: %v", err)
	}
	if totals := g.Totals(); totals.Requests != 0 || totals.Failed != 0 {
		t.Errorf("%d requests and %d failures counted, want none", totals.Requests, totals.Failed)
	}
}

func TestPrepareReportsAnUnusableSite(t *testing.T) {
	site := httptest.NewServer(http.NotFoundHandler())
	defer site.Close()
	g, err := New(Options{Target: site.URL, Users: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Prepare(t.Context()); err == nil || !strings.Contains(err.Error(), "status 404") {
		t.Errorf("Prepare says %v, want the status that it got", err)
	}
}

func TestTargetMustBeAnAddress(t *testing.T) {
	for _, target := range []string{"", "localhost:80", "https://x", "http://x/path", "http://%"} {
		if _, err := New(Options{Target: target}); err == nil {
			t.Errorf("target %q is accepted", target)
		}
	}
}

func TestStaleReadsAreAskedByBehaviour(t *testing.T) {
	if !errors.Is(errSignedOut, errStale) {
		t.Error("a forgotten session is not counted as a stale read")
	}
}
