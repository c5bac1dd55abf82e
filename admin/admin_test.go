package admin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ladder/admin"
	"ladder/telemetry"
	"ladder/topology"
)

const (
	token       = "the-operators-token"
	actionToken = "the-action-token"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// node is what an admin server shows in these tests, and what its actions reach.
type node struct {
	bus    *telemetry.Bus
	health *telemetry.Health
	log    lockedBuffer

	mu        sync.Mutex
	status    admin.Status
	restarted []string
	plan      func(file string) (admin.Plan, error)
	apply     func(ctx context.Context, file string) (admin.Plan, error)
	restart   func(ctx context.Context, instance string) error
}

func newNode() *node {
	bus := telemetry.NewBus(nil)
	return &node{
		bus: bus, health: telemetry.NewHealth(bus),
		status: admin.Status{
			Version: "1.2.3", Name: "chirp", Rung: admin.Rung{Number: 1, Name: "single-server"},
			Pools: []admin.Pool{{Name: "app", Members: []admin.Member{{Name: "app.1", State: topology.Up}}}},
		},
	}
}

func (n *node) Status() admin.Status {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.status
}

func (n *node) Plan(_ context.Context, file []byte) (admin.Plan, error) { return n.plan(string(file)) }

func (n *node) Apply(ctx context.Context, file []byte) (admin.Plan, error) {
	return n.apply(ctx, string(file))
}

func (n *node) Restart(ctx context.Context, instance string) error {
	n.mu.Lock()
	n.restarted = append(n.restarted, instance)
	n.mu.Unlock()
	if n.restart == nil {
		return nil
	}
	return n.restart(ctx, instance)
}

func (n *node) options() admin.Options {
	return admin.Options{
		Listen: "127.0.0.1:0", ActionToken: actionToken,
		Status: n.Status, Controller: n, Config: func() []byte { return []byte("name: chirp\n") },
		Bus: n.bus, Health: n.health,
		Metrics:   http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "metrics") }),
		Dashboard: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "dashboard") }),
		Logger:    slog.New(slog.NewTextHandler(&n.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

// start runs a server for the test.
func start(t *testing.T, options admin.Options) *admin.Server {
	t.Helper()
	server := admin.New(options)
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Errorf("stopping: %v", err)
		}
	})
	return server
}

// client never follows redirects, so that tests see them.
func client() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

type call struct {
	method, url, body string
	header            map[string]string
	host              string
}

type answer struct {
	code   int
	header http.Header
	body   string
}

func (c call) do(t *testing.T) answer {
	t.Helper()
	method := c.method
	if method == "" {
		method = http.MethodGet
	}
	request, err := http.NewRequestWithContext(t.Context(), method, c.url, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range c.header {
		request.Header.Set(name, value)
	}
	request.Host = c.host
	response, err := client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

// bearer is the header with a token.
func bearer(token string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + token}
}

func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var document T
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&document); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return document
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
