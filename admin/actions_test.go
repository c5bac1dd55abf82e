package admin_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"ladder/admin"
	"ladder/config"
	"ladder/internal/hint"
)

var onePlan = admin.Plan{Changes: []admin.Change{{Path: "app.instances", Old: "1", New: "2", Effect: "live", Meaning: "added"}}}

func TestPlanAndApply(t *testing.T) {
	n := newNode()
	var applied string
	n.plan = func(file string) (admin.Plan, error) { return onePlan, nil }
	n.apply = func(_ context.Context, file string) (admin.Plan, error) { applied = file; return onePlan, nil }
	base := start(t, n.options()).URL()
	for _, verb := range []string{"plan", "apply"} {
		got := call{method: "POST", url: base + "/api/v1/" + verb, body: "name: chirp\n", header: bearer(actionToken)}.do(t)
		if plan := decode[admin.Plan](t, got.body); got.code != 200 || len(plan.Changes) != 1 || plan.Changes[0] != onePlan.Changes[0] {
			t.Errorf("%s: %d %s", verb, got.code, got.body)
		}
	}
	if applied != "name: chirp\n" {
		t.Errorf("the controller got %q", applied)
	}
}

func TestAPlanWithoutChangesIsAnEmptyList(t *testing.T) {
	n := newNode()
	n.plan = func(string) (admin.Plan, error) { return admin.Plan{}, nil }
	got := call{method: "POST", url: start(t, n.options()).URL() + "/api/v1/plan", header: bearer(actionToken)}.do(t)
	if got.body != `{"changes":[],"needs_restart":false}`+"\n" {
		t.Errorf("empty plan: %s", got.body)
	}
}

func TestFailedActionsSayWhatAndWhatToDo(t *testing.T) {
	n := newNode()
	problems := config.Problems{{File: "ladder.yaml", Line: 3, Column: 2, Message: "unknown key", Hint: "did you mean listen"}}
	n.plan = func(string) (admin.Plan, error) { return admin.Plan{}, fmt.Errorf("reading: %w", problems) }
	n.apply = func(context.Context, string) (admin.Plan, error) {
		return onePlan, hint.Wrap(errors.New("app.1 did not start"), "look at its log")
	}
	n.restart = func(context.Context, string) error { return fmt.Errorf("app.9: %w", admin.ErrUnknownInstance) }
	base := start(t, n.options()).URL()
	post := func(path string) answer {
		return call{method: "POST", url: base + path, header: bearer(actionToken)}.do(t)
	}

	got := post("/api/v1/plan")
	if failure := decode[admin.Failure](t, got.body); got.code != 422 || len(failure.Problems) != 1 || failure.Problems[0] != problems[0] {
		t.Errorf("mistakes in the file: %d %s", got.code, got.body)
	}
	got = post("/api/v1/apply")
	failure := decode[admin.Failure](t, got.body)
	if got.code != 409 || failure.Error != "app.1 did not start" || failure.Hint != "look at its log" || failure.Plan == nil {
		t.Errorf("failed apply: %d %s", got.code, got.body)
	}
	if got = post("/api/v1/instances/app.9/restart"); got.code != 404 {
		t.Errorf("unknown instance: %d %s", got.code, got.body)
	}
}

func TestALargeBodyIsRefused(t *testing.T) {
	n := newNode()
	n.plan = func(string) (admin.Plan, error) { return admin.Plan{}, nil }
	base := start(t, n.options()).URL()
	got := call{method: "POST", url: base + "/api/v1/plan", body: strings.Repeat("x", admin.MaxBodyBytes+1), header: bearer(actionToken)}.do(t)
	if got.code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body of more than 1 MiB: %d", got.code)
	}
}

func TestALargeHeaderIsRefused(t *testing.T) {
	connection, err := net.Dial("tcp", start(t, newNode().options()).Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := fmt.Fprintf(connection, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: %s\r\n\r\n", strings.Repeat("x", 2*admin.MaxHeaderBytes)); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(connection).ReadString('\n')
	if !strings.HasPrefix(line, "HTTP/1.1 431 ") {
		t.Errorf("answered %q, %v", line, err)
	}
}

// TestAnActionOutlivesItsCaller cancels the request while the controller works.
func TestAnActionOutlivesItsCaller(t *testing.T) {
	n := newNode()
	began, left, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	n.restart = func(ctx context.Context, _ string) error {
		close(began)
		<-left
		ended <- ctx.Err()
		return nil
	}
	base := start(t, n.options()).URL()
	ctx, leave := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/api/v1/instances/app.1/restart", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+actionToken)
	go func() {
		<-began
		leave()
	}()
	if _, err := client().Do(request); !errors.Is(err, context.Canceled) {
		t.Fatalf("the request ended with %v", err)
	}
	close(left)
	if err := <-ended; err != nil {
		t.Errorf("the action was told to stop: %v", err)
	}
}
