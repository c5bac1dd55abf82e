// Package admin is how people and programs look at a running node and act on it: a versioned JSON API with a live event
// stream, Prometheus metrics, and the place where the dashboard is served. It decides nothing about the node: it shows what
// a Status function returns and hands actions to a [Controller].
//
// Who may do what: on a loopback address everybody on the machine may read; acting always needs the action token, or a
// session of a browser that has shown it. On any other address everything needs a token. Start with [Server]; the documents
// that the API speaks are in api.go, and stable.
package admin
