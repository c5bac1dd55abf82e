// Package browser starts Debian's Chromium for tests: headless, with a profile of its own, quiet towards the network, and
// with everything collected that a page complains about. It is imported by tests alone. Start with [Start].
package browser

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

const (
	// Executable is where Debian's package chromium puts it.
	Executable = "/usr/bin/chromium"
	// StartTimeout is how long Chromium may take to start on a busy machine.
	StartTimeout = time.Minute
	// StepTimeout bounds each thing that is done with a page.
	StepTimeout = 30 * time.Second
	// pollInterval is the time between two looks of Until.
	pollInterval = 50 * time.Millisecond
)

// Browser is one Chromium with one page open. It is used by one goroutine.
type Browser struct {
	t   testing.TB
	ctx context.Context

	mu         sync.Mutex
	complaints []string
	marker     string        // what Complaints waits for
	marked     chan struct{} // closed when it was read
	markers    int
}

// Start starts a browser; it ends with the test. Without Chromium the test fails, it is not skipped:
// scripts/install-test-deps installs it.
func Start(t testing.TB) *Browser {
	t.Helper()
	if _, err := os.Stat(Executable); err != nil {
		t.Fatalf("no Chromium to test with: %v; run scripts/install-test-deps", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(Executable), chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.WSURLReadTimeout(StartTimeout),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true),
	)
	allocated, endProcess := chromedp.NewExecAllocator(context.Background(), options...)
	page, closePage := chromedp.NewContext(allocated)
	b := &Browser{t: t, ctx: page}
	messages := chromedp.Console(page)
	var reading sync.WaitGroup
	reading.Go(func() { b.read(messages) })
	t.Cleanup(func() {
		bounded, cancel := context.WithTimeout(page, StepTimeout)
		defer cancel()
		if err := chromedp.Cancel(bounded); err != nil { // asks Chromium to end and waits for it
			t.Errorf("ending the browser: %v", err)
		}
		closePage()
		endProcess()
		reading.Wait()
	})
	return b
}

// read collects what a page has to complain about: exceptions, errors and warnings on the console, loads that were refused,
// violations of the content policy.
func (b *Browser) read(messages iter.Seq2[chromedp.ConsoleMessage, error]) {
	for message, err := range messages {
		if err != nil {
			return
		}
		b.mu.Lock()
		switch message.Type {
		case chromedp.ConsoleException, chromedp.ConsoleError, chromedp.ConsoleWarning, "assert":
			b.complaints = append(b.complaints, fmt.Sprintf("%s (%s)", message, message.URL))
		case chromedp.ConsoleDebug:
			if message.Text == b.marker {
				b.marker = ""
				close(b.marked)
			}
		}
		b.mu.Unlock()
	}
}

// Complaints are what the page has complained about until now; the list then begins anew.
func (b *Browser) Complaints() []string {
	b.t.Helper()
	b.mu.Lock()
	b.markers++
	b.marker, b.marked = fmt.Sprintf("everything until %d was read", b.markers), make(chan struct{})
	marker, marked := b.marker, b.marked
	b.mu.Unlock()
	b.Do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf("console.debug(%q)", marker)))
	select {
	case <-marked:
	case <-time.After(StepTimeout):
		b.t.Fatal("the browser's console is silent")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	complaints := b.complaints
	b.complaints = nil
	return complaints
}

// Run runs one action and returns its value; the test fails if the action does.
func Run[T any](b *Browser, action chromedp.Action[T]) T {
	b.t.Helper()
	bounded, cancel := context.WithTimeout(b.ctx, StepTimeout)
	defer cancel()
	value, err := chromedp.Run(bounded, action)
	if err != nil {
		b.t.Fatalf("in the browser: %v", err)
	}
	return value
}

// Do runs actions that return nothing, in order.
func (b *Browser) Do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	Run(b, chromedp.Steps(actions...))
}

// Open goes to a page and waits until it has loaded.
func (b *Browser) Open(url string) {
	b.t.Helper()
	b.Do(chromedp.Navigate(url))
}

// Size makes the page's window so many pixels wide and high.
func (b *Browser) Size(width, height int64) {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(width, height))
}

// Prefer sets what the system prefers: "light" or "dark", and whether less motion is wanted.
func (b *Browser) Prefer(scheme string, lessMotion bool) {
	b.t.Helper()
	motion := "no-preference"
	if lessMotion {
		motion = "reduce"
	}
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: motion},
	}})
	if err != nil {
		b.t.Fatalf("in the browser: %v", err)
	}
}

// Eval evaluates a JavaScript expression, which may be a promise, into a value of type T.
func Eval[T any](b *Browser, expression string) T {
	b.t.Helper()
	return Run(b, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Until waits until a JavaScript expression is true.
func (b *Browser) Until(what, expression string) {
	b.t.Helper()
	deadline := time.Now().Add(StepTimeout)
	for !Eval[bool](b, "Boolean("+expression+")") {
		if time.Now().After(deadline) {
			b.t.Fatalf("waited in vain until %s: %s; the page complains: %q", what, expression, b.Complaints())
		}
		<-time.After(pollInterval)
	}
}

// Press presses a key, for instance kb.Tab.
func (b *Browser) Press(key string) {
	b.t.Helper()
	b.Do(chromedp.KeyEvent(key))
}

// Screenshot writes a picture of the window to a file; of the whole page if full.
func (b *Browser) Screenshot(path string, full bool) {
	b.t.Helper()
	action := chromedp.CaptureScreenshot()
	if full {
		action = chromedp.FullScreenshot(100)
	}
	picture := Run(b, action)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, picture, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
