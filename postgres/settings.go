package postgres

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	settingsFile = "ladder.conf"
	hbaFile      = "pg_hba.conf"

	// bufferShare of the memory is given to shared_buffers, at least bufferFloor and at most bufferCeiling bytes: the
	// application lives on the same machine, and PostgreSQL uses the kernel's cache as well.
	bufferShare   = 4
	bufferFloor   = 16 << 20
	bufferCeiling = 1 << 30

	// walSenders and replicationSlots leave room for replicas, moves and readers of the log, which later need no restart.
	walSenders       = 16
	replicationSlots = 16

	// logLinePrefix is what [parseLogLine] reads: time, process id, and who it was for where it was for somebody.
	logLinePrefix = "%m [%p] %q%u@%d "
)

// settings is everything that ladder.conf is made from.
type settings struct {
	major      int
	endpoint   endpoint
	socket     string // directory
	memory     int64  // bytes
	parameters map[string]string
}

// render is ladder.conf. The user's parameters come last, because the last one counts.
func (s settings) render() string {
	var text strings.Builder
	text.WriteString("# Written by Ladder at each start; changes here are lost. Set `database.embedded.parameters` in the file instead.\n\n")
	set := func(name, value string) { fmt.Fprintf(&text, "%s = %s\n", name, quoteSetting(value)) }
	set("listen_addresses", listenAddresses(s.endpoint))
	set("port", strconv.Itoa(s.endpoint.port))
	set("unix_socket_directories", quoteListItem(s.socket))
	set("unix_socket_permissions", "0700")
	set("password_encryption", "scram-sha-256")
	text.WriteString("\n# Replicas, moves and readers of the log join later without a restart.\n")
	set("wal_level", "logical")
	set("max_wal_senders", strconv.Itoa(walSenders))
	set("max_replication_slots", strconv.Itoa(replicationSlots))
	set("hot_standby", "on")
	text.WriteString("\n# Ladder takes the log from standard error and keeps it within bounds.\n")
	set("logging_collector", "off")
	set("log_destination", "stderr")
	set("log_line_prefix", logLinePrefix)
	set("lc_messages", "C")
	set("log_lock_waits", "on")
	if s.major >= 15 {
		set("log_startup_progress_interval", "5s")
	}
	set("restart_after_crash", "on")
	set("cluster_name", "ladder")
	text.WriteString("\n")
	set("shared_buffers", strconv.FormatInt(sharedBuffers(s.memory)>>20, 10)+"MB")
	set("effective_cache_size", strconv.FormatInt(max(s.memory/2, bufferFloor)>>20, 10)+"MB")
	if len(s.parameters) > 0 {
		text.WriteString("\n# database.embedded.parameters\n")
	}
	for _, name := range sortedNames(s.parameters) {
		set(name, s.parameters[name])
	}
	return text.String()
}

func listenAddresses(at endpoint) string {
	if at.host == "" {
		return "*"
	}
	return at.host
}

// quoteSetting makes a string literal of postgresql.conf, where a backslash escapes.
func quoteSetting(value string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(value) + "'"
}

// quoteListItem makes one item of a list of names, so that a comma or a space in it does not make two.
func quoteListItem(item string) string {
	return `"` + strings.ReplaceAll(item, `"`, `""`) + `"`
}

func sharedBuffers(memory int64) int64 {
	return min(max(memory/bufferShare, bufferFloor), bufferCeiling)
}

// renderHBA is pg_hba.conf: everybody needs the password, and nobody comes from elsewhere unless the listening address
// says so. Ladder's own role never does.
func renderHBA(at endpoint) string {
	lines := []string{
		"# Written by Ladder at each start; changes here are lost.",
		"# TYPE  DATABASE  USER  ADDRESS  METHOD",
		"local all all scram-sha-256",
		"host all all 127.0.0.1/32 scram-sha-256",
		"host all all ::1/128 scram-sha-256",
	}
	if !at.loopback() {
		lines = append(lines, "host all "+superuser+" all reject")
		ip := net.ParseIP(at.host)
		if ip == nil || ip.To4() != nil {
			lines = append(lines, "host all all 0.0.0.0/0 scram-sha-256")
		}
		if ip == nil || ip.To4() == nil {
			lines = append(lines, "host all all ::/0 scram-sha-256")
		}
	}
	return strings.Join(append(lines, "host all all all reject"), "\n") + "\n"
}

// writeSettings brings the configuration of the data directory up to date.
func (c *cluster) writeSettings() error {
	data, whose := c.data(), c.account.owner()
	memory, err := machineMemory()
	if err != nil {
		return err
	}
	text := settings{
		major: c.installation.Major, endpoint: c.endpoint, socket: c.socketDirectory, memory: memory,
		parameters: c.options.Parameters,
	}.render()
	return errors.Join(
		replaceFile(data, settingsFile, []byte(text), 0o600, whose),
		replaceFile(data, hbaFile, []byte(renderHBA(c.endpoint)), 0o600, whose),
		includeSettings(data, whose),
	)
}

// includeSettings makes postgresql.conf read ladder.conf. The rest of postgresql.conf is the user's.
func includeSettings(data string, whose *owner) error {
	const file, include = "postgresql.conf", "include '" + settingsFile + "'"
	text, err := readSmall(filepath.Join(data, file))
	if err != nil {
		return accessError("reading "+file, err)
	}
	for line := range bytes.Lines(text) {
		if string(bytes.TrimSpace(line)) == include {
			return nil
		}
	}
	text = append(bytes.TrimRight(text, "\n"), "\n\n# Ladder's settings, and `database.embedded.parameters`:\n"+include+"\n"...)
	return replaceFile(data, file, text, 0o600, whose)
}

// machineMemory is what this machine, or the container that Ladder runs in, may use, in bytes.
func machineMemory() (int64, error) {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0, fmt.Errorf("asking for the size of the memory: %w", err)
	}
	memory := int64(info.Totalram) * int64(info.Unit) //nolint:unconvert // the types differ between architectures
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && limit > 0 {
			memory = min(memory, limit)
		}
	}
	return memory, nil
}
