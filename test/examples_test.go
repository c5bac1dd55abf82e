package test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var exampleAddress = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// example is an example file with every address in it replaced by a free one.
func example(t *testing.T, name string) (s *space, moved map[string]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	moved = map[string]string{}
	replaced := exampleAddress.ReplaceAllStringFunc(string(text), func(address string) string {
		if moved[address] == "" {
			moved[address] = freeAddress(t)
		}
		return moved[address]
	})
	return newSpace(t, strings.ReplaceAll(replaced, "../bin/", programs+"/")), moved
}

// TestEveryExampleIsBooted keeps an example from being added without a test that does what its comments say.
func TestEveryExampleIsBooted(t *testing.T) {
	booted := map[string]func(*testing.T){
		"01-single-server.yaml": exampleSingleServer,
		"proxy-only.yaml":       exampleProxyOnly,
	}
	files, err := filepath.Glob(filepath.Join("..", "examples", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		boot := booted[name]
		if boot == nil {
			t.Errorf("examples/%s: write a function here that boots it", name)
			continue
		}
		t.Run(name, boot)
	}
}

// exampleSingleServer: PostgreSQL, two instances and the gateway; one may be replaced while the other serves; traffic only
// while /healthz answers; Ctrl-C stops all of it.
func exampleSingleServer(t *testing.T) {
	s, moved := example(t, "01-single-server.yaml")
	s.gateway, s.admin = moved["127.0.0.1:8080"], moved["127.0.0.1:9900"]
	r := s.up(t)
	now := r.status()
	if now.Name != "chirp" || now.ready() != 2 || now.Database.State != "up" || now.Rung.Number != 1 {
		t.Errorf("status: %+v", now)
	}
	if code, body, err := r.get("/"); err != nil || code != http.StatusOK || !strings.Contains(body, "<html") {
		t.Errorf("GET /: %d, %v, %.80s", code, err, body)
	}
	asking := startAskers(t, r.url("/healthz"), 2)
	mustLadder(t, "restart", "-c", s.file, "app.1")
	asking.stop(t)
	if url := mustLadder(t, "database", "url", "-c", s.file); !strings.Contains(url, moved["127.0.0.1:6432"]) {
		t.Errorf("the database is not where the file says: %s", url)
	}
	if exit := r.stop(); exit != 0 {
		t.Errorf("exit code %d", exit)
	}
}

// exampleProxyOnly: a gateway for servers of somebody else, without a database; each gets traffic while its check passes.
func exampleProxyOnly(t *testing.T) {
	s, moved := example(t, "proxy-only.yaml")
	s.gateway, s.admin = moved["127.0.0.1:8081"], moved["127.0.0.1:9901"]
	startApplication(t, moved["127.0.0.1:3001"])
	r := s.up(t) // the second server is not there yet
	ready := func(count int) func() error {
		return func() error {
			if got := r.status().ready(); got != count {
				return fmt.Errorf("%d servers are ready", got)
			}
			return nil
		}
	}
	eventually(t, settleLimit, "the first server gets traffic", ready(1))
	startApplication(t, moved["127.0.0.1:3002"])
	eventually(t, settleLimit, "the second one does", ready(2))
	if code, body, err := r.get("/healthz"); err != nil || code != http.StatusOK || body != "well" {
		t.Errorf("GET /healthz: %d, %q, %v", code, body, err)
	}
	if kind := r.status().Database.Kind; kind != "none" {
		t.Errorf("there is a database: %s", kind)
	}
}
