package config

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// redacted stands wherever a secret would.
const redacted = "«redacted»"

// Secret is a text that is never shown: however it is printed, logged or encoded, it reads «redacted». An empty secret
// is shown empty, so that its absence can be seen.
type Secret string

// Reveal gives the text itself, to those who must use it.
func (s Secret) Reveal() string { return string(s) }

// String is what may be shown.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString is what %#v shows.
func (s Secret) GoString() string { return fmt.Sprintf("config.Secret(%q)", s.String()) }

// Format covers every verb, %x among them.
func (s Secret) Format(state fmt.State, verb rune) {
	formatRedacted(state, verb, s.String(), s.GoString())
}

// MarshalText serves encoders that take text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON serves encoding/json.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// LogValue serves log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Environment is a set of environment variables. It converts to a map of strings to be used; however the set itself is
// printed, logged or encoded, names show and values do not.
type Environment map[string]string

func (e Environment) redacted() map[string]string {
	shown := make(map[string]string, len(e))
	for name, value := range e {
		shown[name] = Secret(value).String()
	}
	return shown
}

// String lists the names in alphabetical order.
func (e Environment) String() string {
	words := make([]string, 0, len(e))
	for _, name := range slices.Sorted(maps.Keys(e)) {
		words = append(words, name+":"+Secret(e[name]).String())
	}
	return "map[" + strings.Join(words, " ") + "]"
}

// GoString is what %#v shows.
func (e Environment) GoString() string { return fmt.Sprintf("config.Environment(%#v)", e.redacted()) }

// Format covers every verb.
func (e Environment) Format(state fmt.State, verb rune) {
	formatRedacted(state, verb, e.String(), e.GoString())
}

// MarshalJSON serves encoding/json.
func (e Environment) MarshalJSON() ([]byte, error) { return json.Marshal(e.redacted()) }

// MarshalYAML serves encoders of YAML.
func (e Environment) MarshalYAML() (any, error) { return e.redacted(), nil }

// LogValue serves log/slog.
func (e Environment) LogValue() slog.Value { return slog.StringValue(e.String()) }

func formatRedacted(state fmt.State, verb rune, text, source string) {
	switch {
	case verb == 'v' && state.Flag('#'):
		text = source
	case verb == 'q':
		text = fmt.Sprintf("%q", text)
	}
	_, _ = io.WriteString(state, text) // fmt gives no way to report it
}

// What a text may hold that must not be shown: scheme://user:PASSWORD@host up to the last @, since passwords are often put
// there without escaping; the same where the @ is missing and what follows the colon is no port; and password=PASSWORD.
var (
	urlPassword   = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://[^\s/?#:@]*:)(\S*)@`)
	halfPassword  = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://[^\s/?#:@]*:)([^\s/?#@$]*[^\s/?#@$"',\]}0-9][^\s/?#@$]*)`)
	namedPassword = regexp.MustCompile(`(?i)(password=)([^&\s"']+)`)
)

// withoutPasswords removes the passwords of URLs and connection strings inside a text.
func withoutPasswords(text string) string {
	text = urlPassword.ReplaceAllString(text, "${1}"+redacted+"@")
	text = halfPassword.ReplaceAllString(text, "${1}"+redacted)
	return namedPassword.ReplaceAllString(text, "${1}"+redacted)
}
