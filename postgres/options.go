package postgres

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"ladder/internal/hint"
	"ladder/internal/process"
	"ladder/telemetry"
)

const (
	// DefaultStartTimeout is how long the server may take to accept connections, crash recovery included.
	DefaultStartTimeout = 5 * time.Minute
	// DefaultStopTimeout is how long a fast shutdown may take before an immediate one follows.
	DefaultStopTimeout = 30 * time.Second

	// maxIdentifier is the longest name of a database or role, in bytes (NAMEDATALEN - 1).
	maxIdentifier = 63
	// superuser is the role that Ladder itself connects as. Its name cannot be that of an application in the file, which
	// has no underscores.
	superuser = "ladder_superuser"
	// subject is what events and warnings are about.
	subject = "database"
)

// Options of a [Server]. Directory and Database are required.
type Options struct {
	// Directory that holds the data and everything else of this server.
	Directory string
	// Listen is the host:port for clients. Port 0 takes a free one, which stays the same until Stop. Default 127.0.0.1:0.
	Listen string
	// Database to make for the application, and the role that owns it: both have this name.
	Database string
	// Binaries is the directory of the PostgreSQL programs; empty means to look for them, and to download them if there are none.
	Binaries string
	// CacheDirectory keeps downloaded programs; empty means the user's cache directory, or /var/cache/ladder for root.
	CacheDirectory string
	// Repository is the base URL of the Maven repository that programs are downloaded from; empty means Maven Central.
	Repository string
	// Parameters of postgresql.conf. They win over Ladder's own choices, but for those that Ladder depends on.
	Parameters map[string]string
	// Account to run PostgreSQL as when Ladder runs as root; empty means the owner of the data, else postgres, else nobody.
	Account string

	StartTimeout time.Duration // 0 means DefaultStartTimeout
	StopTimeout  time.Duration // 0 means DefaultStopTimeout

	Guardian *process.Guardian // may be nil
	Logger   *slog.Logger      // may be nil
	Events   telemetry.Events  // may be nil
	Health   *telemetry.Health // may be nil
}

func (o Options) withDefaults() Options {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.StartTimeout <= 0 {
		o.StartTimeout = DefaultStartTimeout
	}
	if o.StopTimeout <= 0 {
		o.StopTimeout = DefaultStopTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Events = telemetry.OrDiscard(o.Events)
	return o
}

// validate returns every mistake in the options at once.
func (o Options) validate() error {
	var mistakes []error
	if !filepath.IsAbs(o.Directory) {
		mistakes = append(mistakes, fmt.Errorf("the directory %q is not an absolute path", o.Directory))
	}
	if _, err := parseEndpoint(o.Listen); err != nil {
		mistakes = append(mistakes, err)
	}
	mistakes = append(mistakes, validateDatabaseName(o.Database))
	for _, name := range sortedNames(o.Parameters) {
		mistakes = append(mistakes, validateParameter(name, o.Parameters[name]))
	}
	return errors.Join(mistakes...)
}

func validateDatabaseName(name string) error {
	switch {
	case name == "":
		return errors.New("the database has no name")
	case len(name) > maxIdentifier:
		return fmt.Errorf("the database name %q is longer than %d bytes", name, maxIdentifier)
	case strings.ContainsRune(name, 0):
		return fmt.Errorf("the database name %q contains a zero byte", name)
	case name == superuser, name == "template0", name == "template1", strings.HasPrefix(name, "pg_"):
		return hint.Errorf("choose another `name` in the file", "the database name %q is reserved", name)
	}
	return nil
}

// ownParameters are settings that Ladder writes itself and depends on: what connects, what follows the log, what the
// later rungs replicate with.
func ownParameters() []string {
	return []string{
		"config_file", "data_directory", "external_pid_file", "hba_file", "ident_file",
		"listen_addresses", "log_destination", "log_line_prefix", "logging_collector", "lc_messages",
		"password_encryption", "port", "restart_after_crash", "unix_socket_directories", "unix_socket_group",
		"unix_socket_permissions",
	}
}

// parameterName is what may stand left of the equals sign: a name, or an extension's name, a dot and a name.
var parameterName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?$`)

func validateParameter(name, value string) error {
	switch {
	case !parameterName.MatchString(name):
		return fmt.Errorf("%q is not the name of a PostgreSQL parameter", name)
	case strings.ContainsAny(value, "\n\r\x00"):
		return fmt.Errorf("the value of parameter %s spans more than one line", name)
	case slices.Contains(ownParameters(), strings.ToLower(name)):
		return hint.Errorf("take it out of `database.embedded.parameters`; `database.listen` sets the address",
			"parameter %s is set by Ladder itself", name)
	case strings.EqualFold(name, "wal_level") && !strings.EqualFold(value, "logical"):
		return hint.Errorf("take it out of `database.embedded.parameters`",
			"parameter wal_level must stay logical: replication, moving and sharding build on it")
	}
	return nil
}

func sortedNames(parameters map[string]string) []string {
	names := make([]string, 0, len(parameters))
	for name := range parameters {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// endpoint is where clients connect.
type endpoint struct {
	host string // empty means every interface
	port int
}

func parseEndpoint(listen string) (endpoint, error) {
	host, portText, err := net.SplitHostPort(listen)
	if err != nil {
		return endpoint{}, fmt.Errorf("the address %q is not host:port: %w", listen, err)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return endpoint{}, fmt.Errorf("the address %q has no numeric port from 0 to 65535", listen)
	}
	if strings.ContainsAny(host, ", '\"\n") {
		return endpoint{}, fmt.Errorf("the address %q names no single host", listen)
	}
	return endpoint{host, int(port)}, nil
}

func (e endpoint) String() string { return net.JoinHostPort(e.host, strconv.Itoa(e.port)) }

// client is the address that a client on this machine connects to.
func (e endpoint) client() string {
	host := e.host
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip != nil && ip.To4() == nil {
			host = "::1"
		}
	}
	return net.JoinHostPort(host, strconv.Itoa(e.port))
}

// loopback reports whether only this machine can reach the address.
func (e endpoint) loopback() bool {
	ip := net.ParseIP(e.host)
	return e.host == "localhost" || ip != nil && ip.IsLoopback()
}
