package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"ladder/node"
)

// doctorReport is what `ladder doctor -o json` prints.
type doctorReport struct {
	Healthy bool         `json:"healthy"` // no check failed; warnings are allowed
	Checks  []node.Check `json:"checks"`
}

func newDoctor(t terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check ports, PostgreSQL, file limits, clock and disk of this machine",
		Args:  noArguments,
	}
	file, format := fileFlag(c), outputFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		read, err := load(*file)
		if err != nil {
			return err
		}
		report := doctorReport{Healthy: true, Checks: node.Doctor(c.Context(), read)}
		for _, check := range report.Checks {
			report.Healthy = report.Healthy && check.Verdict != node.Fail
		}
		if format.json() {
			err = printJSON(t.out, report)
		} else {
			printChecks(t, report.Checks)
		}
		if err == nil && !report.Healthy {
			return errReported
		}
		return err
	}
	return c
}

func printChecks(t terminal, checks []node.Check) {
	for _, check := range checks {
		fmt.Fprintf(t.out, "%-8s %s: %s\n", check.Verdict, check.Name, check.Found)
		if check.Hint != "" {
			fmt.Fprintf(t.out, "         Try: %s\n", check.Hint)
		}
	}
}
