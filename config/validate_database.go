package config

import (
	"reflect"
	"slices"
	"strings"
)

func checkDatabaseKind(v *validator) {
	if v.Database == nil || v.bad("database.embedded") || v.bad("database.primary") {
		return
	}
	switch embedded, primary := v.Database.Embedded != nil, v.Database.Primary != ""; {
	case embedded && primary:
		v.problem("database.primary", "primary and embedded exclude each other: either Ladder runs the database, or somebody else does", "remove one of them")
	case !embedded && !primary:
		v.problem("database", "there is neither a database to run nor one to use", "embedded: {}, or primary: postgres://user:password@host/database")
	}
}

// reservedNames are databases that PostgreSQL has already.
var reservedNames = []string{"postgres", "template0", "template1"}

func checkDatabaseName(v *validator) {
	if v.Database != nil && v.Database.Embedded != nil && slices.Contains(reservedNames, v.Name) {
		v.problem("name", v.show("name", v.Name)+" is a database that PostgreSQL has already", "another name, which is that of the database too")
	}
}

// checkDatabaseListen refuses an address that nothing would listen on.
func checkDatabaseListen(v *validator) {
	if v.Database == nil || v.Database.Embedded != nil || v.Database.Primary == "" || !v.given("database.listen") || v.bad("database.listen") {
		return
	}
	standard := &Database{}
	for _, f := range fieldsOf(reflect.TypeFor[Database]()) {
		if f.key == "listen" {
			standard.Listen = f.standard
		}
	}
	if v.Database.Listen != standard.Listen {
		rung := Rungs[databaseApart-1]
		v.problem("database.listen", "has no effect with primary before rung 2 ("+rung.Name+"): the application connects to primary itself", "remove the key")
	}
}

// ownParameters are the settings of PostgreSQL that Ladder makes itself, with the reason or the key to use instead.
var ownParameters = map[string]string{
	"listen_addresses":        "set database.listen",
	"port":                    "set database.listen",
	"unix_socket_directories": "remove it; the socket lies in database.embedded.directory",
	"unix_socket_permissions": "remove it; the socket belongs to its owner alone",
	"unix_socket_group":       "remove it; the socket belongs to its owner alone",
	"data_directory":          "set database.embedded.directory",
	"config_file":             "remove it; the file lies in database.embedded.directory",
	"hba_file":                "remove it; Ladder writes who may connect",
	"ident_file":              "remove it; Ladder writes who may connect",
	"external_pid_file":       "remove it; ladder status shows the process",
	"include":                 "write the parameters here",
	"include_dir":             "write the parameters here",
	"include_if_exists":       "write the parameters here",
	"wal_level":               "remove it; it is logical, which later rungs need",
	"password_encryption":     "remove it; it is scram-sha-256",
	"ssl":                     "remove it; the database is reached over loopback alone",
	"log_destination":         "remove it; ladder database logs follows the log",
	"logging_collector":       "remove it; ladder database logs follows the log",
	"log_directory":           "remove it; ladder database logs follows the log",
	"log_line_prefix":         "remove it; ladder database logs follows the log",
	"lc_messages":             "remove it; Ladder reads the messages",
	"log_filename":            "remove it; ladder database logs follows the log",
	"restart_after_crash":     "remove it; Ladder restarts PostgreSQL",
}

func checkParameters(v *validator) {
	if v.Database == nil || v.Database.Embedded == nil {
		return
	}
	for name, value := range v.Database.Embedded.Parameters {
		path := join("database.embedded.parameters", name)
		if instead := ownParameters[strings.ToLower(name)]; instead != "" {
			v.problem(path, name+" is set by Ladder", instead)
		}
		if strings.ContainsAny(value, "\n\r") {
			v.problem(path, "the value has a line break", "one line")
		}
	}
}

func checkBinaries(v *validator) {
	if v.Database == nil || v.Database.Embedded == nil || v.Database.Embedded.Binaries == "" || v.bad("database.embedded.binaries") {
		return
	}
	v.mustBeDirectory("database.embedded.binaries", v.Database.Embedded.Binaries, "the directory that has initdb and postgres, as in /usr/lib/postgresql/17/bin; without the key Ladder finds it")
}
