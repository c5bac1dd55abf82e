package telemetry

import (
	"log/slog"
	"net/url"
	"regexp"
	"strings"
)

// Redacted stands in place of a secret.
const Redacted = "[redacted]"

// secretKeys are parts of attribute names whose values never reach a log.
func secretKeys() []string {
	return []string{"password", "passwd", "token", "secret", "authorization", "cookie", "credential", "private_key"}
}

// Redact replaces the passwords of URLs in text.
func Redact(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	return urlPassword.ReplaceAllString(text, "${1}"+Redacted+"@")
}

// urlPassword finds scheme://user:password@ in any text; a password may itself hold an unescaped colon or @.
var urlPassword = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://[^\s:/@]*:)[^\s/]*@`)

func redactAttr(_ []string, attr slog.Attr) slog.Attr {
	key := strings.ToLower(attr.Key)
	for _, secret := range secretKeys() {
		if strings.Contains(key, secret) {
			return slog.String(attr.Key, Redacted)
		}
	}
	switch attr.Value.Kind() {
	case slog.KindString:
		return slog.String(attr.Key, Redact(attr.Value.String()))
	case slog.KindAny:
		return redactAny(attr)
	default:
		return attr
	}
}

// redactAny looks into the values that print themselves with what they hold.
func redactAny(attr slog.Attr) slog.Attr {
	switch value := attr.Value.Any().(type) {
	case error:
		return slog.String(attr.Key, Redact(value.Error()))
	case *url.URL:
		return slog.String(attr.Key, Redact(value.String()))
	case []string:
		words := make([]string, len(value))
		for i, word := range value {
			words[i] = Redact(word)
		}
		return slog.Any(attr.Key, words)
	default:
		return attr
	}
}
