package config

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// listener is one address of the file that Ladder opens.
type listener struct{ path, address string }

// listeners are all of them, in the order of the struct tree, without those that were refused.
func (v *validator) listeners() []listener {
	var all []listener
	add := func(path, address string) {
		if !v.bad(path) {
			all = append(all, listener{path, address})
		}
	}
	if v.Gateway != nil {
		for i, address := range v.Gateway.Listen {
			path := indexed("gateway.listen", i)
			if !v.given(path) {
				path = "gateway.listen" // the default, or one text
			}
			add(path, address)
		}
	}
	if v.Database != nil && v.Database.Embedded != nil {
		add("database.listen", v.Database.Listen)
	}
	if v.Admin.Listen != "off" {
		add("admin.listen", v.Admin.Listen)
	}
	return all
}

func checkPorts(v *validator) {
	all := v.listeners()
	for i, second := range all {
		for _, first := range all[:i] {
			if !overlap(first.address, second.address) {
				continue
			}
			path, other := second, first
			if !v.given(path.path) && v.given(other.path) {
				path, other = other, path
			}
			v.problem(path.path, fmt.Sprintf("%s is taken by %s, which listens on %s",
				v.show(path.path, path.address), other.path, v.show(other.path, other.address)), "another port")
			break
		}
	}
}

// overlap reports whether two addresses cannot be listened on at once. Port 0 never is in the way: the kernel chooses.
func overlap(a, b string) bool {
	hostA, portA := splitAddress(a)
	hostB, portB := splitAddress(b)
	if portA == 0 || portA != portB {
		return false
	}
	return isWildcard(hostA) || isWildcard(hostB) || sameHost(hostA, hostB)
}

func checkServersTwice(v *validator) {
	if v.App == nil {
		return
	}
	first := map[string]int{}
	for i, server := range v.App.Servers {
		path := indexed("app.servers", i)
		if server.Address == "" {
			if !v.bad(path) {
				v.problem(path, "the server has no address", "address: 10.0.0.11:3000")
			}
			continue
		}
		if earlier, twice := first[server.Address]; twice {
			v.problem(v.addressPath(i), fmt.Sprintf("%s stands in the list twice; first as app.servers[%d]", v.show(v.addressPath(i), server.Address), earlier), "remove one of them")
			continue
		}
		first[server.Address] = i
	}
}

func (v *validator) addressPath(server int) string {
	return indexed("app.servers", server) + ".address"
}

// checkServerLoops finds servers that are Ladder's own gateway: a request would go round until something gives out. Only
// what the file itself shows is found; a name or an address of this machine behind a wildcard may still lead back.
func checkServerLoops(v *validator) {
	if v.App == nil || v.Gateway == nil || v.bad("gateway.listen") {
		return
	}
	for i, server := range v.App.Servers {
		for _, listen := range v.Gateway.Listen {
			if !v.bad(v.addressPath(i)) && leadsTo(server.Address, listen) {
				v.problem(v.addressPath(i), fmt.Sprintf("%s is the gateway itself: requests would go round in a circle", v.show(v.addressPath(i), server.Address)),
					"the address that the application listens on")
				break
			}
		}
	}
}

// leadsTo reports whether connecting to one address reaches a listener on the other, on this machine.
func leadsTo(address, listen string) bool {
	host, port := splitAddress(address)
	listenHost, listenPort := splitAddress(listen)
	if port == 0 || port != listenPort {
		return false
	}
	return sameHost(host, listenHost) || isWildcard(listenHost) && isLoopback(host)
}

// splitAddress takes host:port apart; the port is 0 if there is none.
func splitAddress(address string) (string, int) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return "", 0
	}
	return strings.ToLower(host), number
}

// isWildcard reports whether a host stands for all addresses of the machine.
func isWildcard(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "" || err == nil && address.Unmap().IsUnspecified()
}

// isLoopback reports whether a host can be reached from this machine alone.
func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.Unmap().IsLoopback()
}

// sameHost compares two hosts as far as that is possible without asking the network. localhost is 127.0.0.1 and ::1.
func sameHost(a, b string) bool {
	if a == b {
		return true
	}
	first, errA := netip.ParseAddr(a)
	second, errB := netip.ParseAddr(b)
	switch {
	case errA == nil && errB == nil:
		return first.Unmap() == second.Unmap()
	case errA == nil:
		return b == "localhost" && isLocalhost(first)
	case errB == nil:
		return a == "localhost" && isLocalhost(second)
	}
	return false
}

func isLocalhost(address netip.Addr) bool {
	return address.Unmap() == netip.AddrFrom4([4]byte{127, 0, 0, 1}) || address == netip.IPv6Loopback()
}
