package traffic

import (
	"context"
	"sync/atomic"
	"time"
)

// catchUp is how far the pace may lag behind before the rest is given up: after a pause of the site, people do not all
// make up for what they missed.
const catchUp = 100 * time.Millisecond

// pace gives each request its moment, at equal distances over all people.
type pace struct {
	interval time.Duration // 0: no pace
	next     atomic.Int64  // the moment that was given out last, in Unix nanoseconds
}

func newPace(perSecond float64) *pace {
	if perSecond <= 0 {
		return &pace{}
	}
	return &pace{interval: time.Duration(float64(time.Second) / perSecond)}
}

// wait returns when the next request may go out; false means that ctx is done.
func (p *pace) wait(ctx context.Context) bool {
	if p.interval == 0 {
		return ctx.Err() == nil
	}
	delay := time.Until(p.moment(time.Now()))
	if delay <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// moment takes the next free one.
func (p *pace) moment(now time.Time) time.Time {
	for {
		last := p.next.Load()
		moment := max(last+int64(p.interval), now.Add(-catchUp).UnixNano())
		if p.next.CompareAndSwap(last, moment) {
			return time.Unix(0, moment)
		}
	}
}
