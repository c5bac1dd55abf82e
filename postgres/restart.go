package postgres

import "time"

const (
	// restartDelay is the pause before the first restart after a crash; it doubles with each further crash, up to
	// maxRestartDelay, and begins anew when the last crash is restartMemory ago.
	restartDelay    = 100 * time.Millisecond
	maxRestartDelay = 30 * time.Second
	restartMemory   = 5 * time.Minute
	// crashLoop is how many crashes within restartMemory an operator has to know of.
	crashLoop = 5
)

// nextRestart decides how long to wait after a crash at now, given the earlier ones. It returns those that still count,
// with this one, and whether there are so many that it is a crash loop.
func nextRestart(crashes []time.Time, now time.Time) (remembered []time.Time, delay time.Duration, loop bool) {
	for _, crash := range crashes {
		if now.Sub(crash) < restartMemory {
			remembered = append(remembered, crash)
		}
	}
	delay = restartDelay
	for range remembered {
		delay = min(2*delay, maxRestartDelay)
	}
	remembered = append(remembered, now)
	return remembered, delay, len(remembered) >= crashLoop
}
