package main

import "fmt"

// caddy sets X-Forwarded-For, -Proto and -Host by itself.
func caddy(s site) launch {
	return launch{
		command: []string{"caddy", "run", "--config", s.directory + "/Caddyfile", "--adapter", "caddyfile"},
		env:     []string{"GOMAXPROCS=1", "HOME=" + s.directory, "XDG_DATA_HOME=" + s.directory, "XDG_CONFIG_HOME=" + s.directory},
		files: map[string]string{"Caddyfile": fmt.Sprintf(`{
    admin off
    auto_https off
    servers {
        timeouts {
            idle 75s
        }
    }
}
http://%s {
    log {
        output file %s/access.log
    }
    reverse_proxy http://%s {
        header_up X-Request-Id {http.request.uuid}
        transport http {
            keepalive_idle_conns 128
            keepalive_idle_conns_per_host 128
        }
    }
}
`, s.listen, s.directory, s.origin)},
	}
}
