package postgres

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"ladder/internal/hint"
)

func installation(version string) Installation {
	_, major, err := parseVersion("postgres (PostgreSQL) " + version)
	if err != nil {
		panic(err)
	}
	return Installation{Directory: "/usr/lib/postgresql/" + version + "/bin", Version: version, Major: major}
}

func TestChoose(t *testing.T) {
	v14, v15, v17 := installation("14.9"), installation("15.4"), installation("17.1")
	for _, test := range []struct {
		name      string
		found     []Installation
		data      int
		want      Installation
		outdated  bool
		wantError string // what the hint says
	}{
		{name: "no data takes the newest", found: []Installation{v17, v15}, want: v17},
		{name: "data of the newest", found: []Installation{v17, v15}, data: 17, want: v17},
		{name: "older data, its programs are there", found: []Installation{v17, v15}, data: 15, want: v15, outdated: true},
		{name: "older data, its programs are not there", found: []Installation{v17}, data: 15, wantError: "pg_upgrade -b /usr/lib/postgresql/15/bin -B /usr/lib/postgresql/17.1/bin"},
		{name: "older data, something else is there too", found: []Installation{v17, v14}, data: 15, wantError: "apt-get install postgresql-15"},
		{name: "newer data", found: []Installation{v15, v14}, data: 17, wantError: "install PostgreSQL 17"},
		{name: "data older than Ladder runs", found: []Installation{v17}, data: 12, wantError: "install PostgreSQL 12"},
	} {
		t.Run(test.name, func(t *testing.T) {
			made, err := choose(test.found, test.data, upgradeCase{directory: "/srv/db"})
			var wrong *VersionError
			if test.wantError != "" {
				if !errors.As(err, &wrong) || wrong.DataMajor != test.data || !strings.Contains(hint.Of(err), test.wantError) {
					t.Errorf("got %v, hint %q, want %q", err, hint.Of(err), test.wantError)
				}
				return
			}
			if err != nil || made.installation != test.want || (made.outdated != nil) != test.outdated {
				t.Errorf("got %+v, %v", made, err)
			}
		})
	}
}

func TestParseVersion(t *testing.T) {
	for output, want := range map[string]struct {
		version string
		major   int
	}{
		"postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n": {"15.14", 15},
		"postgres (PostgreSQL) 18beta1\n":                        {"18beta1", 18},
		"postgres (PostgreSQL) 19devel":                          {"19devel", 19},
		"postgres (PostgreSQL) 9.6.24":                           {"9.6.24", 9},
		"GNU bash, version 5.2.15":                               {},
		"":                                                       {},
	} {
		version, major, err := parseVersion(output)
		if version != want.version || major != want.major || (err != nil) != (want.major == 0) {
			t.Errorf("%q: %q, %d, %v", output, version, major, err)
		}
	}
}

func TestNewestFirst(t *testing.T) {
	found := []Installation{installation("15.9"), installation("9.6.24"), installation("17.0"), installation("15.14"), installation("18beta1")}
	slices.SortStableFunc(found, newestFirst)
	var versions []string
	for _, installation := range found {
		versions = append(versions, installation.Version)
	}
	if got := strings.Join(versions, " "); got != "18beta1 17.0 15.14 15.9 9.6.24" {
		t.Errorf("got %s", got)
	}
}

func TestCheckDirectory(t *testing.T) {
	for _, test := range []struct {
		name    string
		names   []string
		version string
		want    string // part of the error, "" for none
		format  int
	}{
		{name: "empty"},
		{name: "killed before VERSION was written", names: []string{"lock", ".VERSION.new"}},
		{name: "an empty file system", names: []string{"lost+found"}},
		{name: "Ladder's", names: []string{"VERSION", "data", "notes"}, version: `{"format":1,"postgres_major":15}`, format: 1},
		{name: "of a newer Ladder", names: []string{"VERSION"}, version: `{"format":2}`, want: "newer Ladder"},
		{name: "unreadable VERSION", names: []string{"VERSION"}, version: "15", want: "not readable"},
		{name: "VERSION without a format", names: []string{"VERSION"}, version: "{}", want: "not readable"},
		{name: "another PostgreSQL's", names: []string{"base", "PG_VERSION"}, want: "did not make"},
		{name: "somebody's", names: []string{"photos", "lock"}, want: "holds something that is not Ladder's: photos"},
		{name: "VERSION was lost", names: []string{"data", "credentials.json"}, want: "not Ladder's"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var version []byte
			if test.version != "" {
				version = []byte(test.version)
			}
			got, err := checkDirectory("/srv/db", test.names, version)
			if test.want == "" && (err != nil || got.Format != test.format) {
				t.Errorf("got %+v, %v", got, err)
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || hint.Of(err) == "") {
				t.Errorf("got %v (hint %q), want %q", err, hint.Of(err), test.want)
			}
		})
	}
}

func TestPlanRemnants(t *testing.T) {
	for _, test := range []struct {
		name    string
		filePID int
		found   []serverProcess
		alive   bool
		want    remnantPlan
	}{
		{name: "nothing"},
		{name: "stale pid file", filePID: 10},
		{name: "the id is somebody else's by now", filePID: 10, alive: true, want: remnantPlan{disown: true}},
		{name: "a server with children", filePID: 10, alive: true, found: []serverProcess{{11, 10}, {10, 1}, {12, 10}}, want: remnantPlan{postmaster: 10}},
		{name: "a server died, its children did not", filePID: 10, found: []serverProcess{{11, 1}, {12, 1}}, want: remnantPlan{orphans: []int{11, 12}}},
		{name: "a server whose pid file was removed", found: []serverProcess{{10, 1}, {11, 10}}, want: remnantPlan{orphans: []int{10, 11}}},
		{name: "orphans beside a server", filePID: 20, alive: true, found: []serverProcess{{11, 1}, {20, 5}, {21, 20}}, want: remnantPlan{postmaster: 20, orphans: []int{11}}},
		{name: "orphans, and the id is somebody else's", filePID: 10, alive: true, found: []serverProcess{{11, 1}}, want: remnantPlan{orphans: []int{11}, disown: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := planRemnants(test.filePID, test.found, test.alive)
			if got.postmaster != test.want.postmaster || got.disown != test.want.disown || !slices.Equal(got.orphans, test.want.orphans) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
	for text, want := range map[string]int{"4711\n/data\n1700000000\n": 4711, "-12\n": 12, "": 0, "x\n1\n": 0} {
		if got := parsePIDFile([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestNextRestart(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var (
		crashes []time.Time
		delay   time.Duration
		loop    bool
		delays  []time.Duration
	)
	for count := 1; count <= 12; count++ {
		crashes, delay, loop = nextRestart(crashes, now)
		delays = append(delays, delay)
		if loop != (count >= crashLoop) {
			t.Errorf("after %d crashes: crash loop %v", count, loop)
		}
		now = now.Add(time.Second)
	}
	if !slices.IsSorted(delays) || delays[0] != restartDelay || delays[1] != 2*restartDelay || delays[11] != maxRestartDelay {
		t.Errorf("delays: %v", delays)
	}
	now = now.Add(restartMemory)
	if crashes, delay, loop = nextRestart(crashes, now); len(crashes) != 1 || delay != restartDelay || loop {
		t.Errorf("after a calm time: %d crashes remembered, %v, %v", len(crashes), delay, loop)
	}
}

func TestParseLogLine(t *testing.T) {
	const prefix = "2026-11-23 13:07:00.123 UTC "
	for _, test := range []struct {
		line string
		want logSign
	}{
		{prefix + "[7] LOG:  database system is ready to accept connections", signReady},
		{prefix + "[7] LOG:  server process (PID 12) was terminated by signal 9: Killed", signBackendDied},
		{prefix + "[7] LOG:  checkpointer process (PID 12) was terminated by signal 11: Segmentation fault", signBackendDied},
		{prefix + "[7] LOG:  all server processes terminated; reinitializing", signReinitialize},
		{prefix + "[9] LOG:  database system was not properly shut down; automatic recovery in progress", signRecovering},
		{prefix + "[9] LOG:  database system was interrupted; last known up at 2026-11-23 13:06:00 UTC", signRecovering},
		{prefix + "[9] LOG:  redo in progress, elapsed time: 10.00 s, current LSN: 0/5000000", signProgress},
		// Not the server's own words.
		{prefix + "[9] LOG:  database system is ready to accept connections", signNone},
		{prefix + "[7] chirp@chirp LOG:  database system is ready to accept connections", signNone},
		{prefix + "[7] chirp@chirp LOG:  statement: SELECT '[7] LOG:  all server processes terminated; reinitializing'", signNone},
		{"\t" + prefix + "[7] LOG:  all server processes terminated; reinitializing", signNone},
		{prefix + "[7] ERROR:  database system is ready to accept connections", signNone},
		{prefix + "[7] LOG:  checkpoint starting: time", signNone},
		{"", signNone},
	} {
		if got, _ := parseLogLine(test.line, 7); got != test.want {
			t.Errorf("%q: %d, want %d", test.line, got, test.want)
		}
	}
}

func TestChooseAccount(t *testing.T) {
	known := map[string]account{
		"postgres": {"postgres", 101, []int{104}}, "nobody": {"nobody", 65534, []int{65534}}, "root": {"root", 0, []int{0}},
		"101": {"postgres", 101, []int{104}}, "1000": {"alice", 1000, []int{1000}},
	}
	for _, test := range []struct {
		name    string
		euid    int
		wanted  string
		owner   int
		without string // an account that this machine does not have
		want    string
		fails   bool
	}{
		{name: "an ordinary user runs it itself", euid: 1000, owner: nobodyOwns},
		{name: "an ordinary user with its own data", euid: 1000, owner: 1000},
		{name: "an ordinary user with another's data", euid: 1000, owner: 101, fails: true},
		{name: "root", owner: nobodyOwns, want: "postgres"},
		{name: "root without postgres", owner: nobodyOwns, without: "postgres", want: "nobody"},
		{name: "root with data of alice", owner: 1000, want: "alice"},
		{name: "root with data of root", owner: 0, want: "postgres"},
		{name: "root with data of a user that is gone", owner: 4711, fails: true},
		{name: "root as told", wanted: "nobody", owner: nobodyOwns, want: "nobody"},
		{name: "root as told, with data of another", wanted: "nobody", owner: 101, fails: true},
		{name: "root told to be root", wanted: "root", owner: nobodyOwns, fails: true},
		{name: "root told to be somebody unknown", wanted: "bob", owner: nobodyOwns, fails: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := chooseAccount(test.euid, test.wanted, test.owner, func(name string) (account, error) {
				if found, ok := known[name]; ok && name != test.without {
					return found, nil
				}
				return account{}, errors.New("unknown user " + name)
			})
			if got.name != test.want || (err != nil) != test.fails || test.fails && hint.Of(err) == "" {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestMayEnter(t *testing.T) {
	who := account{"postgres", 101, []int{104, 110}}
	for _, test := range []struct {
		mode  fs.FileMode
		whose owner
		want  bool
	}{
		{0o755, owner{0, 0}, true},
		{0o700, owner{0, 0}, false},
		{0o711, owner{0, 0}, true},
		{0o750, owner{0, 110}, true},
		{0o705, owner{0, 110}, false}, // the class of the group decides, not that of the others
		{0o700, owner{101, 0}, true},
		{0o077, owner{101, 104}, false},
	} {
		if got := mayEnter(test.mode, test.whose, who); got != test.want {
			t.Errorf("%o of %v: %v", test.mode, test.whose, got)
		}
	}
	if got := strings.Join(ancestors("/root/clone/db"), " "); got != "/ /root /root/clone /root/clone/db" {
		t.Errorf("ancestors: %s", got)
	}
}

func TestDiskIsLow(t *testing.T) {
	const gib = 1 << 30
	for _, test := range []struct {
		free, total int64
		was, want   bool
	}{
		{free: 50 * gib, total: 100 * gib},
		{free: 4 * gib, total: 100 * gib, want: true},
		{free: 6 * gib, total: 100 * gib},
		{free: 6 * gib, total: 100 * gib, was: true, want: true}, // not yet clearly more
		{free: 7 * gib, total: 100 * gib, was: true},
		{free: 30 * gib, total: 4000 * gib}, // 5 % of a large disk is plenty
		{free: gib / 2, total: 4 * gib, want: true},
		{free: 2 * gib, total: 4 * gib},
	} {
		if got := diskIsLow(test.free, test.total, test.was); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

func TestTransactionRate(t *testing.T) {
	begin := time.Unix(1000, 0)
	before := sample{at: begin, transactions: 100}
	for _, test := range []struct {
		before, now sample
		want        float64
	}{
		{before, sample{at: begin.Add(2 * time.Second), transactions: 300}, 100},
		{sample{}, sample{at: begin, transactions: 300}, 0},
		{before, sample{at: begin.Add(time.Second), transactions: 5}, 0}, // the statistics were reset
		{before, sample{at: begin, transactions: 300}, 0},
	} {
		if got := transactionRate(test.before, test.now); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

func TestOutputHint(t *testing.T) {
	at := endpoint{"127.0.0.1", 6432}
	for output, want := range map[string]string{
		`LOG:  could not bind IPv4 address "127.0.0.1": Address already in use`:                   "sport = :6432",
		"initdb: error: could not create directory: No space left on device":                      "free some space",
		"FATAL:  could not map anonymous shared memory: Cannot allocate memory":                   "shared_buffers",
		"FATAL:  database files are incompatible with server":                                     "major version",
		`FATAL:  data directory "/x" has invalid permissions`:                                     "chmod 700",
		`initdb: error: could not access directory "/root/x": Permission denied`:                  "ls -ld",
		`LOG:  unrecognized configuration parameter "x" in file "ladder.conf" line 30`:            "database.embedded.parameters",
		`LOG:  could not bind IPv4 address "10.9.9.9": Cannot assign requested address`:           "database.listen",
		"PANIC:  could not locate a valid checkpoint record":                                      "backup",
		"./postgres: error while loading shared libraries: libicu.so.72: cannot open shared file": "library",
		"all is well": "",
	} {
		if got := outputHint(output, at); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", output, got, want)
		}
	}
}
