// Command bench measures Ladder side by side with the programs it is compared with, in one run on one machine, and keeps
// the raw figures with the machine's facts in bench/results. Every figure in the documentation comes from such a file.
//
//	go run ./bench gateway            nginx, HAProxy, Caddy and Ladder as reverse proxies
//	go run ./bench report FILE...     the tables of earlier runs, from their raw figures
//
// The programs are started by their Debian packages' names, on loopback, with configurations made for the run (peers.go
// and a file per peer), and stopped at its end. Start with [measureGateway].
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

const usage = "usage: go run ./bench gateway [flags], or go run ./bench report FILE [FILE]"

func run(ctx context.Context, arguments []string, out io.Writer) error {
	if len(arguments) == 0 {
		return errors.New(usage)
	}
	switch verb, rest := arguments[0], arguments[1:]; verb {
	case "gateway":
		options, err := parseOptions(rest)
		if err != nil {
			return err
		}
		return measureGateway(ctx, options, out)
	case "report":
		return report(rest, out)
	default:
		return fmt.Errorf("unknown benchmark %q; %s", verb, usage)
	}
}
