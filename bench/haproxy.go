package main

import "fmt"

// haproxy logs to its standard output, which is a file here: one write for each request, for it has no buffered log. In
// production that write is a datagram to syslog.
func haproxy(s site) launch {
	return launch{
		command: []string{"haproxy", "-db", "-f", s.directory + "/haproxy.cfg"},
		files: map[string]string{"haproxy.cfg": fmt.Sprintf(`global
    nbthread 1
    maxconn 24576
    no strict-limits
    log stdout format raw daemon

defaults
    mode http
    log global
    option httplog
    timeout connect 5s
    timeout client 75s
    timeout server 75s
    timeout http-keep-alive 75s
    http-reuse always

frontend users
    bind %s backlog 4096
    unique-id-format %%{+X}o%%ci%%cp%%fi%%fp%%Ts%%rt%%pid
    unique-id-header X-Request-Id
    option forwardfor
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Host %%[req.hdr(Host)]
    default_backend application

backend application
    server one %s
`, s.listen, s.origin)},
	}
}
