// Package hint carries, inside an error, what a person can do about it. The command line prints it as "Try: …" below the
// error; the API gives it as a field of its own. There is nothing else here.
package hint

import (
	"errors"
	"fmt"
)

type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// Hint is what to do about the error.
func (h hinted) Hint() string { return h.hint }

// Errorf makes an error as fmt.Errorf does, with a hint: one imperative sentence, without "Try:".
func Errorf(hint, format string, arguments ...any) error {
	return hinted{fmt.Errorf(format, arguments...), hint}
}

// Wrap adds a hint to an error; nil stays nil.
func Wrap(err error, hint string) error {
	if err == nil {
		return nil
	}
	return hinted{err, hint}
}

// Of finds the outermost hint in a chain of errors, "" if there is none. Every error with a method Hint() string counts.
func Of(err error) string {
	var with interface{ Hint() string }
	if errors.As(err, &with) {
		return with.Hint()
	}
	return ""
}
