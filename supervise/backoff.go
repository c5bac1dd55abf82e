package supervise

import (
	"math"
	"time"
)

// Backoff says how long to wait before an instance that ended is started again. Zero values take the defaults.
type Backoff struct {
	Initial time.Duration // before the first restart; 250ms
	Factor  float64       // by which each further pause grows; 2
	Max     time.Duration // longest pause, before jitter; 30s
	Jitter  float64       // part by which a pause is shortened or lengthened at random; 0.2

	ResetAfter      time.Duration // being ready for so long makes earlier crashes forgotten; 30s
	CrashLoopExits  int           // so many exits …
	CrashLoopWindow time.Duration // … within this time are a crash loop; 5 within 60s
}

func (b Backoff) withDefaults() Backoff {
	if b.Initial <= 0 {
		b.Initial = 250 * time.Millisecond
	}
	if b.Factor < 1 {
		b.Factor = 2
	}
	if b.Max <= 0 {
		b.Max = 30 * time.Second
	}
	if b.Jitter <= 0 || b.Jitter >= 1 {
		b.Jitter = 0.2
	}
	if b.ResetAfter <= 0 {
		b.ResetAfter = 30 * time.Second
	}
	if b.CrashLoopExits <= 0 {
		b.CrashLoopExits = 5
	}
	if b.CrashLoopWindow <= 0 {
		b.CrashLoopWindow = 60 * time.Second
	}
	return b
}

// crashes is what is remembered of one instance's failures: exits, and starts that did not become ready. It is pure.
type crashes struct {
	inRow   int         // failures since the instance was last steady
	unready int         // those in a row in which it did not even become ready
	recent  []time.Time // the last CrashLoopExits of them
	looping bool        // it is a crash loop until the instance has been steady again
}

// verdict on a failure.
type verdict struct {
	pause   time.Duration // before the next start
	looping bool
	inRow   int
}

// failed takes a failure that happened after the instance had been ready for readyFor. random is from [0,1).
func (c *crashes) failed(backoff Backoff, now time.Time, readyFor time.Duration, random float64) verdict {
	if readyFor >= backoff.ResetAfter {
		c.steady()
	}
	pause := min(float64(backoff.Initial)*math.Pow(backoff.Factor, float64(c.inRow)), float64(backoff.Max))
	pause *= 1 - backoff.Jitter + 2*backoff.Jitter*random
	c.inRow++
	c.recent = append(c.recent, now)
	if surplus := len(c.recent) - backoff.CrashLoopExits; surplus > 0 {
		c.recent = c.recent[surplus:]
	}
	if len(c.recent) == backoff.CrashLoopExits && now.Sub(c.recent[0]) <= backoff.CrashLoopWindow {
		c.looping = true // pauses grow past the window; it stays a loop all the same
	}
	c.unready++
	if readyFor > 0 {
		c.unready = 0
	}
	if c.unready >= backoff.CrashLoopExits {
		c.looping = true // each start took its whole time-out, so that no window ever held enough of them
	}
	return verdict{pause: time.Duration(pause), looping: c.looping, inRow: c.inRow}
}

// steady says that the instance has been ready for ResetAfter.
func (c *crashes) steady() { *c = crashes{} }
