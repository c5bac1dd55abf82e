package postgres

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ladder/internal/hint"
)

func TestSettingsEndWithTheUsers(t *testing.T) {
	text := settings{
		major: 15, endpoint: endpoint{"", 5432}, socket: `/srv/a "b",c`, memory: 2 << 30,
		parameters: map[string]string{"work_mem": "64MB", "search_path": `it's \n`, "shared_buffers": "1GB"},
	}.render()
	lines := strings.Split(strings.TrimSpace(text), "\n")
	last := lines[len(lines)-4:]
	want := []string{
		"# database.embedded.parameters", `search_path = 'it''s \\n'`, "shared_buffers = '1GB'", "work_mem = '64MB'",
	}
	if strings.Join(last, "\n") != strings.Join(want, "\n") {
		t.Errorf("the last lines:\n%s", strings.Join(last, "\n"))
	}
	for _, line := range []string{
		"listen_addresses = '*'", "port = '5432'", `unix_socket_directories = '"/srv/a ""b"",c"'`, "wal_level = 'logical'",
		"shared_buffers = '512MB'", "log_startup_progress_interval = '5s'", "effective_cache_size = '1024MB'",
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no line %s in\n%s", line, text)
		}
	}
	if old := (settings{major: 14, memory: 1 << 30}).render(); strings.Contains(old, "log_startup_progress_interval") {
		t.Error("PostgreSQL 14 does not know log_startup_progress_interval")
	}
}

func TestSharedBuffers(t *testing.T) {
	for memory, want := range map[int64]int64{32 << 20: bufferFloor, 1 << 30: 256 << 20, 64 << 30: bufferCeiling} {
		if got := sharedBuffers(memory); got != want {
			t.Errorf("of %d bytes: %d, want %d", memory, got, want)
		}
	}
	if memory, err := machineMemory(); err != nil || memory < 64<<20 {
		t.Errorf("this machine has %d bytes, %v", memory, err)
	}
}

func TestHBA(t *testing.T) {
	for host, networks := range map[string][]string{
		"127.0.0.1": nil, "::1": nil, "localhost": nil,
		"": {"0.0.0.0/0", "::/0"}, "0.0.0.0": {"0.0.0.0/0"}, "10.0.0.5": {"0.0.0.0/0"}, "::": {"::/0"}, "db.internal": {"0.0.0.0/0", "::/0"},
	} {
		text := renderHBA(endpoint{host, 5432})
		if strings.Contains(text, "trust") || strings.Contains(text, "md5") || !strings.HasSuffix(text, "host all all all reject\n") {
			t.Errorf("%q:\n%s", host, text)
		}
		for _, network := range []string{"0.0.0.0/0", "::/0"} {
			want := false
			for _, expected := range networks {
				want = want || expected == network
			}
			if got := strings.Contains(text, "host all all "+network+" scram-sha-256\n"); got != want {
				t.Errorf("%q opens %s: %v", host, network, got)
			}
		}
		if rejects := strings.Contains(text, "host all "+superuser+" all reject"); rejects != (networks != nil) {
			t.Errorf("%q rejects the superuser: %v", host, rejects)
		}
	}
}

func TestEndpoint(t *testing.T) {
	for listen, client := range map[string]string{
		"127.0.0.1:6432": "127.0.0.1:6432", ":6432": "127.0.0.1:6432", "0.0.0.0:1": "127.0.0.1:1", "[::]:1": "[::1]:1",
		"[::1]:1": "[::1]:1", "10.0.0.5:5432": "10.0.0.5:5432", "localhost:5": "localhost:5",
	} {
		at, err := parseEndpoint(listen)
		if err != nil || at.client() != client {
			t.Errorf("%q: %q, %v, want %q", listen, at.client(), err, client)
		}
	}
	for _, listen := range []string{"", "6432", "host:", "host:http", "host:65536", "a,b:1", "host:-1"} {
		if at, err := parseEndpoint(listen); err == nil {
			t.Errorf("%q was read as %v", listen, at)
		}
	}
}

func TestEveryMistakeInTheOptionsIsNamed(t *testing.T) {
	err := Options{
		Directory: "relative", Listen: "nowhere", Database: "template1",
		Parameters: map[string]string{"port": "1", "work mem": "1", "a.b": "x\ny", "wal_level": "minimal", "jit": "off"},
	}.withDefaults().validate()
	if err == nil {
		t.Fatal("all was well")
	}
	for _, part := range []string{"relative", "nowhere", "template1", "parameter port", "work mem", "a.b", "wal_level"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("nothing about %q in: %v", part, err)
		}
	}
	if strings.Contains(err.Error(), "jit") {
		t.Errorf("jit is no mistake: %v", err)
	}
	for _, name := range []string{"", strings.Repeat("x", 64), superuser, "pg_x", "a\x00"} {
		if validateDatabaseName(name) == nil {
			t.Errorf("%q is accepted as the name of a database", name)
		}
	}
}

// That PostgreSQL takes the same password for the same verifier is what every login in these tests shows.
func TestScramVerifier(t *testing.T) {
	verifier, err := scramVerifier("secret")
	if err != nil || !scramMatches(verifier, "secret") || scramMatches(verifier, "Secret") {
		t.Errorf("%q, %v", verifier, err)
	}
	for _, broken := range []string{"", "md5aaaa", "SCRAM-SHA-256$", "SCRAM-SHA-256$0:AAAA$B:C", "SCRAM-SHA-256$x:AAAA$B:C", "SCRAM-SHA-256$4096:*$B:C"} {
		if scramMatches(broken, "secret") {
			t.Errorf("%q matches", broken)
		}
	}
}

func TestCredentials(t *testing.T) {
	directory := t.TempDir()
	if _, err := ReadURL(directory, "x"); err == nil || hint.Of(err) != "ladder up makes it" {
		t.Errorf("without a database: %v", err)
	}
	made, err := prepareCredentials(directory, "chirp", false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadURL(directory, "x"); err == nil || !strings.Contains(hint.Of(err), "ladder up") {
		t.Errorf("before the first start: %v", err)
	}
	made.Address = "127.0.0.1:6432"
	if err := made.write(directory); err != nil {
		t.Fatal(err)
	}
	again, err := prepareCredentials(directory, "chirp", true)
	if err != nil || again != made {
		t.Errorf("read %+v, %v, want %+v", again, err, made)
	}
	read, err := ReadURL(directory, "app one&two")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := url.Parse(read)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := parsed.User.Password()
	if parsed.Scheme != "postgres" || parsed.Host != "127.0.0.1:6432" || parsed.Path != "/chirp" || parsed.User.Username() != "chirp" ||
		password != made.Password || parsed.Query().Get("application_name") != "app one&two" || parsed.Query().Get("sslmode") != "disable" {
		t.Errorf("URL: %s", read)
	}
	if made.Password == made.SuperuserPassword || len(made.Password) != 32 {
		t.Errorf("passwords of %d and %d characters", len(made.Password), len(made.SuperuserPassword))
	}
}

func TestUnreadableCredentialsAreNotQuoted(t *testing.T) {
	directory := t.TempDir()
	path := filepath.Join(directory, credentialsFile)
	if err := os.WriteFile(path, []byte(`{"password": "hush-hush", oops`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := ReadURL(directory, "x")
	if err == nil || strings.Contains(err.Error(), "hush") || hint.Of(err) == "" {
		t.Errorf("got %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := prepareCredentials(directory, "chirp", true); err == nil || !strings.Contains(hint.Of(err), "backup") {
		t.Errorf("data without credentials: %v", err)
	}
}

func TestReplaceFileFollowsNoLink(t *testing.T) {
	directory, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "shadow")
	if err := os.WriteFile(elsewhere, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"conf", ".conf.new"} {
		if err := os.Symlink(elsewhere, filepath.Join(directory, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := replaceFile(directory, "conf", []byte("text"), 0o600, nil); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(elsewhere); err != nil || string(text) != "precious" {
		t.Errorf("the file elsewhere holds %q, %v", text, err)
	}
	if info, err := os.Lstat(filepath.Join(directory, "conf")); err != nil || !info.Mode().IsRegular() || info.Mode().Perm() != 0o600 {
		t.Errorf("what was written: %v, %v", info, err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(directory, "link")); err != nil {
		t.Fatal(err)
	}
	if text, err := readSmall(filepath.Join(directory, "link")); err == nil {
		t.Errorf("a link was followed to %q", text)
	}
	if err := replaceFile(filepath.Join(directory, "missing"), "conf", nil, 0o600, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("in a directory that is not there: %v", err)
	}
}
