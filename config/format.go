package config

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// format is a shape that texts of the file may have to have.
type format struct {
	name    string
	title   string // in the reference page
	pattern string // for editors; check is what counts
	check   func(text string) *fault
}

// MinTokenLength is how many characters admin.token must have at least, so that it cannot be guessed.
const MinTokenLength = 16

const maxPort = 65535

var (
	aName      = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)
	aVariable  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	aParameter = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)
	aUser      = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$`)
	aURLPath   = regexp.MustCompile(`^/[!-"$-~]*$`)
	aHostname  = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?$`)
)

var formats = []format{
	{"name", "name", aName.String(), matching(aName,
		"is not a name", "lower-case letters, digits and hyphens, a letter first, at most 40 of them")},
	{"variable", "name of a variable", aVariable.String(), matching(aVariable,
		"is not the name of an environment variable", "letters, digits and underscores, no digit first")},
	{"parameter", "name of a parameter", aParameter.String(), matching(aParameter,
		"is not the name of a PostgreSQL parameter", "a name from postgresql.conf, as in shared_buffers")},
	{"user", "user", aUser.String(), matching(aUser,
		"is not the name of a user", "a name as in /etc/passwd")},
	{"urlpath", "path of a URL", aURLPath.String(), matching(aURLPath,
		"is not the path of a URL", "a path that starts with /, as in /healthz")},
	{"path", "path", "", checkPath},
	{"listen", "address", `^(\[[0-9A-Fa-f:.%a-z]*\]|[^\[\]:/\s]*):[0-9]{1,5}$`, checkListen},
	{"server", "address", `^(\[[0-9A-Fa-f:.%a-z]+\]|[^\[\]:/\s]+):[0-9]{1,5}$`, checkServer},
	{"network", "network", `^[0-9A-Fa-f:.]+/[0-9]{1,3}$`, checkNetwork},
	{"postgres", "URL", `^postgres(ql)?://`, checkPostgres},
	{"token", "text", "", checkToken},
}

// formatNamed finds a format; a name that is not in the table is a mistake in the struct tree.
func formatNamed(name string) format {
	for _, f := range formats {
		if f.name == name {
			return f
		}
	}
	panic("config: no format is called " + name)
}

func matching(pattern *regexp.Regexp, message, hint string) func(string) *fault {
	return func(text string) *fault {
		if pattern.MatchString(text) {
			return nil
		}
		return &fault{message, hint}
	}
}

func checkPath(text string) *fault {
	if strings.ContainsAny(text, "\n\t") || strings.TrimSpace(text) != text {
		return &fault{"has white space at an end, or a line break, in a path", "the path without it"}
	}
	return nil
}

func checkListen(text string) *fault {
	if aNumber.MatchString(text) {
		return &fault{"has no colon before the port", `":` + text + `" for every address of this machine, or 127.0.0.1:` + text}
	}
	if strings.Contains(text, "://") {
		return &fault{"is a URL; an address to listen on has no scheme", "host:port or :port, as in 127.0.0.1:8080"}
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return &fault{"is not an address", "host:port or :port, as in 127.0.0.1:8080; IPv6 in brackets: [::1]:8080"}
	}
	if wrong := checkPort(port, 0); wrong != nil {
		return wrong
	}
	if host != "" {
		return checkHost(host)
	}
	return nil
}

func checkServer(text string) *fault {
	if _, rest, found := strings.Cut(text, "://"); found {
		address := strings.TrimSuffix(rest, "/")
		if checkServer(address) != nil {
			address = "host:port, as in 10.0.0.11:3000"
		}
		return &fault{"is a URL; a server is an address", address}
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return &fault{"is not an address", "host:port, as in 10.0.0.11:3000; IPv6 in brackets: [::1]:3000"}
	}
	if isWildcard(host) {
		return &fault{"does not say which host", "127.0.0.1:" + port + " for this machine"}
	}
	if wrong := checkPort(port, 1); wrong != nil {
		return wrong
	}
	return checkHost(host)
}

func checkPort(text string, least int) *fault {
	port, err := strconv.Atoi(text)
	if err != nil || !anInteger.MatchString(text) || port < least || port > maxPort {
		return &fault{"has no valid port", "a port from " + strconv.Itoa(least) + " to " + strconv.Itoa(maxPort)}
	}
	return nil
}

func checkHost(host string) *fault {
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	looksLikeIPv4 := strings.Trim(host, "0123456789.") == ""
	if looksLikeIPv4 || !aHostname.MatchString(host) {
		return &fault{"has no valid host", "an IP address or a host name before the port"}
	}
	return nil
}

func checkNetwork(text string) *fault {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
			return &fault{"is an address, not a network", netip.PrefixFrom(address, address.BitLen()).String()}
		}
		return &fault{"is not a network", "an address with the length of its prefix, as in 10.0.0.0/8"}
	}
	if masked := prefix.Masked(); masked != prefix {
		return &fault{"has bits behind its prefix", masked.String()}
	}
	return nil
}

// checkPostgres never repeats the URL: it holds a password.
func checkPostgres(text string) *fault {
	const shape = "postgres://user:password@host:5432/database"
	parsed, err := url.Parse(text)
	switch {
	case err != nil && strings.Contains(text, ","):
		return &fault{"has several hosts", "one host; replicas get keys of their own with rung 4"}
	case err != nil:
		return &fault{"is not a URL", shape + "; write @ : / ? # in a password as %40 %3A %2F %3F %23"}
	case parsed.Scheme != "postgres" && parsed.Scheme != "postgresql":
		return &fault{"is not the URL of a PostgreSQL", shape}
	case parsed.Hostname() == "":
		return &fault{"does not say which host", shape}
	case strings.Contains(parsed.Host, ","):
		return &fault{"has several hosts", "one host; replicas get keys of their own with rung 4"}
	}
	if port := parsed.Port(); port != "" {
		return checkPort(port, 1)
	}
	return nil
}

func checkToken(text string) *fault {
	if len(text) < MinTokenLength {
		return &fault{"is shorter than " + strconv.Itoa(MinTokenLength) + " characters", "openssl rand -hex 32 makes a good one"}
	}
	for _, r := range text {
		if r <= ' ' || r > '~' {
			return &fault{"has characters that cannot stand in a header", "letters and digits; openssl rand -hex 32 makes a good one"}
		}
	}
	return nil
}
