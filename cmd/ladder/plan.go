package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"ladder/admin"
	"ladder/config"
	"ladder/node"
)

func newPlan(t terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "plan",
		Short: "Say what the file would change on the running node, and what that means",
		Long: `Say what the file would change on the running node, and what each change means for it, without
changing anything. Where no node is running, the file is compared with the last one that ran here.`,
		Args: noArguments,
	}
	file, format := fileFlag(c), outputFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		read, err := load(*file)
		if err != nil {
			return err
		}
		plan, err := planFor(c.Context(), read)
		if err != nil {
			return err
		}
		if format.json() {
			return printJSON(t.out, plan)
		}
		printPlan(t.out, plan)
		if plan.NeedsRestart {
			fmt.Fprintln(t.out, "ladder apply will refuse this: stop ladder up and start it again, or leave those keys as they were.")
		} else if len(plan.Changes) > 0 {
			fmt.Fprintf(t.out, "ladder apply -c %s does it.\n", *file)
		}
		return nil
	}
	return c
}

// planFor asks the running node, or compares with the last file that ran.
func planFor(ctx context.Context, file *config.Config) (admin.Plan, error) {
	running, err := connect(file)
	if err == nil {
		var plan admin.Plan
		err = running.act(ctx, "/api/v1/plan", file.Text(), &plan)
		if err == nil {
			return plan, nil
		}
	}
	if !errors.Is(err, node.ErrNotRunning) {
		return admin.Plan{}, err
	}
	text, err := node.DirectoryOf(file).Applied()
	if err != nil || text == nil {
		return node.PlanFile(&config.Config{}, file), err
	}
	before, err := config.Parse(file.Source, file.Base, text, os.LookupEnv)
	if err != nil {
		return admin.Plan{}, fmt.Errorf("reading the last applied file: %w", err)
	}
	return node.PlanFile(before, file), nil
}

func printPlan(w io.Writer, plan admin.Plan) {
	if len(plan.Changes) == 0 {
		fmt.Fprintln(w, "nothing would change")
		return
	}
	for _, change := range plan.Changes {
		switch {
		case change.Old == "":
			fmt.Fprintf(w, "+ %s: %s\n", change.Path, change.New)
		case change.New == "":
			fmt.Fprintf(w, "- %s: %s\n", change.Path, change.Old)
		default:
			fmt.Fprintf(w, "~ %s: %s -> %s\n", change.Path, change.Old, change.New)
		}
		fmt.Fprintf(w, "    %s: %s\n", change.Effect, change.Meaning)
	}
}

func newApply(t terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "apply",
		Short: "Bring the file to the running node, live, all or nothing",
		Long: `Bring the file to the running node without a failed request. Either all of it is applied, or the
node goes on with the file that it had. ladder plan says before what would happen.`,
		Args: noArguments,
	}
	file, format := fileFlag(c), outputFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		read, running, err := loadAndConnect(*file)
		if err != nil {
			return err
		}
		var plan admin.Plan
		if err := running.act(c.Context(), "/api/v1/apply", read.Text(), &plan); err != nil {
			return err
		}
		if format.json() {
			return printJSON(t.out, plan)
		}
		printPlan(t.out, plan)
		fmt.Fprintln(t.out, "applied")
		return nil
	}
	return c
}

func newRestart(t terminal) *cobra.Command {
	c := &cobra.Command{
		Use:     "restart INSTANCE",
		Short:   "Replace one instance by a fresh one, ready before the old one drains",
		Example: "  ladder restart app.1",
		Args: func(_ *cobra.Command, arguments []string) error {
			if len(arguments) != 1 {
				return usageError{errors.New("restart takes the name of one instance; ladder status shows them")}
			}
			return nil
		},
	}
	file := fileFlag(c)
	c.RunE = func(c *cobra.Command, arguments []string) error {
		_, running, err := loadAndConnect(*file)
		if err != nil {
			return err
		}
		if err := running.act(c.Context(), "/api/v1/instances/"+arguments[0]+"/restart", nil, nil); err != nil {
			return err
		}
		fmt.Fprintf(t.out, "%s was replaced\n", arguments[0])
		return nil
	}
	return c
}
