package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"ladder/config"
)

func newSchema(t terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON schema of the file, for editors",
		Long: `Print the JSON schema of the file. An editor with the YAML language server completes and
checks ladder.yaml when its first line is

  # yaml-language-server: $schema=ladder.schema.json

and the schema lies beside it: ladder schema > ladder.schema.json`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			if _, err := t.out.Write(config.Schema()); err != nil {
				return fmt.Errorf("writing the schema: %w", err)
			}
			return nil
		},
	}
}
