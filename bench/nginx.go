package main

import (
	"fmt"
	"os"
	"strings"
)

// smallBody is what the origin answers in the small scenario: 143 bytes, the size of a short JSON answer.
func smallBody() string { return strings.Repeat("0123456789", 14) + "abc" }

const largeBytes = 1 << 20

// origin is the application behind all proxies: the cheapest that there is, so that it never limits them.
func origin(s site) launch {
	server := fmt.Sprintf(`
    access_log off;
    server {
        listen %s backlog=4096;
        location = /small { default_type text/plain; return 200 "%s"; }
        location = /large { root %s; default_type application/octet-stream; }
    }`, s.listen, smallBody(), s.directory)
	l := nginx(s, server)
	l.files["large"] = strings.Repeat("x", largeBytes)
	return l
}

// nginxProxy is nginx as the proxy under test.
func nginxProxy(s site) launch {
	return nginx(s, fmt.Sprintf(`
    log_format with_id '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                       '"$http_referer" "$http_user_agent" $request_time $upstream_response_time $request_id';
    access_log %s/access.log with_id buffer=64k flush=1s;
    upstream application { server %s; keepalive 128; keepalive_requests 1000000000; }
    server {
        listen %s backlog=4096;
        location / {
            proxy_pass http://application;
            proxy_http_version 1.1;
            proxy_max_temp_file_size 0; # large responses wait in memory: a disk would be measured otherwise
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $host;
            proxy_set_header X-Request-Id $request_id;
        }
    }`, s.directory, s.origin, s.listen))
}

// nginx is a configuration with one worker that keeps everything in the site's directory.
func nginx(s site, http string) launch {
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;" // the site's directory belongs to us alone
	}
	return launch{
		command: []string{"nginx", "-p", s.directory, "-c", s.directory + "/nginx.conf", "-e", s.directory + "/error.log"},
		files: map[string]string{"nginx.conf": fmt.Sprintf(`%s
daemon off;
worker_processes 1;
worker_rlimit_nofile 65536;
pid %[2]s/nginx.pid;
error_log %[2]s/error.log warn;
events { worker_connections 24576; }
http {
    client_body_temp_path %[2]s/body; proxy_temp_path %[2]s/proxy; fastcgi_temp_path %[2]s/fastcgi;
    uwsgi_temp_path %[2]s/uwsgi; scgi_temp_path %[2]s/scgi;
    keepalive_requests 1000000000;
    keepalive_timeout 75s;
    tcp_nodelay on;
    sendfile on;
%[3]s
}
`, user, s.directory, http)},
	}
}
