package main

import (
	"github.com/spf13/cobra"

	"ladder/internal/process"
	"ladder/node"
)

// newGuardian is the other half of the node's process guardian: it ends what Ladder started when Ladder is killed.
func newGuardian(t terminal) *cobra.Command {
	return &cobra.Command{
		Use:    node.GuardianVerb,
		Short:  "Started by Ladder itself: ends the children of a killed Ladder",
		Hidden: true,
		Args:   noArguments,
		RunE: func(*cobra.Command, []string) error {
			return process.GuardianMain(t.in)
		},
	}
}
