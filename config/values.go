package config

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Duration is a time span with a unit in the file: 500ms, 2s, 5m, 1h.
type Duration time.Duration

// Std is the duration as the standard library has it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String writes the duration as the file would: 1h30m, not 1h30m0s.
func (d Duration) String() string {
	text := time.Duration(d).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// Size is a number of bytes with a unit in the file: 512B, 32KiB, 64MiB, 10GiB; also kB, MB, GB.
type Size int64

// String writes the size with the largest unit that leaves a whole number.
func (s Size) String() string {
	for _, unit := range sizeUnits {
		if s != 0 && int64(s)%unit.bytes == 0 {
			return strconv.FormatInt(int64(s)/unit.bytes, 10) + unit.name
		}
	}
	return "0B"
}

// StringList is one string or a list of them in the file.
type StringList []string

// fault is what is wrong with one text, and what to write instead.
type fault struct{ message, hint string }

// The shapes of durations and sizes; the JSON schema has them too.
const (
	durationPattern = `([0-9]+(\.[0-9]+)?(ms|s|m|h))+`
	sizePattern     = `[0-9]+(\.[0-9]+)?(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)`
	durationUnits   = "ms, s, m or h, as in 500ms, 2s, 1h30m"
	sizeUnitNames   = "B, KiB, MiB, GiB, TiB (powers of 1024) or kB, MB, GB, TB (powers of 1000), as in 32MiB"
)

var (
	aDuration = regexp.MustCompile(`^` + durationPattern + `$`)
	aSize     = regexp.MustCompile(`^` + sizePattern + `$`)
	aNumber   = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)
	anInteger = regexp.MustCompile(`^-?[0-9]+$`)
)

// sizeUnits are the accepted units, largest first.
var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40}, {"TB", 1e12}, {"GiB", 1 << 30}, {"GB", 1e9}, {"MiB", 1 << 20}, {"MB", 1e6},
	{"KiB", 1 << 10}, {"kB", 1e3}, {"B", 1},
}

func parseDuration(text string) (Duration, *fault) {
	switch {
	case aNumber.MatchString(text):
		return 0, &fault{"has no unit", text + "s"}
	case strings.HasPrefix(text, "-"):
		return 0, &fault{"is negative", "a positive duration in " + durationUnits}
	case !aDuration.MatchString(text):
		return 0, &fault{"is not a duration", "a number with a unit: " + durationUnits}
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return 0, &fault{"is longer than any clock counts", "a shorter duration"}
	}
	return Duration(parsed), nil
}

func parseSize(text string) (Size, *fault) {
	switch {
	case aNumber.MatchString(text):
		return 0, &fault{"has no unit", text + "B, or a larger unit: " + sizeUnitNames}
	case strings.HasPrefix(text, "-"):
		return 0, &fault{"is negative", "a positive size in " + sizeUnitNames}
	case !aSize.MatchString(text):
		return 0, &fault{"is not a size", "a number with a unit: " + sizeUnitNames}
	}
	for _, unit := range sizeUnits {
		number, found := strings.CutSuffix(text, unit.name)
		if !found || !aNumber.MatchString(number) {
			continue
		}
		return bytesOf(number, unit.bytes)
	}
	return 0, &fault{"is not a size", "a number with a unit: " + sizeUnitNames}
}

func bytesOf(number string, unit int64) (Size, *fault) {
	tooLarge := &fault{"is larger than any disk", "a smaller size"}
	if whole, err := strconv.ParseInt(number, 10, 64); err == nil {
		if whole > math.MaxInt64/unit {
			return 0, tooLarge
		}
		return Size(whole * unit), nil
	}
	parsed, err := strconv.ParseFloat(number, 64)
	if err != nil || parsed*float64(unit) >= math.MaxInt64 {
		return 0, tooLarge
	}
	return Size(parsed * float64(unit)), nil
}

func parseInteger(text string) (int, *fault) {
	if !anInteger.MatchString(text) {
		return 0, &fault{"is not a whole number", "digits alone, as in 3"}
	}
	parsed, err := strconv.Atoi(text)
	if err != nil {
		return 0, &fault{"is too large a number", "a smaller number"}
	}
	return parsed, nil
}

// between checks a value against the `min` and `max` of its field, which are written as values of the file are.
func between[T ~int | ~int64](value T, f field, parse func(string) (T, *fault)) *fault {
	within := fmt.Sprintf("a value from %s to %s", f.min, f.max)
	if f.min != "" {
		if least, _ := parse(f.min); value < least {
			return &fault{"is less than " + f.min, within}
		}
	}
	if f.max != "" {
		if most, _ := parse(f.max); value > most {
			return &fault{"is more than " + f.max, within}
		}
	}
	return nil
}
