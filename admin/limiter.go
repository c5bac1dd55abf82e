package admin

import (
	"net/netip"
	"sync"
	"time"
)

// limitedCallers bounds how many callers wrong tokens are counted for; beyond it all others share one count.
const limitedCallers = 1024

// limiter counts wrong tokens per caller over a fixed window.
type limiter struct {
	mu     sync.Mutex
	began  time.Time // of the window
	counts map[netip.Prefix]int
}

func newLimiter() *limiter { return &limiter{counts: make(map[netip.Prefix]int)} }

// allow reports whether a caller may try another token.
func (l *limiter) allow(caller netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.roll(time.Now())
	return l.counts[l.key(caller)] < LoginAttempts
}

// failed counts a wrong token.
func (l *limiter) failed(caller netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.roll(time.Now())
	l.counts[l.key(caller)]++
}

// roll begins a new window when the old one is over.
func (l *limiter) roll(now time.Time) {
	if now.Sub(l.began) >= LoginWindow {
		l.began = now
		clear(l.counts)
	}
}

func (l *limiter) key(caller netip.Prefix) netip.Prefix {
	if _, known := l.counts[caller]; known || len(l.counts) < limitedCallers {
		return caller
	}
	return netip.Prefix{}
}
