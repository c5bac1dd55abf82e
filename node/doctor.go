package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"ladder/config"
	"ladder/internal/hint"
	"ladder/postgres"
)

// Verdict is what a check found.
type Verdict string

const (
	Fine Verdict = "ok"
	Warn Verdict = "warning" // Ladder runs, but not as well as it could, or not for long
	Fail Verdict = "failed"  // Ladder would not start
)

// Check is one thing that `ladder doctor` looked at.
type Check struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Found   string  `json:"found"`
	Hint    string  `json:"hint,omitempty"`
}

const (
	// descriptorsReserved is what a node needs besides one for each client: listeners, logs, and the connections to the
	// application, of which there are as many as requests in flight.
	descriptorsReserved = 1024

	diskFail = 256 << 20 // bytes free below which PostgreSQL cannot be set up
	diskWarn = 2 << 30   // bytes free below which an operator wants to know

)

// earliestClock is before any release of Ladder: a clock that shows less was never set.
var earliestClock = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Doctor looks at the machine as the file will need it. It changes nothing and starts nothing.
func Doctor(ctx context.Context, file *config.Config) []Check {
	checks := []Check{checkDirectory(file)}
	_, err := DirectoryOf(file).Running()
	running := err == nil
	checks = append(checks, checkPorts(ctx, file, running)...)
	if file.Database != nil && file.Database.Embedded != nil {
		checks = append(checks, checkPostgres(file))
	}
	return append(checks, checkDescriptors(file), checkDisk(file), checkClock(), checkMachine())
}

func checkDirectory(file *config.Config) Check {
	check := Check{Name: "directory", Verdict: Fine, Found: string(DirectoryOf(file)) + " can be written to"}
	existing := nearestExisting(string(DirectoryOf(file)))
	if err := unix.Access(existing, unix.W_OK|unix.X_OK); err != nil {
		check.Verdict, check.Found = Fail, fmt.Sprintf("%s cannot be written to: %v", existing, err)
		check.Hint = "name a writable one as `directory` in the file, or run Ladder as the owner of this one"
	}
	return check
}

// nearestExisting is the directory itself or its first parent that exists.
func nearestExisting(directory string) string {
	for {
		if _, err := os.Stat(directory); err == nil || directory == filepath.Dir(directory) {
			return directory
		}
		directory = filepath.Dir(directory)
	}
}

func checkPorts(ctx context.Context, file *config.Config, running bool) []Check {
	var checks []Check
	if file.Gateway != nil {
		for _, address := range file.Gateway.Listen {
			checks = append(checks, checkPort(ctx, "gateway.listen", address, running))
		}
	}
	if file.Database != nil && file.Database.Embedded != nil {
		checks = append(checks, checkPort(ctx, "database.listen", file.Database.Listen, running))
	}
	if file.Admin.Listen != off {
		checks = append(checks, checkPort(ctx, "admin.listen", file.Admin.Listen, running))
	}
	return checks
}

func checkPort(ctx context.Context, key, address string, running bool) Check {
	check := Check{Name: key + " " + address, Verdict: Fine, Found: "free"}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		if err := listener.Close(); err != nil {
			check.Verdict, check.Found = Warn, err.Error()
		}
	case running && errors.Is(err, unix.EADDRINUSE):
		check.Found = "in use, as it should be: a node of this directory is running"
	case errors.Is(err, unix.EADDRINUSE):
		check.Verdict, check.Found = Fail, "in use by another program"
		check.Hint = "ss -ltnp shows which; stop it, or change " + key
	case errors.Is(err, unix.EACCES):
		check.Verdict, check.Found = Fail, "not permitted: ports below 1024 need a privilege"
		check.Hint = "run as root, or: setcap cap_net_bind_service=+ep $(which ladder), or choose a port from 1024 up"
	default:
		check.Verdict, check.Found, check.Hint = Fail, err.Error(), "change "+key
	}
	return check
}

func checkPostgres(file *config.Config) Check {
	found, err := postgres.Find(binaries(file))
	if err != nil {
		return Check{"PostgreSQL", Warn, err.Error() + "; it would be downloaded at the first start", hint.Of(err)}
	}
	return Check{"PostgreSQL", Fine, fmt.Sprintf("%s in %s", found.Version, found.Directory), ""}
}

func checkDescriptors(file *config.Config) Check {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return Check{"open files", Warn, err.Error(), ""}
	}
	if file.Gateway != nil {
		need := uint64(file.Gateway.Limits.Connections) + descriptorsReserved
		if limit.Max < need {
			return Check{
				"open files", Warn, fmt.Sprintf("limit %d, but %d connections need %d", limit.Max, file.Gateway.Limits.Connections, need),
				"LimitNOFILE= in the systemd unit, or ulimit -n; or lower gateway.limits.connections",
			}
		}
	}
	return Check{Name: "open files", Verdict: Fine, Found: fmt.Sprintf("limit %d", limit.Max)}
}

func checkDisk(file *config.Config) Check {
	where := nearestExisting(string(DirectoryOf(file)))
	var disk unix.Statfs_t
	if err := unix.Statfs(where, &disk); err != nil {
		return Check{"disk", Warn, err.Error(), ""}
	}
	free := disk.Bavail * uint64(disk.Bsize)
	check := Check{Name: "disk", Verdict: Fine, Found: fmt.Sprintf("%.1f GiB free below %s", float64(free)/(1<<30), where)}
	switch {
	case free < diskFail:
		check.Verdict, check.Hint = Fail, "free some space, or put `directory` on another disk"
	case free < diskWarn:
		check.Verdict, check.Hint = Warn, "free some space soon: PostgreSQL stops when its disk is full"
	}
	return check
}

func checkClock() Check {
	if now := time.Now(); now.Before(earliestClock) {
		return Check{"clock", Fail, "shows " + now.Format(time.RFC3339), "set the clock: timedatectl set-ntp true"}
	}
	var state unix.Timex
	status, err := unix.Adjtimex(&state)
	if err != nil || status == unix.TIME_ERROR {
		return Check{"clock", Warn, "not synchronised with a time server", "timedatectl set-ntp true"}
	}
	return Check{"clock", Fine, "synchronised", ""}
}

func checkMachine() Check {
	var memory unix.Sysinfo_t
	if err := unix.Sysinfo(&memory); err != nil {
		return Check{"machine", Warn, err.Error(), ""}
	}
	total := float64(memory.Totalram) * float64(memory.Unit) / (1 << 30)
	return Check{"machine", Fine, fmt.Sprintf("%d cores, %.1f GiB of memory", runtime.NumCPU(), total), ""}
}
