package config

import "time"

// Duration is a time span with a unit in the file: 500ms, 2s, 5m, 1h.
type Duration time.Duration

// Std is the duration as the standard library has it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// Size is a number of bytes with a unit in the file: 512B, 32KiB, 64MiB, 10GiB; also kB, MB, GB.
type Size int64

// StringList is one string or a list of them in the file.
type StringList []string

// Secret is a text that is never shown: it prints as «redacted».
type Secret string

// Reveal gives the text itself, to those who must use it.
func (s Secret) Reveal() string { return string(s) }
