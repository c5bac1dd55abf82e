package postgres

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ladder/internal/hint"
)

// programsArchive makes a .txz as zonky.io's builds are: bin with programs that pass everything to the installed ones, a
// library, a link, and a directory with a mode of its own.
func programsArchive(t *testing.T, spoil func(tree string)) []byte {
	t.Helper()
	installed := requirePostgres(t)
	tree := t.TempDir()
	for _, name := range []string{"bin", "lib", "share"} {
		if err := os.Mkdir(filepath.Join(tree, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"postgres", "initdb", "pg_ctl"} {
		// The real program wants to be called by its own name.
		script := "#!/bin/sh\nexec " + installed.program(name) + ` "$@"` + "\n"
		if err := os.WriteFile(filepath.Join(tree, "bin", name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(tree, "lib", "libpq.so.5.17"), []byte("library"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("libpq.so.5.17", filepath.Join(tree, "lib", "libpq.so.5")); err != nil {
		t.Fatal(err)
	}
	if spoil != nil {
		spoil(tree)
	}
	archive, err := exec.Command("tar", "-C", tree, "-cJf", "-", ".").Output()
	if err != nil {
		t.Fatalf("this test needs tar and xz: %v", err)
	}
	return archive
}

// repository serves an archive as Maven Central does, and counts the requests.
type repository struct {
	*httptest.Server
	requests atomic.Int32
}

func serveArchive(t *testing.T, archive []byte, checksum func(real string) string) *repository {
	t.Helper()
	var jar bytes.Buffer
	packed := zip.NewWriter(&jar)
	entry, err := packed.Create("postgres-linux-x86_64.txz")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := entry.Write(archive); err != nil {
		t.Fatal(err)
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(jar.Bytes())
	said := checksum(hex.EncodeToString(sum[:]))
	served := &repository{}
	served.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.requests.Add(1)
		switch {
		case !strings.HasPrefix(r.URL.Path, "/io/zonky/test/postgres/"):
			http.NotFound(w, r)
		case strings.HasSuffix(r.URL.Path, checksumSuffix) && said == "":
			http.NotFound(w, r)
		case strings.HasSuffix(r.URL.Path, checksumSuffix):
			fmt.Fprint(w, said)
		default:
			_, _ = w.Write(jar.Bytes())
		}
	}))
	t.Cleanup(served.Close)
	return served
}

func honest(sum string) string { return sum }

// withoutInstalled is a server that finds no installed PostgreSQL.
func withoutInstalled(options Options) *Server {
	server := New(options)
	server.places = nil
	return server
}

func downloadOptions(t *testing.T, repository string) Options {
	t.Helper()
	options := emptyOptions(t)
	options.Repository, options.CacheDirectory = repository, filepath.Join(filepath.Dir(options.Directory), "cache")
	return options
}

func TestDownloadThatCannotConnectNamesThePackage(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + listener.Addr().String()
	listener.Close()
	options := downloadOptions(t, closed)
	server := withoutInstalled(options)
	err = server.Start(t.Context())
	if !errors.Is(err, ErrNotInstalled) {
		t.Fatalf("got %v, want ErrNotInstalled", err)
	}
	for _, part := range []string{closed, "connection refused"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q: %v", part, err)
		}
	}
	for _, part := range []string{"apt-get install postgresql", "dnf install", "brew install"} {
		if !strings.Contains(hint.Of(err), part) {
			t.Errorf("the hint does not say %q: %s", part, hint.Of(err))
		}
	}
	stop(t, server)
	expectNothingLeft(t, options)
	expectCacheEmpty(t, options.CacheDirectory)
}

func expectCacheEmpty(t *testing.T, cache string) {
	t.Helper()
	entries, err := os.ReadDir(cache)
	if err != nil || len(entries) != 0 {
		t.Errorf("the cache has %v, %v", entries, err)
	}
}

func TestDownloadedProgramsRunAndAreKept(t *testing.T) {
	repository := serveArchive(t, programsArchive(t, nil), honest)
	options := downloadOptions(t, repository.URL)
	_, version, err := downloadVersion(0)
	if err != nil {
		t.Fatal(err)
	}
	installation, err := download(t.Context(), repository.URL, options.CacheDirectory, version)
	if err != nil {
		t.Fatal(err)
	}
	unpacked := filepath.Dir(installation.Directory)
	if unpacked != cachedDirectory(options.CacheDirectory, version) {
		t.Errorf("unpacked in %s", unpacked)
	}
	if target, err := os.Readlink(filepath.Join(unpacked, "lib", "libpq.so.5")); err != nil || target != "libpq.so.5.17" {
		t.Errorf("link: %q, %v", target, err)
	}
	for name, want := range map[string]os.FileMode{"bin": 0o755, "bin/postgres": 0o755, "lib/libpq.so.5.17": 0o644} {
		if info, err := os.Stat(filepath.Join(unpacked, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %v", name, info.Mode(), err, want)
		}
	}
	if entries, err := os.ReadDir(options.CacheDirectory); err != nil || len(entries) != 1 {
		t.Errorf("the cache has %v, %v", entries, err)
	}
	if leftover, err := filepath.Glob(filepath.Join(os.TempDir(), "embedded_postgres_log*")); err != nil || len(leftover) != 0 {
		t.Errorf("the library left %v", leftover)
	}
}

// The programs of this test pass everything on to the installed ones, so the version in the cache's name is that one's.
func TestCacheServesWithoutNetwork(t *testing.T) {
	major := requirePostgres(t).Major
	repository := serveArchive(t, programsArchive(t, nil), honest)
	options := downloadOptions(t, repository.URL)
	_, version, err := downloadVersion(major)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := download(t.Context(), repository.URL, options.CacheDirectory, version); err != nil {
		t.Fatal(err)
	}
	repository.Close()
	found, err := withoutInstalled(options).fetched(t.Context(), major)
	if err != nil || found.Major != major || !strings.HasPrefix(found.Directory, options.CacheDirectory) {
		t.Errorf("from the cache: %+v, %v", found, err)
	}
}

func TestServerRunsOnDownloadedPrograms(t *testing.T) {
	major := requirePostgres(t).Major
	repository := serveArchive(t, programsArchive(t, nil), honest)
	options := downloadOptions(t, repository.URL)
	// Data of the installed version makes the download one of that version too.
	stop(t, start(t, options))
	server := withoutInstalled(options)
	t.Cleanup(func() { stop(t, server) })
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	status := server.Status()
	if status.Major != major || !strings.HasPrefix(status.Binaries, options.CacheDirectory) {
		t.Errorf("status: %+v", status)
	}
	open(t, server.URL("app.1"))
	if codes := events(server).codes(); !contains(codes, "database_downloaded") {
		t.Errorf("events: %v", codes)
	}
}

func TestSpoiltDownloadsAreRefused(t *testing.T) {
	whole := programsArchive(t, nil)
	for name, test := range map[string]struct {
		archive  []byte
		checksum func(string) string
		want     string
	}{
		"wrong checksum":   {whole, func(string) string { return strings.Repeat("0", 64) }, "checksums do not match"},
		"no checksum":      {whole, func(string) string { return "" }, "404"},
		"cut off":          {whole[:len(whole)/2], honest, "unpacking"},
		"not an archive":   {[]byte("<html>"), honest, "unpacking"},
		"no server inside": {programsArchive(t, func(tree string) { _ = os.Remove(filepath.Join(tree, "bin", "initdb")) }), honest, "initdb"},
		"does not run": {programsArchive(t, func(tree string) {
			_ = os.WriteFile(filepath.Join(tree, "bin", "postgres"), []byte("#!/bin/sh\nexit 1\n"), 0o755)
		}), honest, "does not work here"},
	} {
		t.Run(name, func(t *testing.T) {
			cache := filepath.Join(t.TempDir(), "cache")
			_, err := download(t.Context(), serveArchive(t, test.archive, test.checksum).URL, cache, "17.5.0")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			expectCacheEmpty(t, cache)
		})
	}
}

func TestDownloadEndsWithItsContext(t *testing.T) {
	asked := make(chan struct{})
	release := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-release
	}))
	defer silent.Close()
	defer close(release)
	cause := errors.New("the operator lost patience")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-asked
		cancel(cause)
	}()
	cache := filepath.Join(t.TempDir(), "cache")
	begun := time.Now()
	_, err := download(ctx, silent.URL, cache, "17.5.0")
	if !errors.Is(err, cause) || time.Since(begun) > generous {
		t.Errorf("got %v after %v", err, time.Since(begun))
	}
	expectCacheEmpty(t, cache)
}

func TestBrokenCacheIsReplaced(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "cache")
	broken := filepath.Join(cachedDirectory(cache, "17.5.0"), "bin")
	if err := os.MkdirAll(broken, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(broken, "postgres"), []byte("half"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, found := inCache(cache, 17); found {
		t.Error("half of an installation was found in the cache")
	}
	repository := serveArchive(t, programsArchive(t, nil), honest)
	if _, err := download(t.Context(), repository.URL, cache, "17.5.0"); err != nil {
		t.Error(err)
	}
}

func TestDownloadVersion(t *testing.T) {
	for _, candidate := range downloadable() {
		major, version, err := downloadVersion(candidate.major)
		if err != nil || major != candidate.major || !strings.HasPrefix(version, fmt.Sprintf("%d.", major)) {
			t.Errorf("for data of %d: %d, %q, %v", candidate.major, major, version, err)
		}
	}
	if _, _, err := downloadVersion(9); err == nil {
		t.Error("PostgreSQL 9 can be downloaded")
	}
	if major, _, err := downloadVersion(0); err != nil || major < MinimumMajor {
		t.Errorf("for a new database: %d, %v", major, err)
	}
}

func TestHostileArchivesStayInTheirDirectory(t *testing.T) {
	outside := t.TempDir()
	for name, entries := range map[string][]tar.Header{
		"path upwards":       {{Name: "../evil", Typeflag: tar.TypeReg, Mode: 0o755}},
		"absolute path":      {{Name: outside + "/evil", Typeflag: tar.TypeReg, Mode: 0o755}},
		"through a link":     {{Name: "share", Typeflag: tar.TypeSymlink, Linkname: outside}, {Name: "share/evil", Typeflag: tar.TypeReg}},
		"link to outside":    {{Name: "evil", Typeflag: tar.TypeLink, Linkname: "../../../../../../etc/hostname"}},
		"replaces a file":    {{Name: "file", Typeflag: tar.TypeReg}, {Name: "file", Typeflag: tar.TypeReg}},
		"device":             {{Name: "zero", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 5}},
		"directory upwards":  {{Name: "../evil", Typeflag: tar.TypeDir, Mode: 0o755}},
		"directory via link": {{Name: "share", Typeflag: tar.TypeSymlink, Linkname: ".."}, {Name: "share/evil", Typeflag: tar.TypeDir}},
	} {
		t.Run(name, func(t *testing.T) {
			place := t.TempDir()
			archive := filepath.Join(place, "archive.txz")
			writeArchive(t, archive, entries)
			if err := unpackArchive(t.Context(), archive, filepath.Join(place, "unpacked")); err == nil {
				t.Error("it was unpacked")
			}
			for _, directory := range []string{outside, place} {
				if _, err := os.Lstat(filepath.Join(directory, "evil")); err == nil {
					t.Errorf("it reached %s", directory)
				}
			}
		})
	}
}

func writeArchive(t *testing.T, path string, entries []tar.Header) {
	t.Helper()
	var packed bytes.Buffer
	writer := tar.NewWriter(&packed)
	for _, entry := range entries {
		if err := writer.WriteHeader(&entry); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("xz", "--stdout")
	command.Stdin = &packed
	compressed, err := command.Output()
	if err != nil {
		t.Fatalf("this test needs xz: %v", err)
	}
	if err := os.WriteFile(path, compressed, 0o600); err != nil {
		t.Fatal(err)
	}
}
