package test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// askers send requests one after the other, each over connections of its own that are kept alive, until they are stopped.
type askers struct {
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu       sync.Mutex
	count    int
	failures []string
}

func startAskers(t *testing.T, url string, count int) *askers {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	a := &askers{cancel: cancel}
	t.Cleanup(cancel)
	for range count {
		a.running.Go(func() { a.ask(ctx, url) })
	}
	return a
}

func (a *askers) ask(ctx context.Context, url string) {
	client := http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for ctx.Err() == nil {
		failure := askOnce(ctx, &client, url)
		a.mu.Lock()
		if failure == "" {
			a.count++
		} else if ctx.Err() == nil {
			a.failures = append(a.failures, failure)
		}
		a.mu.Unlock()
	}
}

func askOnce(ctx context.Context, client *http.Client, url string) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	response, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Sprintf("%s %s", response.Status, response.Header.Get("Ladder-Error"))
	}
	return ""
}

// stop ends the asking and fails the test if any request failed.
func (a *askers) stop(t *testing.T) {
	t.Helper()
	a.cancel()
	a.running.Wait()
	if len(a.failures) > 0 {
		t.Errorf("%d requests failed, %d did not: %q", len(a.failures), a.count, a.failures[:min(5, len(a.failures))])
	}
	if a.count == 0 {
		t.Error("no request was made")
	}
}

// plan is what `ladder plan -o json` and `ladder apply -o json` print.
type plan struct {
	Changes []struct {
		Path, Old, New, Effect string
	}
	NeedsRestart bool `json:"needs_restart"`
}

func TestApplyRollsANewEnvironmentOutWithoutAFailedRequest(t *testing.T) {
	r := newSpace(t, testApplication).up(t)
	before := r.status()
	asking := startAskers(t, r.url("/version"), 4)

	r.space.write(t, strings.Replace(testApplication, "VERSION: one", "VERSION: two", 1))
	var planned plan
	if err := json.Unmarshal([]byte(mustLadder(t, "plan", "-c", r.space.file, "-o", "json")), &planned); err != nil {
		t.Fatal(err)
	}
	if len(planned.Changes) != 1 || planned.Changes[0].Path != "app.env.VERSION" || planned.Changes[0].Effect != "rolling restart" {
		t.Errorf("plan: %+v", planned)
	}
	if strings.Contains(fmt.Sprint(planned), "two") {
		t.Errorf("the plan shows a secret: %+v", planned)
	}
	if _, body, err := r.get("/version"); err != nil || body != "one" {
		t.Errorf("planning changed the node: %q, %v", body, err)
	}
	mustLadder(t, "apply", "-c", r.space.file)
	asking.stop(t)

	for range 4 {
		if _, body, err := r.get("/version"); err != nil || body != "two" {
			t.Errorf("after apply an instance still runs version %q, %v", body, err)
		}
	}
	for name, old := range before.members() {
		if alive(old.PID) {
			t.Errorf("the old %s (process %d) is still there", name, old.PID)
		}
	}
}

func TestApplyAddsAndRemovesInstancesWithoutAFailedRequest(t *testing.T) {
	r := newSpace(t, testApplication).up(t)
	asking := startAskers(t, r.url("/version"), 4)
	for _, count := range []int{4, 1, 2} {
		r.space.write(t, strings.Replace(testApplication, "instances: 2", fmt.Sprintf("instances: %d", count), 1))
		mustLadder(t, "apply", "-c", r.space.file)
		if got := r.status().ready(); got != count {
			t.Errorf("%d instances are ready, want %d", got, count)
		}
	}
	asking.stop(t)
}

func TestApplyOfAVersionThatCannotStartChangesNothing(t *testing.T) {
	r := newSpace(t, testApplication).up(t)
	before := r.status()
	asking := startAskers(t, r.url("/version"), 2)
	r.space.write(t, strings.Replace(testApplication, "{VERSION: one}", "{VERSION: two, FAIL: now}", 1))
	_, stderr, exit := ladder(t, "apply", "-c", r.space.file)
	asking.stop(t)
	if exit != 1 || !strings.Contains(stderr, "last word: this version cannot start") {
		t.Errorf("apply exited with %d and does not show the application's last words:\n%s", exit, stderr)
	}
	after := r.status()
	for name, old := range before.members() {
		if now := after.members()[name]; now.PID != old.PID || now.State != "up" {
			t.Errorf("%s was touched: before %+v, now %+v", name, old, now)
		}
	}
	warned := false
	for _, warning := range after.Warnings {
		warned = warned || warning.Code == "apply-failed"
	}
	if !warned {
		t.Errorf("no warning says that file and node differ: %+v", after.Warnings)
	}
}

func TestApplyRefusesAnInvalidFileAndNamesThePlace(t *testing.T) {
	r := newSpace(t, testApplication).up(t)
	r.space.write(t, strings.Replace(testApplication, "interval: 1s", "interval: 1", 1))
	_, stderr, exit := ladder(t, "apply", "-c", r.space.file)
	if exit != 1 || !strings.Contains(stderr, "ladder.yaml:7:") {
		t.Errorf("apply exited with %d:\n%s", exit, stderr)
	}
	if code, _, err := r.get("/version"); err != nil || code != http.StatusOK {
		t.Errorf("the node was disturbed: %d, %v", code, err)
	}
}

func TestApplyRefusesWhatNeedsARestart(t *testing.T) {
	r := newSpace(t, testApplication).up(t)
	r.space.write(t, strings.Replace(testApplication, "name: test", "name: other", 1))
	_, stderr, exit := ladder(t, "apply", "-c", r.space.file)
	if exit != 1 || !strings.Contains(stderr, "needs a restart") || !strings.Contains(stderr, "Try:") {
		t.Errorf("apply exited with %d:\n%s", exit, stderr)
	}
	if name := r.status().Name; name != "test" {
		t.Errorf("the node is now called %q", name)
	}
}

func TestApplyMovesTheGatewayAndAdminLive(t *testing.T) {
	r := newSpace(t, testApplication).up(t)
	asking := startAskers(t, r.url("/version"), 2)
	second := freeAddress(t)
	r.space.write(t, strings.Replace(testApplication, "listen: GATEWAY", "listen: [GATEWAY, \""+second+"\"]", 1))
	mustLadder(t, "apply", "-c", r.space.file)
	if code, _, err := get("http://" + second + "/version"); err != nil || code != http.StatusOK {
		t.Errorf("the added address answers %d, %v", code, err)
	}
	asking.stop(t)

	first := r.space.gateway
	r.space.gateway, r.space.admin = second, freeAddress(t)
	r.space.write(t, testApplication)
	mustLadder(t, "apply", "-c", r.space.file)
	if code, _, err := r.get("/version"); err != nil || code != http.StatusOK {
		t.Errorf("the kept address answers %d, %v", code, err)
	}
	if _, _, err := get("http://" + first + "/version"); err == nil {
		t.Error("the removed address still answers")
	}
	if name := r.status().Name; name != "test" {
		t.Errorf("admin at its new address says %q", name)
	}
	mustLadder(t, "status", "-c", r.space.file)
}

func TestHangupAppliesTheFile(t *testing.T) {
	r := newSpace(t, testApplication).up(t)
	r.space.write(t, strings.Replace(testApplication, "instances: 2", "instances: 3", 1))
	hangUp(t, r)
	eventually(t, settleLimit, "three instances are ready", func() error {
		if got := r.status().ready(); got != 3 {
			return fmt.Errorf("%d are", got)
		}
		return nil
	})
}

func TestRestartOfAnInstanceIsUnnoticed(t *testing.T) {
	r := newSpace(t, testApplication).up(t)
	before := r.status().members()
	asking := startAskers(t, r.url("/version"), 4)
	mustLadder(t, "restart", "-c", r.space.file, "app.1")
	asking.stop(t)
	after := r.status().members()
	if after["app.1"].PID == before["app.1"].PID || after["app.2"].PID != before["app.2"].PID {
		t.Errorf("before %+v, after %+v", before, after)
	}
	token, err := os.ReadFile(filepath.Join(r.space.directory, ".ladder", "admin.token"))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := exec.Command("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST",
		"-H", "Authorization: Bearer "+strings.TrimSpace(string(token)), "http://"+r.space.admin+"/api/v1/instances/app.7/restart").Output()
	if err != nil || string(answer) != "404" {
		t.Errorf("the API answers %s for an unknown instance, %v", answer, err)
	}
	_, stderr, exit := ladder(t, "restart", "-c", r.space.file, "app.7")
	if exit != 1 || !strings.Contains(stderr, "app.7") {
		t.Errorf("an unknown instance: exit %d, %s", exit, stderr)
	}
}

func TestServersOfOthersAreAProxyAlone(t *testing.T) {
	text := `
name: proxy
app:
  servers: [SERVER1, SERVER2]
  health: {path: /healthz, interval: 500ms, timeout: 500ms, fall: 2, rise: 1}
gateway:
  listen: GATEWAY
admin:
  listen: ADMIN
`
	first, second := freeAddress(t), freeAddress(t)
	startApplication(t, first)
	stopSecond := startApplication(t, second)
	s := newSpace(t, strings.NewReplacer("SERVER1", first, "SERVER2", second).Replace(text))
	r := s.up(t)
	eventually(t, settleLimit, "both servers are ready", func() error {
		if got := r.status().ready(); got != 2 {
			return fmt.Errorf("%d are", got)
		}
		return nil
	})
	asking := startAskers(t, r.url("/healthz"), 4)
	stopSecond()
	eventually(t, settleLimit, "the stopped server is down", func() error {
		if got := r.status().ready(); got != 1 {
			return fmt.Errorf("%d are ready", got)
		}
		return nil
	})
	startApplication(t, second)
	eventually(t, settleLimit, "it is back", func() error {
		if got := r.status().ready(); got != 2 {
			return fmt.Errorf("%d are ready", got)
		}
		return nil
	})
	asking.stop(t)

	s.write(t, strings.NewReplacer("SERVER1, SERVER2", second).Replace(text))
	mustLadder(t, "apply", "-c", s.file)
	if members := r.status().members(); len(members) != 1 {
		t.Errorf("after the removal the pool has %+v", members)
	}
	if _, err := os.Stat(filepath.Join(s.directory, ".ladder", "postgres")); err == nil {
		t.Error("a proxy alone set up a database")
	}
}

func TestFromInstancesToServersAndBack(t *testing.T) {
	r := newSpace(t, testApplication).up(t)
	other := freeAddress(t)
	startApplication(t, other)
	asking := startAskers(t, r.url("/healthz"), 2)
	r.space.write(t, strings.NewReplacer(`command: ["BIN/testapp"]`, "servers: ["+other+"]", "  instances: 2\n", "", "  env: {VERSION: one}\n", "").Replace(testApplication))
	mustLadder(t, "apply", "-c", r.space.file)
	if members := r.status().members(); len(members) != 1 || members[other].State != "up" {
		t.Errorf("the pool has %+v", members)
	}
	r.space.write(t, testApplication)
	mustLadder(t, "apply", "-c", r.space.file)
	if got := r.status().ready(); got != 2 {
		t.Errorf("%d instances are ready", got)
	}
	asking.stop(t)
}
