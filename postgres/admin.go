package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"ladder/internal/hint"
	"ladder/telemetry"
)

const (
	// connectTimeout bounds one attempt of Ladder to connect through the socket.
	connectTimeout = 5 * time.Second
	// closeTimeout bounds saying goodbye.
	closeTimeout = time.Second
	// adminName is the application_name of Ladder's own connections.
	adminName = "ladder"
	// maintenanceDatabase exists in every cluster.
	maintenanceDatabase = "postgres"
)

// SQLSTATEs that decide what Ladder does (PostgreSQL documentation, appendix A).
const (
	stateInvalidPassword      = "28P01"
	stateInvalidAuthorization = "28000"
	stateDuplicateDatabase    = "42P04"
)

// connect opens a connection as the superuser, through the socket: only the server in this directory can answer there,
// whoever listens on the port. settings are those of the session.
func (c *cluster) connect(ctx context.Context, database string, settings map[string]string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig("host=/ sslmode=disable target_session_attrs=any")
	if err != nil {
		return nil, fmt.Errorf("preparing Ladder's connection: %w", err)
	}
	// Everything that the environment may have put in is replaced: PGHOST and its kin are about other servers.
	config.Host, config.Port = c.socketDirectory, uint16(c.endpoint.port)
	config.User, config.Password, config.Database = c.credentials.Superuser, c.credentials.SuperuserPassword, database
	config.Fallbacks, config.TLSConfig, config.ConnectTimeout = nil, nil, connectTimeout
	config.ValidateConnect = nil
	config.RuntimeParams = map[string]string{"application_name": adminName}
	for name, value := range settings {
		config.RuntimeParams[name] = value
	}
	connection, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the server: %w", err)
	}
	return connection, nil
}

func disconnect(connection *pgx.Conn) {
	if connection == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = connection.Close(ctx) // it is gone in any case
}

// sqlState is the SQLSTATE of an error of the server's, "" for any other.
func sqlState(err error) string {
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		return answer.Code
	}
	return ""
}

// refused reports whether the server does not know Ladder's password, which no waiting changes.
func refused(err error) bool {
	state := sqlState(err)
	return state == stateInvalidPassword || state == stateInvalidAuthorization
}

// ensureDatabase makes the application's role and database where they are missing, and brings the role's password in line
// with the credentials. It is done at every start, so a start that was killed in between heals.
func (c *cluster) ensureDatabase(ctx context.Context, connection *pgx.Conn) error {
	if err := c.ensureRole(ctx, connection); err != nil {
		return fmt.Errorf("making the role %s: %w", c.credentials.Role, err)
	}
	var owner string
	err := connection.QueryRow(ctx, "SELECT r.rolname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = $1",
		c.credentials.Database).Scan(&owner)
	database, role := pgx.Identifier{c.credentials.Database}.Sanitize(), pgx.Identifier{c.credentials.Role}.Sanitize()
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		_, err = connection.Exec(ctx, "CREATE DATABASE "+database+" OWNER "+role)
		if sqlState(err) == stateDuplicateDatabase {
			err = nil
		}
		if err == nil {
			c.publish(telemetry.SeverityInfo, "database_created", "made the database "+c.credentials.Database)
		}
	case err == nil && owner != c.credentials.Role:
		_, err = connection.Exec(ctx, "ALTER DATABASE "+database+" OWNER TO "+role)
	}
	if err != nil {
		return fmt.Errorf("making the database %s: %w", c.credentials.Database, err)
	}
	return nil
}

func (c *cluster) ensureRole(ctx context.Context, connection *pgx.Conn) error {
	var (
		verifier        *string
		login, powerful bool
	)
	err := connection.QueryRow(ctx, "SELECT rolpassword, rolcanlogin, rolsuper FROM pg_authid WHERE rolname = $1",
		c.credentials.Role).Scan(&verifier, &login, &powerful)
	missing := errors.Is(err, pgx.ErrNoRows)
	switch {
	case err != nil && !missing:
		return err
	case powerful:
		return hint.Errorf("choose another `name` in the file", "it is a superuser, which an application's role must not be")
	case !missing && login && verifier != nil && scramMatches(*verifier, c.credentials.Password):
		return nil
	}
	fresh, err := scramVerifier(c.credentials.Password)
	if err != nil {
		return err
	}
	verb := "ALTER ROLE "
	if missing {
		verb = "CREATE ROLE "
	}
	// A verifier is base64 with $ and colons: nothing in it needs quoting.
	_, err = connection.Exec(ctx, verb+pgx.Identifier{c.credentials.Role}.Sanitize()+" LOGIN PASSWORD '"+fresh+"'")
	return err
}

// publish tells an event; the details are pairs of name and value.
func (c *cluster) publish(severity telemetry.Severity, code, message string, details ...string) {
	publish(c.options.Events, severity, code, message, details...)
}

func publish(events telemetry.Events, severity telemetry.Severity, code, message string, details ...string) {
	attributes := make(map[string]string, len(details)/2)
	for i := 0; i+1 < len(details); i += 2 {
		attributes[details[i]] = details[i+1]
	}
	events.Publish(telemetry.Event{
		Code: code, Severity: severity, Subject: subject, Message: message, Attributes: attributes,
	})
}

func decimal(number int) string { return strconv.Itoa(number) }
