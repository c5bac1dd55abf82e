// Package gateway is the HTTP side of Ladder: it accepts clients, reads their requests, picks an instance of the application,
// relays the request and its answer, and says in the access log how it went. It forwards what it has read and written anew,
// never bytes it has not understood; it holds no message whole; every phase of a request has a bound in time and in bytes.
//
// It does not decide who is fit to work: that is in the [topology.Pool], which health checks and supervise keep. It knows
// nothing of processes, files or configuration.
//
// Start with [New] and [Options]; then connection.go (a client's connection), exchange.go (one request on its way through)
// and roundtrip.go (its attempts at the application). DESIGN.md beside this file has the data flow and the reasons.
package gateway
