// Package socket is a TCP connection for a relay that counts system calls: reads and writes go straight to the kernel, and Go's
// poller is asked only when there is truly something to wait for. It knows no protocol.
//
// What net.TCPConn does for everybody, a proxy pays for on each request: a read that finds nothing before each wait, the
// bookkeeping of a system call that may block, the detour through the file layer of the kernel. Here
//
//   - [Conn.Await] waits first and reads then, in one call to the poller for as many turns as the caller likes. The poller is
//     edge-triggered and remembers an edge that comes while the turn runs, so nothing is lost;
//   - [Receive] and [Send] are recvfrom and sendto on a non-blocking socket, entered without telling the scheduler: they return
//     within microseconds or not at all;
//   - [Pipe] moves large bodies between two sockets without copying them into this process (splice).
//
// One goroutine owns a connection and alone may close it; everybody else ends its waits with [Conn.CutReads] and
// [Conn.CutWrites]. That is why the descriptor can be used between waits without asking whether it is still ours.
//
// Start with [Conn].
package socket
