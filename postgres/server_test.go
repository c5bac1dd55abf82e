package postgres

import (
	"testing"
)

func TestFirstStart(t *testing.T) {
	server := start(t, testOptions(t))
	connection := open(t, server.URL("app.1"))
	for query, want := range map[string]string{
		"SELECT current_user":       "chirp",
		"SELECT current_database()": "chirp",
		"SHOW application_name":     "app.1",
		"SHOW data_checksums":       "on",
		"SHOW wal_level":            "logical",
		"SHOW password_encryption":  "scram-sha-256",
		"SHOW server_encoding":      "UTF8",
		"SHOW shared_buffers":       "16MB",
		"SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user": "false",
	} {
		if got := ask(t, connection, query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}
