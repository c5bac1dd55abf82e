package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"

	"ladder/telemetry"
)

const (
	// sampleInterval is the pause between two samples; sizeInterval that between two measurements of the database's size,
	// which looks at every file of it.
	sampleInterval = 2 * time.Second
	sizeInterval   = 30 * time.Second
	// sampleTimeout bounds one sample.
	sampleTimeout = 2 * time.Second
	// silentSamples is how many samples in a row must fail before a server that runs counts as down.
	silentSamples = 3

	// A disk is low with less than diskLowBytes free, or with less than diskLowShare of it and less than diskPlentyBytes:
	// 5 % of a large disk is room enough. It is no longer low with diskRelief times as much.
	diskLowBytes    = 1 << 30
	diskPlentyBytes = 20 << 30
	diskLowShare    = 0.05
	diskRelief      = 1.25
)

// sample is what is asked of the server regularly.
type sample struct {
	at             time.Time
	connections    int
	maxConnections int
	transactions   int64 // committed and rolled back, since the statistics began
}

// sampler holds what sampling needs from one time to the next. One goroutine uses it.
type sampler struct {
	connection *pgx.Conn
	last       sample
	sized      time.Time
	silent     int // failed samples in a row
	diskLow    bool
}

// sampleTask asks the server how it is until ctx is done.
func (s *Server) sampleTask(ctx context.Context) {
	var sampler sampler
	defer func() { disconnect(sampler.connection) }()
	ticker := time.NewTicker(sampleInterval)
	defer ticker.Stop()
	for {
		s.sampleDisk(&sampler)
		s.sampleServer(ctx, &sampler)
		s.forgiveCrashes(time.Now())
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (s *Server) sampleServer(ctx context.Context, sampler *sampler) {
	if state := s.Status().State; state != Up && sampler.silent < silentSamples {
		disconnect(sampler.connection)
		sampler.connection = nil
		return
	}
	bounded, cancel := context.WithTimeout(ctx, sampleTimeout)
	defer cancel()
	err := s.sampleOnce(bounded, sampler)
	switch {
	case err == nil && sampler.silent >= silentSamples:
		sampler.silent = 0
		s.answersAgain()
	case err == nil:
		sampler.silent = 0
	case ctx.Err() != nil: // Ladder is stopping
	default:
		disconnect(sampler.connection)
		sampler.connection = nil
		if sampler.silent++; sampler.silent >= silentSamples {
			s.doesNotAnswer(err)
		}
	}
}

func (s *Server) sampleOnce(ctx context.Context, sampler *sampler) error {
	if sampler.connection == nil {
		timeout := fmt.Sprintf("%dms", sampleTimeout.Milliseconds())
		connection, err := s.cluster.connect(ctx, maintenanceDatabase, map[string]string{"statement_timeout": timeout})
		if err != nil {
			return err
		}
		sampler.connection = connection
	}
	now := sample{at: time.Now()}
	err := sampler.connection.QueryRow(ctx, `SELECT
		(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()),
		current_setting('max_connections')::int,
		(SELECT coalesce(sum(xact_commit + xact_rollback), 0)::bigint FROM pg_stat_database WHERE datname = $1)`,
		s.cluster.credentials.Database).Scan(&now.connections, &now.maxConnections, &now.transactions)
	if err != nil {
		return fmt.Errorf("sampling the server: %w", err)
	}
	size := int64(-1)
	if now.at.Sub(sampler.sized) >= sizeInterval {
		err := sampler.connection.QueryRow(ctx, "SELECT pg_database_size($1::name)", s.cluster.credentials.Database).Scan(&size)
		if err != nil {
			return fmt.Errorf("sampling the size of the database: %w", err)
		}
		sampler.sized = now.at
	}
	s.recordSample(sampler.last, now, size)
	sampler.last = now
	return nil
}

func (s *Server) recordSample(before, now sample, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Sampled, s.status.Connections, s.status.MaxConnections = now.at, now.connections, now.maxConnections
	s.status.TransactionsPerSecond = transactionRate(before, now)
	if size >= 0 {
		s.status.Size = size
	}
}

// transactionRate is the transactions per second between two samples; 0 when there is none before, or when the counter
// was reset in between.
func transactionRate(before, now sample) float64 {
	seconds := now.at.Sub(before.at).Seconds()
	if before.at.IsZero() || seconds <= 0 || now.transactions < before.transactions {
		return 0
	}
	return float64(now.transactions-before.transactions) / seconds
}

// diskIsLow decides whether to warn of a disk with so many bytes free of total. A warning that stands is kept until there
// is clearly more room, so that it does not flicker.
func diskIsLow(free, total int64, was bool) bool {
	share, plenty, least := diskLowShare*float64(total), float64(diskPlentyBytes), float64(diskLowBytes)
	if was {
		share, plenty, least = diskRelief*share, diskRelief*plenty, diskRelief*least
	}
	return float64(free) < least || float64(free) < share && float64(free) < plenty
}

func (s *Server) sampleDisk(sampler *sampler) {
	var disk unix.Statfs_t
	if err := unix.Statfs(s.cluster.data(), &disk); err != nil {
		return
	}
	free, total := int64(disk.Bavail)*disk.Bsize, int64(disk.Blocks)*disk.Bsize
	s.mu.Lock()
	s.status.DiskFree, s.status.DiskTotal = free, total
	s.mu.Unlock()
	sampler.diskLow = diskIsLow(free, total, sampler.diskLow)
	if !sampler.diskLow {
		s.options.Health.Clear(telemetry.DatabaseDiskLow, subject)
		return
	}
	s.options.Health.Set(telemetry.DatabaseDiskLow, subject, fmt.Sprintf("%.1f GiB of %.1f GiB are free where %s is",
		float64(free)/(1<<30), float64(total)/(1<<30), s.cluster.data()))
}
