package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"ladder/config"
)

// validateReport is what `ladder validate -o json` prints.
type validateReport struct {
	File     string          `json:"file"`
	Valid    bool            `json:"valid"`
	Rung     int             `json:"rung,omitempty"`
	RungName string          `json:"rung_name,omitempty"`
	Problems config.Problems `json:"problems"`
}

func newValidate(t terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "validate",
		Short: "Check the file and report every mistake at once",
		Args:  noArguments,
	}
	file, format := fileFlag(c), outputFlag(c)
	c.RunE = func(*cobra.Command, []string) error {
		read, err := load(*file)
		var problems config.Problems
		if err != nil && (!errors.As(err, &problems) || !format.json()) {
			return err
		}
		report := validateReport{File: *file, Valid: err == nil, Problems: problems}
		if report.Problems == nil {
			report.Problems = config.Problems{}
		}
		if read != nil {
			report.Rung, report.RungName = read.Rung()
		}
		if format.json() {
			if err := printJSON(t.out, report); err != nil || report.Valid {
				return err
			}
			return errReported
		}
		fmt.Fprintf(t.out, "%s is valid: rung %d, %s\n", *file, report.Rung, report.RungName)
		return nil
	}
	return c
}
