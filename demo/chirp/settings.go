package chirp

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
)

// passwordCost is bcrypt's, when PASSWORD_COST does not say otherwise: 2 to 4 ms for each sign-up and sign-in. A site with
// something to lose takes 12 (250 ms). This one is also there to be put under load by hundreds of people who sign in
// within seconds, on two cores, and then it is the site that should be measured and not bcrypt.
const passwordCost = 6

// Settings are what chirp takes from its environment.
type Settings struct {
	// Address to listen on: HOST (127.0.0.1 unless set) and PORT.
	Address string
	// DatabaseURL of PostgreSQL, from DATABASE_URL.
	DatabaseURL string
	// LogLevel from LOG_LEVEL: debug (every request), info (the default), warn or error.
	LogLevel slog.Level
	// PasswordCost of bcrypt, from PASSWORD_COST; 0 means chirp's own default.
	PasswordCost int
}

// ReadSettings reads an environment and reports everything that is wrong with it at once.
func ReadSettings(lookup func(name string) (string, bool)) (Settings, error) {
	var mistakes []error
	get := func(name, otherwise string) string {
		if value, ok := lookup(name); ok && value != "" {
			return value
		}
		return otherwise
	}
	port := get("PORT", "")
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		mistakes = append(mistakes, fmt.Errorf("PORT must be the port to listen on, and is %q; try PORT=3000", port))
	}
	settings := Settings{Address: net.JoinHostPort(get("HOST", "127.0.0.1"), port), DatabaseURL: get("DATABASE_URL", "")}
	if settings.DatabaseURL == "" {
		mistakes = append(mistakes, errors.New(
			"DATABASE_URL must name a PostgreSQL database; try DATABASE_URL=postgres://user:password@localhost:5432/chirp"))
	}
	if level := get("LOG_LEVEL", "info"); settings.LogLevel.UnmarshalText([]byte(strings.TrimSpace(level))) != nil {
		mistakes = append(mistakes, fmt.Errorf("LOG_LEVEL must be debug, info, warn or error, and is %q", level))
	}
	var err error
	if settings.PasswordCost, err = strconv.Atoi(get("PASSWORD_COST", strconv.Itoa(passwordCost))); err != nil {
		mistakes = append(mistakes, fmt.Errorf("PASSWORD_COST must be a number from 4 to 31: %w", err))
	}
	return settings, errors.Join(mistakes...)
}
