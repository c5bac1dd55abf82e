package gateway

import (
	"context"
	"errors"
)

// Preflight finds out whether the addresses can be listened at, with the errors that [Gateway.Start] would give. Nothing
// stays open, so another program may still come first; it saves starting what would have to be stopped again.
func Preflight(ctx context.Context, addresses []string) error {
	var faults []error
	for _, address := range addresses {
		opened, err := listen(ctx, address)
		if err == nil {
			err = opened.tcp.Close()
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}
