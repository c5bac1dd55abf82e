package postgres

import (
	"fmt"
	"regexp"
	"strings"
)

// choice says which programs to run a data directory with.
type choice struct {
	installation Installation
	// outdated is the newest installation, where the data is of an older major version whose programs are there as well.
	outdated *Installation
}

// VersionError says that no installed PostgreSQL can open the data: a server opens only data of its own major version.
type VersionError struct {
	DataMajor int
	Found     []Installation // newest first; never empty
	steps     string
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("the data was made by PostgreSQL %d, but only %s is installed", e.DataMajor, describe(e.Found))
}

// Hint is what opens the data, or the commands that upgrade it.
func (e *VersionError) Hint() string { return e.steps }

func describe(installations []Installation) string {
	words := make([]string, 0, len(installations))
	for _, installation := range installations {
		words = append(words, fmt.Sprintf("%s (%s)", installation.Version, installation.Directory))
	}
	return strings.Join(words, ", ")
}

// choose decides which of the installations (newest first, at least one) runs data of dataMajor; 0 means that there is no
// data yet. The error is a [*VersionError].
func choose(found []Installation, dataMajor int, upgrade upgradeCase) (choice, error) {
	newest := found[0]
	if dataMajor == 0 || dataMajor == newest.Major {
		return choice{installation: newest}, nil
	}
	for _, installation := range found {
		if installation.Major == dataMajor {
			return choice{installation: installation, outdated: &newest}, nil
		}
	}
	err := &VersionError{DataMajor: dataMajor, Found: found}
	if dataMajor > newest.Major || dataMajor < MinimumMajor {
		err.steps = fmt.Sprintf("install PostgreSQL %d: apt-get install postgresql-%d", dataMajor, dataMajor)
		return choice{}, err
	}
	old := Installation{Directory: fmt.Sprintf("/usr/lib/postgresql/%d/bin", dataMajor), Major: dataMajor}
	err.steps = fmt.Sprintf("apt-get install postgresql-%d to go on as before; and to upgrade the data, that and then:\n%s",
		dataMajor, upgrade.commands(old, newest))
	return choice{}, err
}

// upgradeCase is where an upgrade of the data would take place.
type upgradeCase struct {
	directory string  // Options.Directory
	account   account // whom the server runs as
}

// commands are those that a person runs, with Ladder stopped, to bring the data to a newer major version. The old data is
// kept beside the new.
func (u upgradeCase) commands(old, target Installation) string {
	layout := layout{u.directory}
	fresh, kept := layout.path("data.upgraded"), layout.path(fmt.Sprintf("data.%d", old.Major))
	work := "cd " + shellQuote(layout.path(upgradeDirectory)) + " && "
	prefix := work
	prepare := "mkdir -p -m 700 " + shellQuote(layout.path(upgradeDirectory)) + " " + shellQuote(fresh)
	if u.account.name != "" {
		prepare += " && chown " + u.account.name + " " + shellQuote(layout.path(upgradeDirectory)) + " " + shellQuote(fresh)
		prefix = work + "runuser -u " + u.account.name + " -- "
	}
	password := `PGPASSWORD=$(sed -n 's/.*"superuser_password": "\(.*\)".*/\1/p' ` + shellQuote(layout.path(credentialsFile)) + `)`
	return strings.Join([]string{
		prepare,
		prefix + shellQuote(target.program("initdb")) + " --pgdata=" + shellQuote(fresh) + " --username=" + superuser +
			" --auth=trust " + strings.Join(initdbFlags(target.Major), " "),
		"export " + password,
		prefix + shellQuote(target.program("pg_upgrade")) + " -b " + shellQuote(old.Directory) + " -B " + shellQuote(target.Directory) +
			" -d " + shellQuote(layout.path(dataDirectory)) + " -D " + shellQuote(fresh) + " -U " + superuser,
		"mv " + shellQuote(layout.path(dataDirectory)) + " " + shellQuote(kept) + " && mv " + shellQuote(fresh) + " " +
			shellQuote(layout.path(dataDirectory)),
	}, "\n")
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./@%+=:,-]+$`)

// shellQuote makes one word of a POSIX shell's command line.
func shellQuote(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
