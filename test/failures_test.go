package test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// upFails runs `ladder up` that must end by itself, and returns what it said.
func upFails(t *testing.T, s *space) string {
	t.Helper()
	_, stderr, exit := ladder(t, "up", "-c", s.file)
	if exit != 1 {
		t.Errorf("it ended with %d", exit)
	}
	if exists(filepath.Join(s.directory, ".ladder", "node.json")) {
		t.Error("it left word of a node that does not run")
	}
	return stderr
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func expectSaid(t *testing.T, said string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(said, part) {
			t.Errorf("it does not say %q:\n%s", part, said)
		}
	}
}

func TestTakenPortIsNoticedBeforeAnythingIsStarted(t *testing.T) {
	s := newSpace(t, singleServer)
	taken, err := net.Listen("tcp", s.gateway)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	expectSaid(t, upFails(t, s), s.gateway, "address already in use", "Try: ", "ss -ltnp")
	if exists(filepath.Join(s.directory, ".ladder", "postgres")) {
		t.Error("PostgreSQL was set up for nothing")
	}
}

func TestApplicationThatCannotStartIsQuoted(t *testing.T) {
	s := newSpace(t, strings.Replace(testApplication, "{VERSION: one}", "{FAIL: now}", 1))
	expectSaid(t, upFails(t, s), "app.1", "exit status 3", "last word: this version cannot start")
}

func TestProgramThatDoesNotExistIsAMistakeInTheFile(t *testing.T) {
	s := newSpace(t, strings.Replace(testApplication, "BIN/testapp", "BIN/nothing-here", 1))
	expectSaid(t, upFails(t, s), "ladder.yaml:4:", "app.command", "nothing-here")
}

// TestMissingPostgresNamesThePackage hides PostgreSQL from Ladder in a mount namespace; nothing can be downloaded here either.
func TestMissingPostgresNamesThePackage(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("hiding PostgreSQL from one process needs root")
	}
	if output, err := exec.Command("unshare", "--mount", "--net", "true").CombinedOutput(); err != nil {
		t.Skipf("no mount namespace to hide PostgreSQL in (a chroot, perhaps): %v, %s", err, output)
	}
	s := newSpace(t, singleServer)
	var said bytes.Buffer
	command := exec.CommandContext(t.Context(), "unshare", "--mount", "--net", "sh", "-c",
		"ip link set lo up; mount -t tmpfs none /usr/lib/postgresql; exec \"$0\" up -c \"$1\"", filepath.Join(programs, "ladder"), s.file)
	command.Env = append(os.Environ(), "PATH=/usr/sbin:/sbin:/bin", "HOME="+s.directory, "XDG_CACHE_HOME="+s.directory)
	command.Stderr = &said
	if err := command.Run(); err == nil {
		t.Fatal("ladder up ran without PostgreSQL")
	}
	expectSaid(t, said.String(), "no PostgreSQL server is installed", "apt-get install postgresql")
}

func TestAdminBeyondLoopbackNeedsAToken(t *testing.T) {
	s := newSpace(t, strings.Replace(testApplication, "listen: ADMIN", `listen: "0.0.0.0:0"`, 1))
	expectSaid(t, upFails(t, s), "ladder.yaml:11:", "there is no token", "Try: token:")
}

// TestSecretsStaySecret plants secrets in file and environment and looks for them wherever a person might see them.
func TestSecretsStaySecret(t *testing.T) {
	const secret = "canary-b7e151628aed2a6a"
	s := newSpace(t, strings.Replace(testApplication, "VERSION: one", "TOKEN: "+secret, 1)+
		"  token: "+secret+"\ndatabase: {primary: \"postgres://shop:"+secret+"@127.0.0.1:5/shop\"}\n")
	r := s.up(t)
	for _, verb := range []string{"validate", "plan", "status", "doctor"} {
		for _, format := range []string{"text", "json"} {
			stdout, stderr, _ := ladder(t, verb, "-c", s.file, "-o", format)
			if strings.Contains(stdout+stderr, secret) {
				t.Errorf("ladder %s -o %s shows the secret:\n%s%s", verb, format, stdout, stderr)
			}
		}
	}
	if code, _, err := get("http://" + s.admin + "/api/v1/status"); err != nil || code != 401 {
		t.Errorf("admin with a token answers %d without one, %v", code, err)
	}
	for _, path := range []string{"/api/v1/config", "/api/v1/status", "/metrics"} {
		output, err := exec.Command("curl", "-fsS", "-H", "Authorization: Bearer "+secret, "http://"+s.admin+path).CombinedOutput()
		if err != nil {
			t.Errorf("curl %s: %v, %s", path, err, output)
		}
		if strings.Contains(string(output), secret) {
			t.Errorf("%s shows the secret", path)
		}
	}
	if exit := r.stop(); exit != 0 {
		t.Errorf("exit code %d", exit)
	}
	if strings.Contains(r.output.String(), secret) {
		t.Errorf("ladder up printed the secret:\n%s", r.output)
	}
	logs, err := filepath.Glob(filepath.Join(s.directory, ".ladder", "log", "*"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("no logs: %v", err)
	}
	for _, log := range logs {
		if text, err := os.ReadFile(log); err != nil || bytes.Contains(text, []byte(secret)) {
			t.Errorf("%s holds the secret, or cannot be read: %v", log, err)
		}
	}
}
