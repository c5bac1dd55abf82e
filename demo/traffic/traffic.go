// Package traffic visits chirp as people would: many of them, each with a browser of their own (cookies, kept-alive
// connection, cache), who mostly read, sometimes write, and look whether what they wrote is there. It speaks real HTTP and
// checks every answer: status, content and, after a post, that its author sees it. Start with [New], [Generator.Prepare]
// and [Generator.Run].
//
// What counts as failed: a connection that could not be made or broke, a status that the request should not have got, a
// page that is incomplete or not the one that was asked for, an own post that is missing (which counts as stale, too).
// Nothing is repeated silently but this: a GET whose kept-alive connection turns out to be closed, with no byte of an
// answer received, goes out once more on a new connection, as every browser does (RFC 9112 §9.3.1). [Totals.Retried]
// counts those. net/http's client would do it without a word; this package therefore has its own connections and only
// reads responses with net/http. A POST that meets the same fate is never repeated; it failed.
package traffic

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"

	"ladder/telemetry"
)

const (
	defaultUsers       = 200
	defaultConcurrency = 16
	// followsAtStart and postsAtStart of each new person, so that timelines are not empty.
	followsAtStart = 8
	postsAtStart   = 2
)

// Options of [New].
type Options struct {
	// Target is the site, as http://host:port.
	Target string
	// Users is how many people there are; 0 means 200.
	Users int
	// Concurrency is how many of them do something at the same time; 0 means 16.
	Concurrency int
	// Rate in requests per second, over all; 0 means as fast as answers come.
	Rate float64
	// Seed of all choices. Equal seeds make equal people with equal intentions in equal order; how their actions
	// interleave, and so what they find on a page, depends on time.
	Seed int64
}

// Totals since the generator was made. They do not include [Generator.Prepare].
type Totals struct {
	Requests   uint64 // that were answered or failed
	Failed     uint64 // see the package comment
	StaleReads uint64 // answers that miss what their reader wrote before; each is also in Failed
	Retried    uint64 // GETs that went out again because the kept-alive connection had been closed
	Posts      uint64 // that were published and then looked for
	Latency    telemetry.HistogramSnapshot
	Failures   []string // the last few, oldest first
}

// Generator is the crowd.
type Generator struct {
	options Options
	site    *site
	people  []*person
	tally   *tally
	pace    *pace
}

// New makes the people. Nothing is sent yet.
func New(options Options) (*Generator, error) {
	target, err := url.Parse(options.Target)
	if err != nil {
		return nil, fmt.Errorf("target of the traffic: %w", err)
	}
	if target.Scheme != "http" || target.Host == "" || target.Path != "" && target.Path != "/" {
		return nil, fmt.Errorf("target of the traffic is %q; want http://host:port", options.Target)
	}
	if options.Users <= 0 {
		options.Users = defaultUsers
	}
	if options.Concurrency <= 0 {
		options.Concurrency = defaultConcurrency
	}
	options.Concurrency = min(options.Concurrency, options.Users)
	g := &Generator{options: options, site: newSite(target), tally: newTally(), pace: newPace(options.Rate)}
	for _, name := range names(options.Users, uint64(options.Seed)) {
		person, err := newPerson(g.site, name)
		if err != nil {
			return nil, err
		}
		g.people = append(g.people, person)
		g.site.usernames = append(g.site.usernames, name.username)
	}
	return g, nil
}

// Totals may be read at any time, by anybody.
func (g *Generator) Totals() Totals { return g.tally.totals() }

// Prepare signs everybody up, or in if they have an account, and lets new people follow others and post, so that the
// pages that Run visits have something on them. It fails with the first thing that goes wrong.
func (g *Generator) Prepare(ctx context.Context) error {
	preparation := newTally()
	unlimited := newPace(0)
	err := g.each(ctx, func(ctx context.Context, p *person, random *rand.Rand) {
		p.begin(preparation, unlimited, random)
		p.enter(ctx)
	})
	if err := errors.Join(err, preparation.failure()); err != nil {
		return fmt.Errorf("signing people up: %w", err)
	}
	err = g.each(ctx, func(ctx context.Context, p *person, random *rand.Rand) {
		p.begin(preparation, unlimited, random)
		if p.isNew {
			p.settleIn(ctx)
		}
	})
	if err := errors.Join(err, preparation.failure()); err != nil {
		return fmt.Errorf("filling timelines: %w", err)
	}
	return nil
}

// Run lets people visit the site until ctx is done, which is no error. Requests that are in flight then get a moment to
// finish; those that do not are not counted.
func (g *Generator) Run(ctx context.Context) error {
	defer g.closeConnections()
	var crowd sync.WaitGroup
	for worker := range g.options.Concurrency {
		crowd.Go(func() {
			random := g.random(worker)
			mine := g.shareOf(worker)
			for ctx.Err() == nil {
				p := mine[random.IntN(len(mine))]
				p.begin(g.tally, g.pace, random)
				p.act(ctx)
			}
		})
	}
	crowd.Wait()
	return nil
}

// each does something once for everybody, Concurrency of them at a time.
func (g *Generator) each(ctx context.Context, do func(context.Context, *person, *rand.Rand)) error {
	var crowd sync.WaitGroup
	for worker := range g.options.Concurrency {
		crowd.Go(func() {
			random := g.random(worker)
			for _, p := range g.shareOf(worker) {
				if ctx.Err() != nil {
					return
				}
				do(ctx, p, random)
			}
		})
	}
	crowd.Wait()
	return context.Cause(ctx)
}

// shareOf are the people of one worker. Nobody belongs to two, so a person does one thing at a time.
func (g *Generator) shareOf(worker int) []*person {
	var mine []*person
	for i := worker; i < len(g.people); i += g.options.Concurrency {
		mine = append(mine, g.people[i])
	}
	return mine
}

func (g *Generator) random(worker int) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(g.options.Seed), uint64(worker)))
}

func (g *Generator) closeConnections() {
	for _, p := range g.people {
		p.browser.close()
	}
}
