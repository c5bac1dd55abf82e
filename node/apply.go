package node

import (
	"context"
	"errors"
	"fmt"
	"os"

	"ladder/admin"
	"ladder/config"
	"ladder/internal/hint"
	"ladder/telemetry"
)

// tier is a part of the node that a changed file reaches.
type tier interface {
	// apply brings the part from its file to another one: it adds and changes, and takes nothing away that a part which
	// still runs by the old file may need. When it fails it is called again with the file before, and retire after it.
	apply(ctx context.Context, file *config.Config) error
	// retire takes away what the file no longer has, once every part goes by it.
	retire(ctx context.Context, file *config.Config) error
}

// ErrNeedsRestart says that a file has changes which a running node cannot take.
var ErrNeedsRestart = errors.New("needs a restart of Ladder")

// PlanFile says what applying after would change on a node that runs before, and what each change means.
func PlanFile(before, after *config.Config) admin.Plan {
	plan := admin.Plan{Changes: []admin.Change{}}
	for _, change := range config.Diff(before, after) {
		effect, meaning := effectOf(change, before, after)
		plan.Changes = append(plan.Changes, admin.Change{
			Path: change.Path, Old: change.Old, New: change.New, Effect: string(effect), Meaning: meaning,
		})
		plan.NeedsRestart = plan.NeedsRestart || effect == Restart
	}
	return plan
}

// Plan says what applying the text of a file would do. It is part of admin.Controller.
func (n *Node) Plan(_ context.Context, text []byte) (admin.Plan, error) {
	after, err := n.parse(text)
	if err != nil {
		return admin.Plan{}, err
	}
	return PlanFile(n.File(), after), nil
}

// Apply brings a file to the running node, all or nothing: when any part cannot take it, those that had, and
// the one that failed, are brought back and the node goes on with the file that it had. It is part of admin.Controller.
func (n *Node) Apply(ctx context.Context, text []byte) (admin.Plan, error) {
	n.applying.Lock()
	defer n.applying.Unlock()
	after, err := n.parse(text)
	if err != nil {
		return admin.Plan{}, n.applyFailed(err)
	}
	plan := PlanFile(n.File(), after)
	if plan.NeedsRestart {
		return plan, n.applyFailed(refuse(plan))
	}
	if err := n.bring(ctx, after); err != nil {
		return plan, n.applyFailed(err)
	}
	n.health.Clear(telemetry.ApplyFailed, "node")
	n.changes.Add(1)
	n.bus.Publish(telemetry.Event{
		Code: "file_applied", Subject: "node", Message: fmt.Sprintf("%s was applied with %d changes", after.Source, len(plan.Changes)),
	})
	return plan, nil
}

func (n *Node) parse(text []byte) (*config.Config, error) {
	running := n.File()
	return config.Parse(running.Source, running.Base, text, os.LookupEnv)
}

// refuse names the changes that a running node cannot take.
func refuse(plan admin.Plan) error {
	paths := ""
	for _, change := range plan.Changes {
		if change.Effect == string(Restart) {
			paths += "\n  " + change.Path + ": " + change.Meaning
		}
	}
	return hint.Wrap(fmt.Errorf("the change %w:%s", ErrNeedsRestart, paths),
		"leave these keys as they were, or stop ladder up and start it again")
}

func (n *Node) applyFailed(err error) error {
	n.health.Set(telemetry.ApplyFailed, "node", err.Error())
	return err
}

// bring takes all parts to a file: the database first, as at the start, then those that use it. Only when all of them go by
// it, what the file no longer has is taken away, in the order of a stop.
func (n *Node) bring(ctx context.Context, after *config.Config) error {
	before := n.File()
	tiers := []tier{n.database, n.application, n.front, n.admin}
	for i, changing := range tiers {
		if err := changing.apply(ctx, after); err != nil {
			return errors.Join(err, bringBack(ctx, tiers[:i+1], before))
		}
	}
	n.file.Store(after)
	n.remember(after)
	n.checkLimits()
	for i := len(tiers) - 1; i >= 0; i-- {
		if err := tiers[i].retire(ctx, after); err != nil {
			n.logger.Warn("taking away what the file no longer has", "error", err)
		}
	}
	if err := n.announce(); err != nil {
		n.logger.Warn("announcing the node", "error", err)
	}
	return nil
}

// bringBack returns parts to the file that they had. It goes on when ctx is done: half a file is worse than a late answer.
func bringBack(ctx context.Context, tiers []tier, before *config.Config) error {
	ctx = context.WithoutCancel(ctx)
	var failures []error
	for i := len(tiers) - 1; i >= 0; i-- {
		if err := tiers[i].apply(ctx, before); err != nil {
			failures = append(failures, fmt.Errorf("going back to the file before: %w", err))
			continue
		}
		if err := tiers[i].retire(ctx, before); err != nil {
			failures = append(failures, fmt.Errorf("going back to the file before: %w", err))
		}
	}
	return errors.Join(failures...)
}

// Restart replaces one instance of the application by a fresh one, ready before the old one drains. It is part of
// admin.Controller.
func (n *Node) Restart(ctx context.Context, instance string) error {
	n.applying.Lock()
	defer n.applying.Unlock()
	return n.application.restart(ctx, instance)
}
