// Package config is the file: what may stand in it, what each key means and defaults to, and whether a file is right.
// The struct tree below is the only place where a setting is declared; its comments become the reference page and the
// JSON schema, its tags the defaults and bounds (field.go lists them). Nothing is started or opened here. Start with [Load].
package config

// Config is the whole file.
type Config struct {
	// Name of the application: lower-case letters, digits and hyphens. It names the database and stands in logs and metrics.
	Name string `yaml:"name" default:"app" format:"name" example:"chirp"`
	// Directory in which this machine keeps what Ladder writes: lock, logs, database, last applied file. Relative paths
	// in the file start at the directory that holds the file.
	Directory string `yaml:"directory" default:".ladder" format:"path" example:"/var/lib/ladder"`
	// App is the application that Ladder starts, or the servers of one that runs already.
	App *App `yaml:"app"`
	// Gateway that users reach the application through.
	Gateway *Gateway `yaml:"gateway"`
	// Database behind the application.
	Database *Database `yaml:"database"`
	// Admin is where dashboard, API and metrics listen.
	Admin Admin `yaml:"admin"`

	// Source is the file that this was read from, Base the absolute directory that its relative paths start from.
	Source string `yaml:"-"`
	Base   string `yaml:"-"`

	text    []byte       // as it was written
	written writtenTexts // values that came from variables, as they stand in the file
}

// App is the application: either `command`, or `servers`.
type App struct {
	// Command that starts one instance of the application, as a list of words; no shell is involved. A first word with a
	// slash that is not absolute is relative to `app.directory`; others are looked up on PATH. PORT and DATABASE_URL are
	// in its environment.
	Command []string `yaml:"command" example:"[./chirp, --verbose]"`
	// Instances of `command` to run on this machine, each with a port of its own.
	Instances int `yaml:"instances" default:"1" min:"1" max:"1000"`
	// Directory that the command runs in.
	Directory string `yaml:"directory" default:"." format:"path"`
	// Env is added to the environment of each instance. Values are treated as secrets wherever the file is shown. PORT is
	// not among them: Ladder gives each instance its own.
	Env Environment `yaml:"env" keys:"variable" example:"{LOG_LEVEL: info, API_KEY: \"${API_KEY}\"}"`
	// User to run the command as, when Ladder itself runs as root; empty means the user that Ladder runs as.
	User string `yaml:"user" format:"user" example:"www-data"`
	// StartTimeout is how long an instance may take from its start to its first passed health check.
	StartTimeout Duration `yaml:"start_timeout" default:"60s" min:"1ms" max:"24h"`
	// StopTimeout is how long an instance may take to end after SIGTERM; then its process group gets SIGKILL.
	StopTimeout Duration `yaml:"stop_timeout" default:"10s" min:"1ms" max:"24h"`
	// Servers that somebody else runs, as host:port.
	Servers []Server `yaml:"servers" example:"[10.0.0.11:3000, 10.0.0.12:3000]"`
	// Health check of each instance or server.
	Health Health `yaml:"health"`
}

// Server is one server that Ladder did not start. A plain string in the file is its address.
type Server struct {
	// Address as host:port.
	Address string `yaml:"address" scalar:"true" format:"server" example:"10.0.0.11:3000"`
}

// Health says how an instance is asked whether it is well.
type Health struct {
	// Path that is asked for with GET; any status from 200 to 399 is a pass. Without a path, a TCP connection that opens is.
	Path string `yaml:"path" format:"urlpath" example:"/healthz"`
	// Interval between two checks of one server.
	Interval Duration `yaml:"interval" default:"2s" min:"10ms" max:"1h"`
	// Timeout of one check; not longer than `interval`.
	Timeout Duration `yaml:"timeout" default:"1s" min:"1ms" max:"1h"`
	// Fall is how many checks in a row must fail before a server gets no more traffic.
	Fall int `yaml:"fall" default:"3" min:"1" max:"100"`
	// Rise is how many checks in a row must pass before a server that was down gets traffic again.
	Rise int `yaml:"rise" default:"2" min:"1" max:"100"`
}

// Gateway is the HTTP side.
type Gateway struct {
	// Listen is one address or a list of them, as host:port or :port. Port 0 takes any free one.
	Listen StringList `yaml:"listen" default:":8080" format:"listen" example:"[\":80\", \"127.0.0.1:8080\"]"`
	// TrustedProxies are the networks (CIDR) whose X-Forwarded-* and Forwarded headers are believed and extended; those
	// of everybody else are replaced.
	TrustedProxies []string `yaml:"trusted_proxies" format:"network" example:"[10.0.0.0/8, \"fd00::/8\"]"`
	// Limits on what a client may send.
	Limits Limits `yaml:"limits"`
	// Timeouts of each phase of a request.
	Timeouts Timeouts `yaml:"timeouts"`
	// AccessLog has one line for each request.
	AccessLog AccessLog `yaml:"access_log"`
}

// Limits on what a client may send.
type Limits struct {
	// Body is the largest request body; larger ones are answered 413.
	Body Size `yaml:"body" default:"32MiB" min:"1B" max:"1TiB"`
	// Head is the largest request line with all headers; larger ones are answered 431, or 414 where the line alone is too long.
	Head Size `yaml:"head" default:"32KiB" min:"1KiB" max:"1MiB"`
	// Headers is how many header lines a request may have; more are answered 431.
	Headers int `yaml:"headers" default:"100" min:"1" max:"10000"`
	// Connections is how many clients may be connected at once; further ones wait to be accepted.
	Connections int `yaml:"connections" default:"10000" min:"1" max:"10000000"`
	// HeaderTimeout is how long a client may take to send a request's head.
	HeaderTimeout Duration `yaml:"header_timeout" default:"10s" min:"1ms" max:"24h"`
}

// Timeouts of each phase of a request.
type Timeouts struct {
	// Idle is how long a kept-alive connection may wait for its next request.
	Idle Duration `yaml:"idle" default:"75s" min:"1ms" max:"24h"`
	// Body is how long a client may pause while it sends a body.
	Body Duration `yaml:"body" default:"30s" min:"1ms" max:"24h"`
	// Write is how long a client may pause while it takes a response.
	Write Duration `yaml:"write" default:"30s" min:"1ms" max:"24h"`
	// Connect is how long opening a connection to the application may take.
	Connect Duration `yaml:"connect" default:"2s" min:"1ms" max:"24h"`
	// Response is how long the application may take until the head of its response, and between two pieces of its body.
	// Upgraded connections and server-sent events have no such limit on pauses.
	Response Duration `yaml:"response" default:"60s" min:"1ms" max:"24h"`
	// Drain is how long requests in flight may take to end when Ladder stops.
	Drain Duration `yaml:"drain" default:"30s" min:"1ms" max:"24h"`
}

// AccessLog has one line for each request.
type AccessLog struct {
	// File that the lines are appended to; `-` is standard output, `off` none.
	File string `yaml:"file" default:"{directory}/log/access.log" format:"path" example:"off"`
	// Format of a line.
	Format string `yaml:"format" default:"json" enum:"json,text"`
	// MaxSize at which the file is put aside and a new one begun.
	MaxSize Size `yaml:"max_size" default:"64MiB" min:"4KiB" max:"1TiB"`
	// Keep is how many files that were put aside are kept.
	Keep int `yaml:"keep" default:"3" min:"0" max:"1000"`
}

// Database is what DATABASE_URL points at: either `embedded`, or `primary`.
type Database struct {
	// Embedded is a PostgreSQL that Ladder runs itself. `embedded: {}` takes all defaults.
	Embedded *Embedded `yaml:"embedded"`
	// Primary is the URL of a PostgreSQL that somebody else runs; it is passed on to the application.
	Primary Secret `yaml:"primary" format:"postgres" example:"postgres://chirp:${PASSWORD}@10.0.0.5/chirp"`
	// Listen is the address that DATABASE_URL points the application at when the database is embedded.
	Listen string `yaml:"listen" default:"127.0.0.1:6432" format:"listen"`
}

// Embedded is a PostgreSQL that Ladder runs itself. `embedded: {}` takes all defaults.
type Embedded struct {
	// Directory that holds the data and everything else of this PostgreSQL.
	Directory string `yaml:"directory" default:"{directory}/postgres" format:"path"`
	// Binaries is the directory of the PostgreSQL programs; by default the newest found on PATH and in the
	// distribution's directories is used, and downloaded if there is none.
	Binaries string `yaml:"binaries" format:"path" example:"/usr/lib/postgresql/17/bin"`
	// Parameters of postgresql.conf. Those that Ladder sets itself are refused.
	Parameters map[string]string `yaml:"parameters" keys:"parameter" example:"{shared_buffers: 512MB}"`
	// StartTimeout is how long PostgreSQL may take to accept connections, crash recovery included.
	StartTimeout Duration `yaml:"start_timeout" default:"5m" min:"1ms" max:"24h"`
	// StopTimeout is how long a fast shutdown may take before an immediate one follows.
	StopTimeout Duration `yaml:"stop_timeout" default:"30s" min:"1ms" max:"24h"`
}

// Admin is where dashboard, API and metrics listen.
type Admin struct {
	// Listen is a host:port. Other addresses than loopback need `token`. `off` closes it; `plan`, `apply` and `status` need it.
	Listen string `yaml:"listen" default:"127.0.0.1:9900" format:"listen" or:"off"`
	// Token that API and dashboard ask for; required unless `listen` is a loopback address.
	Token Secret `yaml:"token" format:"token" example:"${LADDER_TOKEN}"`
}
