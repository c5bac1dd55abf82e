package postgres

import (
	"fmt"
	"strings"
)

// outputHint finds in the words of initdb or of the server what an operator can do; "" where it knows no better than the
// words themselves. The programs run with LC_ALL=C, so the words are always these.
func outputHint(output string, at endpoint) string {
	for _, known := range []struct{ words, hint string }{
		{"Address already in use", fmt.Sprintf("another program listens on %s: ss -ltnp 'sport = :%d' shows which; stop it, or change `database.listen`", at, at.port)},
		{"Cannot assign requested address", fmt.Sprintf("this machine has no address %s: change `database.listen`", at.host)},
		{"could not translate host name", fmt.Sprintf("%s is no known host name: change `database.listen`", at.host)},
		{"No space left on device", "free some space on that disk, or name a directory on another one as `database.embedded.directory`"},
		{"Disk quota exceeded", "raise the quota, or name a directory on another disk as `database.embedded.directory`"},
		{"Read-only file system", "name a directory on another disk as `database.embedded.directory`"},
		{"unrecognized configuration parameter", "correct `database.embedded.parameters`: the message names the parameter"},
		{"invalid value for parameter", "correct `database.embedded.parameters`: the message names the parameter"},
		{"contains errors", "correct `database.embedded.parameters`, or postgresql.conf in the data directory: the message names the line"},
		{"could not map anonymous shared memory", "set a smaller shared_buffers in `database.embedded.parameters`, or give the machine more memory"},
		{"Cannot allocate memory", "set a smaller shared_buffers in `database.embedded.parameters`, or give the machine more memory"},
		{"could not create shared memory segment", "raise the kernel's limits: sysctl kernel.shmmax kernel.shmall kernel.shmmni"},
		{"could not create semaphores", "raise the kernel's limit: sysctl kernel.sem"},
		{"could not resize shared memory segment", "give /dev/shm more room: in a container, --shm-size=1g"},
		{"pre-existing shared memory block", "processes of an earlier server are still there: ps -C postgres shows them"},
		{"database files are incompatible with server", "install the major version of PostgreSQL that the data was made by"},
		{"has invalid permissions", "chmod 700 the data directory"},
		{"has wrong ownership", "chown -R the data directory to the user that PostgreSQL runs as"},
		{"Permission denied", "PostgreSQL's user needs to read its programs and to write the data directory: see ls -ld of the path in the message"},
		{"could not locate a valid checkpoint record", "the write-ahead log is damaged or missing: restore the directory from a backup"},
		{"invalid locale name", "install the C.UTF-8 locale: apt-get install locales, or dnf install glibc-minimal-langpack"},
		{"could not look up effective user ID", "the user that Ladder runs as needs an entry in /etc/passwd"},
		{"error while loading shared libraries", "install the library that the message names, or PostgreSQL's package again"},
	} {
		if strings.Contains(output, known.words) {
			return known.hint
		}
	}
	return ""
}
