package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"ladder/internal/filelock"
	"ladder/internal/hint"
	"ladder/telemetry"
)

// addressInUse is how the server says that somebody else listens on its port.
const addressInUse = "Address already in use"

// prepare settles everything that holds until Stop: the directory and its lock, whom the server runs as, its programs and
// the passwords. The order is that of what can be undone: nothing is written into a directory that is not Ladder's.
func (s *Server) prepare(ctx context.Context) error {
	if err := s.options.validate(); err != nil {
		return fmt.Errorf("settings of the database: %w", err)
	}
	c := &cluster{options: s.options, layout: layout{s.options.Directory}}
	if _, err := c.layout.readVersion(); err != nil {
		return err
	}
	if err := c.layout.makeDirectory(os.Geteuid()); err != nil {
		return err
	}
	var err error
	if s.lock, err = filelock.Acquire(c.layout.path(lockFile)); err != nil {
		return lockError(s.options.Directory, err)
	}
	found, err := c.layout.readVersion() // again: another Ladder may have been at work before the lock was ours
	if err != nil {
		return err
	}
	dataMajor, err := c.layout.dataMajor()
	if err != nil {
		return err
	}
	if err := c.chooseAccount(); err != nil {
		return err
	}
	if c.installation, err = s.choosePrograms(ctx, c.account, dataMajor); err != nil {
		return err
	}
	if err := c.layout.writeVersion(found, c.installation.Major); err != nil {
		return err
	}
	if c.credentials, err = prepareCredentials(s.options.Directory, s.options.Database, dataMajor != 0); err != nil {
		return err
	}
	if c.endpoint, err = parseEndpoint(s.options.Listen); err != nil {
		return err
	}
	if c.socketDirectory, err = c.layout.makeSocketDirectory(c.account); err != nil {
		return err
	}
	s.cluster = c
	return nil
}

// chooseAccount settles whom the server runs as and how it gets to its data.
func (c *cluster) chooseAccount() error {
	dataOwner, err := ownerOf(c.data())
	if err != nil {
		return accessError("looking at the data directory", err)
	}
	if c.account, err = chooseAccount(os.Geteuid(), c.options.Account, dataOwner, lookupAccount); err != nil {
		return err
	}
	if dataOwner == 0 && c.account.name != "" {
		if err := giveTo(c.data(), c.account); err != nil {
			return err
		}
	}
	if c.blocker, err = blockedAt(c.layout.directory, c.account); err != nil {
		return accessError("looking at the way to the data directory", err)
	}
	return nil
}

// choosePrograms finds the installation that runs the data, or downloads one.
func (s *Server) choosePrograms(ctx context.Context, who account, dataMajor int) (Installation, error) {
	var (
		found    []Installation
		rejected []error
	)
	if s.options.Binaries != "" {
		only, err := inspect(s.options.Binaries)
		if err != nil {
			return Installation{}, err
		}
		found = []Installation{only}
	} else {
		found, rejected = survey(s.places)
	}
	upgrade := upgradeCase{s.options.Directory, who}
	if len(found) > 0 {
		made, err := choose(found, dataMajor, upgrade)
		var wrong *VersionError
		if errors.As(err, &wrong) && s.options.Binaries == "" {
			fetched, fetchErr := s.fetched(ctx, dataMajor)
			if fetchErr == nil {
				made, err = choose(append(found, fetched), dataMajor, upgrade)
			} else {
				err = fmt.Errorf("%w; %w", err, fetchErr)
			}
		}
		if err != nil {
			return Installation{}, err
		}
		s.tellOutdated(made, upgrade)
		return made.installation, checkExecutable(made.installation, who)
	}
	fetched, err := s.fetched(ctx, dataMajor)
	if err != nil {
		return Installation{}, hint.Wrap(fmt.Errorf("%w; downloading it failed too: %w", notInstalled(rejected), err), installHint)
	}
	return fetched, checkExecutable(fetched, who)
}

// tellOutdated says once per start that the data could be upgraded.
func (s *Server) tellOutdated(made choice, upgrade upgradeCase) {
	if made.outdated == nil {
		return
	}
	s.publish(telemetry.SeverityWarning, "database_outdated",
		fmt.Sprintf("the data is of PostgreSQL %d and stays with it, although %s is installed", made.installation.Major, made.outdated.Version),
		"upgrade", upgrade.commands(made.installation, *made.outdated))
}

// checkExecutable makes sure that the account gets to the programs.
func checkExecutable(installation Installation, who account) error {
	blocker, err := blockedAt(installation.Directory, who)
	if err != nil {
		return fmt.Errorf("looking at the way to PostgreSQL's programs: %w", err)
	}
	if blocker != "" {
		return hint.Errorf(fmt.Sprintf("chmod o+x %s, or name programs elsewhere as `database.embedded.binaries`", blocker),
			"%s, whom PostgreSQL runs as, may not enter %s, where its programs are", who, blocker)
	}
	return nil
}

// writeVersion makes the directory Ladder's, or notes a new major version.
func (l layout) writeVersion(found format, major int) error {
	if found.Format == formatVersion && found.PostgresMajor == major {
		return nil
	}
	if found.Created.IsZero() {
		found.Created = time.Now().UTC().Truncate(time.Second)
	}
	found.Format, found.PostgresMajor = formatVersion, major
	text, err := json.Marshal(found)
	if err != nil {
		return fmt.Errorf("describing the directory: %w", err)
	}
	return replaceFile(l.directory, versionFile, append(text, '\n'), readableMode, nil)
}

// ensureData makes the data directory where there is none.
func (c *cluster) ensureData(ctx context.Context) error {
	major, err := c.layout.dataMajor()
	if err != nil || major != 0 {
		return err
	}
	begun := time.Now()
	c.publish(telemetry.SeverityInfo, "database_initializing", "making an empty database",
		"version", c.installation.Version, "directory", c.layout.directory)
	if err := c.initialise(ctx); err != nil {
		return err
	}
	c.publish(telemetry.SeverityInfo, "database_initialized",
		"made an empty database in "+time.Since(begun).Round(time.Millisecond).String())
	return nil
}

// freePort asks the kernel for a port that nobody uses at the moment.
func freePort(ctx context.Context, host string) (int, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return 0, hint.Errorf("change `database.listen`", "looking for a free port on %q: %w", host, err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err = errors.Join(err, listener.Close()); err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	return strconv.Atoi(port)
}

// cacheDirectory is where downloaded programs are kept. Root's own cache is under /root, where PostgreSQL's user cannot go.
func (o Options) cacheDirectory() (string, error) {
	if o.CacheDirectory != "" {
		return o.CacheDirectory, nil
	}
	if os.Geteuid() == 0 {
		return "/var/cache/ladder", nil
	}
	user, err := os.UserCacheDir()
	if err != nil {
		return "", hint.Errorf("set HOME or XDG_CACHE_HOME", "looking for the cache directory: %w", err)
	}
	return filepath.Join(user, "ladder"), nil
}

// inUse reports whether a start failed because somebody else listens on the port.
func inUse(err error) bool { return err != nil && strings.Contains(err.Error(), addressInUse) }
