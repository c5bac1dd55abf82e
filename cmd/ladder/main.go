// Command ladder grows one web application from a single server to a million users, one rung at a time. One file for each
// verb; what they have in common stands in root.go, how they talk to a running node in client.go.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// A second signal ends the program at once: it is how an operator says "I mean it".
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
