// Package http1 reads and writes HTTP/1.1 messages (RFC 9112) over byte slices. It knows no sockets, pools or routes, so that
// goroutines, an event loop and a fuzzer drive the same code, and it allocates nothing per message once its structs are
// warm. It is as strict as a proxy may be: what two parsers could read differently is refused, because that is where
// request smuggling lives. Start with [Request] and [Response] for heads, [BodyReader] for bodies.
package http1
