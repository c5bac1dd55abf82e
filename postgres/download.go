package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
	"golang.org/x/sys/unix"

	"ladder/internal/hint"
	"ladder/telemetry"
)

const (
	// downloadTimeout bounds fetching and unpacking the programs, about 20 MB.
	downloadTimeout = 5 * time.Minute
	// defaultRepository is Maven Central, where the zonky.io builds of PostgreSQL are.
	defaultRepository = "https://repo1.maven.org/maven2"
)

// downloadable is the version that is fetched for each major one; the first is that for a new database.
func downloadable() []struct {
	major   int
	version embeddedpostgres.PostgresVersion
} {
	return []struct {
		major   int
		version embeddedpostgres.PostgresVersion
	}{
		{17, embeddedpostgres.V17}, {18, embeddedpostgres.V18}, {16, embeddedpostgres.V16},
		{15, embeddedpostgres.V15}, {14, embeddedpostgres.V14},
	}
}

// downloadVersion chooses what to fetch for data of a major version; 0 means that there is no data yet.
func downloadVersion(dataMajor int) (major int, version string, err error) {
	for _, candidate := range downloadable() {
		if dataMajor == 0 || dataMajor == candidate.major {
			return candidate.major, string(candidate.version), nil
		}
	}
	return 0, "", fmt.Errorf("PostgreSQL %d cannot be downloaded", dataMajor)
}

// fetched returns programs for data of a major version from the cache, or downloads them.
func (s *Server) fetched(ctx context.Context, dataMajor int) (Installation, error) {
	major, version, err := downloadVersion(dataMajor)
	if err != nil {
		return Installation{}, err
	}
	cache, err := s.options.cacheDirectory()
	if err != nil {
		return Installation{}, err
	}
	if cached, found := inCache(cache, major); found {
		return cached, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, downloadTimeout, fmt.Errorf("it took longer than %v", downloadTimeout))
	defer cancel()
	repository := s.options.Repository
	if repository == "" {
		repository = defaultRepository
	}
	s.publish(telemetry.SeverityInfo, "database_downloading", "downloading PostgreSQL "+version, "from", repository, "to", cache)
	installation, err := download(ctx, repository, cache, version)
	if err != nil {
		return Installation{}, fmt.Errorf("downloading PostgreSQL %s: %w", version, err)
	}
	s.publish(telemetry.SeverityInfo, "database_downloaded", "downloaded PostgreSQL "+version, "directory", installation.Directory)
	return installation, nil
}

func cachedDirectory(cache, version string) string {
	return filepath.Join(cache, "postgresql-"+version)
}

// inCache finds a complete download of a major version. Whatever minor version it is: a cache must serve without a network.
func inCache(cache string, major int) (Installation, bool) {
	places, err := filepath.Glob(filepath.Join(cachedDirectory(cache, fmt.Sprintf("%d.*", major)), "bin"))
	if err != nil {
		return Installation{}, false
	}
	found, _ := survey(places)
	at := slices.IndexFunc(found, func(installation Installation) bool { return installation.Major == major })
	if at < 0 {
		return Installation{}, false
	}
	return found[at], true
}

// download fetches a version into the cache. The programs are unpacked beside their final place and moved there when they
// are complete and have been tried, so that nobody ever finds half of them.
func download(ctx context.Context, repository, cache, version string) (Installation, error) {
	if err := os.MkdirAll(cache, publicMode); err != nil {
		return Installation{}, hint.Wrap(fmt.Errorf("making the cache directory: %w", err),
			"name PostgreSQL's programs as `database.embedded.binaries`, or make the directory writable")
	}
	work, err := os.MkdirTemp(cache, ".unfinished-")
	if err != nil {
		return Installation{}, fmt.Errorf("making room in the cache directory: %w", err)
	}
	defer os.RemoveAll(work)
	archive, err := fetchArchive(ctx, repository, work, version)
	if err != nil {
		return Installation{}, err
	}
	unpacked := filepath.Join(work, "unpacked")
	if err := unpackArchive(ctx, archive, unpacked); err != nil {
		return Installation{}, fmt.Errorf("unpacking %s: %w", filepath.Base(archive), err)
	}
	if _, err := inspect(filepath.Join(unpacked, "bin")); err != nil {
		return Installation{}, fmt.Errorf("what was downloaded does not work here: %w", err)
	}
	target := cachedDirectory(cache, version)
	if err := moveIntoPlace(unpacked, target); err != nil {
		return Installation{}, fmt.Errorf("putting the programs into the cache: %w", err)
	}
	return inspect(filepath.Join(target, "bin"))
}

// moveIntoPlace renames a finished tree. Its content is on the disk before its name is, so that a power failure leaves no
// empty programs. Whoever was faster has unpacked the same.
func moveIntoPlace(tree, target string) error {
	opened, err := os.Open(tree)
	if err != nil {
		return err
	}
	err = unix.Syncfs(int(opened.Fd()))
	if err := errors.Join(err, opened.Close()); err != nil {
		return err
	}
	err = os.Rename(tree, target)
	if err != nil {
		if _, another := inspect(filepath.Join(target, "bin")); another == nil {
			return nil
		}
		// What is there does not work; the cache is Ladder's own.
		err = errors.Join(os.RemoveAll(target), os.Rename(tree, target))
	}
	return err
}

// fetchArchive lets fergusstrange/embedded-postgres download and verify an archive of programs into work, and returns its
// path. That library knows the builds, their names for each platform and their checksums. Its only entry is a Start that
// goes on to unpack in place, and to run initdb as the current user, neither of which is wanted: it is given a place where
// it cannot unpack, and what counts is that the archive is there, which the library renames into place when it is complete.
func fetchArchive(ctx context.Context, repository, work, version string) (string, error) {
	relay, err := startRelay(ctx, repository)
	if err != nil {
		return "", err
	}
	defer relay.stop()
	archives := filepath.Join(work, "archive")
	nowhere := filepath.Join(work, "nowhere")
	if err := os.Symlink(filepath.Join(work, "missing"), nowhere); err != nil {
		return "", fmt.Errorf("preparing the download: %w", err)
	}
	config := embeddedpostgres.DefaultConfig().
		Version(embeddedpostgres.PostgresVersion(version)).
		BinaryRepositoryURL(relay.url).
		CachePath(archives).BinariesPath(nowhere).RuntimePath(filepath.Join(work, "runtime")).
		Port(0).Logger(io.Discard)
	said := runLibrary(config)
	found, err := filepath.Glob(filepath.Join(archives, "*.txz"))
	if err != nil || len(found) != 1 {
		return "", relay.explain(said)
	}
	return found[0], nil
}

// runLibrary runs the library's Start, which is expected to fail, and removes the empty log file that it leaves behind. A
// panic, which it uses for failed clean-ups, must not end Ladder.
func runLibrary(config embeddedpostgres.Config) (err error) {
	logs := filepath.Join(os.TempDir(), "embedded_postgres_log*")
	before, globErr := filepath.Glob(logs)
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("embedded-postgres: %v", problem)
		}
		after, afterErr := filepath.Glob(logs)
		for _, path := range after {
			if globErr == nil && afterErr == nil && !slices.Contains(before, path) {
				_ = os.Remove(path)
			}
		}
	}()
	if err := embeddedpostgres.NewDatabase(config).Start(); err != nil {
		return errors.New(strings.TrimSpace(err.Error()))
	}
	return fmt.Errorf("embedded-postgres on %s/%s went further than asked", runtime.GOOS, runtime.GOARCH)
}
