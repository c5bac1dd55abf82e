package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"ladder/admin"
	"ladder/internal/hint"
	"ladder/topology"
)

func newStatus(t terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "status",
		Short: "Show what is running, and how it is",
		Long: `Show what is running, and how it is. It exits with 1 when no node is running or a critical warning
holds, so that a script can ask too.`,
		Args: noArguments,
	}
	file, format := fileFlag(c), outputFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		_, running, err := loadAndConnect(*file)
		if err != nil {
			return err
		}
		var status admin.Status
		if err := running.get(c.Context(), "/api/v1/status", &status); err != nil {
			return err
		}
		if format.json() {
			err = printJSON(t.out, status)
		} else {
			err = printStatus(t.out, status)
		}
		if err == nil && critical(status) {
			return errReported
		}
		return err
	}
	return c
}

func critical(status admin.Status) bool {
	for _, warning := range status.Warnings {
		if warning.Severity.String() == "critical" {
			return true
		}
	}
	return false
}

func printStatus(w io.Writer, status admin.Status) error {
	fmt.Fprintf(w, "%s on rung %d, %s; up %s; ladder %s, process %d\n", status.Name, status.Rung.Number, status.Rung.Name,
		(time.Duration(status.UptimeSeconds) * time.Second).String(), status.Version, status.PID)
	for _, address := range status.URLs.Application {
		fmt.Fprintf(w, "application  %s\n", address)
	}
	if status.URLs.Dashboard != "" {
		fmt.Fprintf(w, "dashboard    %s\n", status.URLs.Dashboard)
	}
	if gateway := status.Gateway; gateway != nil {
		fmt.Fprintf(w, "gateway      %.1f req/s, %.1f errors/s, p50 %.2f ms, p99 %.2f ms, %d in flight, %d connections, %d requests so far\n",
			gateway.RequestsPerSecond, gateway.ErrorsPerSecond, gateway.P50MS, gateway.P99MS, gateway.InFlight, gateway.Connections, gateway.RequestsTotal)
	}
	printDatabase(w, status.Database)
	if err := printMembers(w, status.Pools); err != nil {
		return err
	}
	for _, warning := range status.Warnings {
		fmt.Fprintf(w, "\n%s: %s (%s, %s)\n  %s\n  Try: %s\n", strings.ToUpper(warning.Severity.String()), warning.Title, warning.Subject, warning.Code, warning.Text, warning.Hint)
	}
	return nil
}

func printDatabase(w io.Writer, database admin.Database) {
	switch database.Kind {
	case admin.DatabaseNone:
	case admin.DatabaseExternal:
		fmt.Fprintln(w, "database     external")
	default:
		fmt.Fprintf(w, "database     PostgreSQL %s %s on %s, %d connections, %.1f MiB\n",
			database.Version, database.State, database.Listen, database.Connections, float64(database.SizeBytes)/(1<<20))
	}
}

func printMembers(w io.Writer, pools []admin.Pool) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, pool := range pools {
		if len(pool.Members) == 0 {
			continue
		}
		fmt.Fprintln(table, "\nINSTANCE\tADDRESS\tSTATE\tFOR\tREQUESTS\tFAILED\tIN FLIGHT\tRESTARTS\tCPU\tMEMORY")
		for _, member := range pool.Members {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%.0f%%\t%.0f MiB\n", member.Name, member.Address, member.State,
				time.Since(member.Since).Round(time.Second), member.Handled, member.Failed, member.InFlight, member.Restarts,
				member.CPUPercent, float64(member.MemoryBytes)/(1<<20))
			if member.State != topology.Up {
				fmt.Fprintf(table, "  %s\n", member.Reason)
			}
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

func newDashboard(t terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "dashboard",
		Short: "Print a URL that opens the dashboard with the right to act",
		Long: `Print a URL that logs a browser in to the dashboard of the running node, so that it may also act:
restart an instance. Who has the URL has that right, so do not pass it on.`,
		Args: noArguments,
	}
	file := fileFlag(c)
	c.RunE = func(*cobra.Command, []string) error {
		_, running, err := loadAndConnect(*file)
		if err != nil {
			return err
		}
		token, err := running.directory.Token()
		if err != nil {
			return hint.Wrap(errors.Join(errors.New("no token"), err), "run this as the user that ladder up runs as")
		}
		fmt.Fprintln(t.out, admin.LoginURL(running.base, token))
		return nil
	}
	return c
}
