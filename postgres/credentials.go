package postgres

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"

	"ladder/internal/hint"
)

// passwordBytes is the entropy of a generated password: nobody guesses it, so nothing has to count attempts.
const passwordBytes = 24

// credentials are what the directory keeps, readable by its owner alone, so that the same passwords serve after a restart
// and `ladder database url` needs no running node.
type credentials struct {
	Database          string `json:"database"`
	Role              string `json:"role"` // owns the database; no superuser
	Password          string `json:"password"`
	Superuser         string `json:"superuser"`
	SuperuserPassword string `json:"superuser_password"`
	Address           string `json:"address"` // host:port for clients on this machine, as of the last start
}

func newCredentials() (credentials, error) {
	made := credentials{Superuser: superuser}
	for _, password := range []*string{&made.Password, &made.SuperuserPassword} {
		random := make([]byte, passwordBytes)
		if _, err := rand.Read(random); err != nil {
			return credentials{}, fmt.Errorf("making a password: %w", err)
		}
		*password = base64.RawURLEncoding.EncodeToString(random) // no character of it needs an escape in a URL
	}
	return made, nil
}

// url is what an application connects with. Its application_name is how the server, and Ladder, tell who is who.
func (c credentials) url(applicationName string) string {
	query := url.Values{"sslmode": {"disable"}} // it never leaves the machine, or crosses a network that the user chose
	if applicationName != "" {
		query.Set("application_name", applicationName)
	}
	return (&url.URL{
		Scheme: "postgres", User: url.UserPassword(c.Role, c.Password), Host: c.Address, Path: "/" + c.Database,
		RawQuery: query.Encode(),
	}).String()
}

// ReadURL is [Server.URL] for a directory whose server another process runs, or nobody at the moment.
func ReadURL(directory, applicationName string) (string, error) {
	read, err := readCredentials(directory)
	if errors.Is(err, fs.ErrNotExist) {
		return "", hint.Errorf("ladder up makes it", "there is no database in %s yet", directory)
	}
	if err != nil {
		return "", err
	}
	if read.Address == "" {
		return "", hint.Errorf("ladder up starts it", "the database in %s was never started", directory)
	}
	return read.url(applicationName), nil
}

func readCredentials(directory string) (credentials, error) {
	path := filepath.Join(directory, credentialsFile)
	text, err := readSmall(path)
	if errors.Is(err, fs.ErrPermission) {
		return credentials{}, hint.Errorf("run this as the user that ladder up runs as", "reading the database's password: %w", err)
	}
	if err != nil {
		return credentials{}, fmt.Errorf("reading the database's password: %w", err)
	}
	var read credentials
	// The error of the decoder is left out: it may quote the text, which is secret.
	if json.Unmarshal(text, &read) != nil || read.Password == "" || read.SuperuserPassword == "" || read.Superuser == "" {
		return credentials{}, hint.Errorf("restore it from a backup: the passwords in it open the database",
			"%s is not readable", path)
	}
	return read, nil
}

func (c credentials) write(directory string) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("describing the credentials: %w", err)
	}
	return replaceFile(directory, credentialsFile, append(text, '\n'), 0o600, nil)
}

// prepareCredentials reads the credentials of the directory or makes new ones, and brings them up to date with what the
// database is called now. Passwords are written down before initdb sees them: a password that only a data directory knows
// would lock everybody out.
func prepareCredentials(directory, database string, hasData bool) (credentials, error) {
	found, err := readCredentials(directory)
	switch {
	case errors.Is(err, fs.ErrNotExist) && hasData:
		return credentials{}, hint.Errorf(
			"restore it from a backup; or move the directory away to begin with an empty database",
			"%s is missing, and with it the passwords of the database", filepath.Join(directory, credentialsFile))
	case errors.Is(err, fs.ErrNotExist):
		if found, err = newCredentials(); err != nil {
			return credentials{}, err
		}
	case err != nil:
		return credentials{}, err
	}
	if found.Database == database {
		return found, nil
	}
	found.Database, found.Role = database, database
	return found, found.write(directory)
}
