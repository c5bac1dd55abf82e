package gateway

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"ladder/http1"
	"ladder/internal/hint"
	"ladder/telemetry"
	"ladder/topology"
)

// Options are what a gateway is made of. Zero limits and timeouts mean the defaults below; none can be switched off.
type Options struct {
	// Listen are the addresses to accept clients at, as host:port or :port; at least one.
	Listen []string
	// Pool has the application's instances. It must be the same for the gateway's whole life.
	Pool *topology.Pool

	Limits   Limits
	Timeouts Timeouts

	// TrustedProxies are the networks whose X-Forwarded-* and Forwarded fields, and request ids, are believed and extended.
	TrustedProxies []netip.Prefix
	AccessLog      AccessLog
	// WithheldCookies is the beginning of the names of cookies that the application does not get, because they are another
	// server's on the same host; empty for none.
	WithheldCookies string
	// ServerName stands in the Server field of responses that Ladder itself makes, and in Via; "Ladder" by default.
	ServerName string

	Logger *slog.Logger      // nil logs nothing
	Events telemetry.Events  // nil discards
	Health *telemetry.Health // nil takes everything
}

// Limits are what a client may send.
type Limits struct {
	Body          int64         // largest request body in bytes
	Head          int64         // largest head in bytes, request line included
	Headers       int           // most header lines
	Connections   int           // most clients at once; further ones wait to be accepted
	HeaderTimeout time.Duration // from the first byte of a head to its last
}

// Timeouts bound every phase of a request but its head ([Limits].HeaderTimeout).
type Timeouts struct {
	Idle     time.Duration // wait of a kept-alive connection for its next request
	Body     time.Duration // pause of a client that sends a body
	Write    time.Duration // pause of a client that takes a response
	Connect  time.Duration // opening a connection to an instance
	Response time.Duration // wait for the head of a response, and for each piece of its body
	Drain    time.Duration // for requests in flight to end on Stop, or when their listener is removed
}

// AccessLog is where one line for each request goes.
type AccessLog struct {
	Writer io.Writer // nil writes none; used by one goroutine at a time
	Format string    // FormatJSON (default) or FormatText
}

// The formats of the access log.
const (
	FormatJSON = "json"
	FormatText = "text"
)

// The defaults of [Options].
const (
	DefaultBody          = 32 << 20 // bytes
	DefaultConnections   = 10000
	DefaultHeaderTimeout = 10 * time.Second
	DefaultIdle          = 75 * time.Second
	DefaultBodyPause     = 30 * time.Second
	DefaultWrite         = 30 * time.Second
	DefaultConnect       = 2 * time.Second
	DefaultResponse      = 60 * time.Second
	DefaultDrain         = 30 * time.Second
	DefaultServerName    = "Ladder"
)

func (o Options) withDefaults() Options {
	orDefault(&o.Limits.Body, DefaultBody)
	orDefault(&o.Limits.Head, http1.DefaultHead)
	orDefault(&o.Limits.Headers, http1.DefaultFields)
	orDefault(&o.Limits.Connections, DefaultConnections)
	orDefault(&o.Limits.HeaderTimeout, DefaultHeaderTimeout)
	orDefault(&o.Timeouts.Idle, DefaultIdle)
	orDefault(&o.Timeouts.Body, DefaultBodyPause)
	orDefault(&o.Timeouts.Write, DefaultWrite)
	orDefault(&o.Timeouts.Connect, DefaultConnect)
	orDefault(&o.Timeouts.Response, DefaultResponse)
	orDefault(&o.Timeouts.Drain, DefaultDrain)
	orDefault(&o.ServerName, DefaultServerName)
	orDefault(&o.AccessLog.Format, FormatJSON)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Events = telemetry.OrDiscard(o.Events)
	return o
}

func orDefault[T comparable](value *T, fallback T) {
	var zero T
	if *value == zero {
		*value = fallback
	}
}

// validate gives all that is wrong, not just the first.
func (o Options) validate() error {
	var faults []error
	if o.Pool == nil {
		faults = append(faults, errors.New("gateway without a pool"))
	}
	if len(o.Listen) == 0 {
		faults = append(faults, hint.Errorf("set gateway.listen, for instance to :8080", "gateway without an address to listen at"))
	}
	seen := map[string]bool{}
	for _, address := range o.Listen {
		if _, _, err := net.SplitHostPort(address); err != nil {
			faults = append(faults, hint.Errorf("write it as host:port or :port", "gateway address %q: %w", address, err))
		}
		if seen[address] && !ephemeral(address) {
			faults = append(faults, fmt.Errorf("gateway address %q is listed twice", address))
		}
		seen[address] = true
	}
	if o.AccessLog.Format != FormatJSON && o.AccessLog.Format != FormatText {
		faults = append(faults, hint.Errorf("use json or text", "unknown access log format %q", o.AccessLog.Format))
	}
	return errors.Join(append(faults, o.validateBounds())...)
}

func (o Options) validateBounds() error {
	var faults []error
	for name, value := range map[string]int64{
		"body limit": o.Limits.Body, "head limit": o.Limits.Head, "header limit": int64(o.Limits.Headers),
		"connection limit": int64(o.Limits.Connections), "header timeout": int64(o.Limits.HeaderTimeout),
		"idle timeout": int64(o.Timeouts.Idle), "body timeout": int64(o.Timeouts.Body), "write timeout": int64(o.Timeouts.Write),
		"connect timeout": int64(o.Timeouts.Connect), "response timeout": int64(o.Timeouts.Response),
		"drain timeout": int64(o.Timeouts.Drain),
	} {
		if value < 0 {
			faults = append(faults, fmt.Errorf("gateway %s is negative", name))
		}
	}
	if o.Limits.Head > MaxHead {
		faults = append(faults, hint.Errorf("1 MiB is the most", "gateway head limit of %d bytes", o.Limits.Head))
	}
	return errors.Join(faults...)
}

// MaxHead is the most that [Limits].Head can be set to, in bytes: a head has to be held whole.
const MaxHead = 1 << 20

func ephemeral(address string) bool {
	_, port, err := net.SplitHostPort(address)
	return err == nil && port == "0"
}
