package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"ladder/internal/hint"
	"ladder/telemetry"
)

// watchTask restarts the server whenever it ends, until ctx is done.
func (s *Server) watchTask(ctx context.Context) {
	for {
		s.mu.Lock()
		running := s.postmaster
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-running.process.Done():
		}
		s.crashed(running)
		if !s.restart(ctx) {
			return
		}
	}
}

func (s *Server) crashed(ended *postmaster) {
	reason := "the server ended with " + ended.process.Exit().String()
	s.mu.Lock()
	s.postmaster = nil
	s.status.PID = 0
	s.status.LastFailure = reason
	s.enterLocked(Down)
	s.mu.Unlock()
	s.options.Health.Clear(telemetry.DatabaseRecovering, subject)
	s.options.Health.Set(telemetry.DatabaseDown, subject, reason)
	s.publish(telemetry.SeverityCritical, "database_exited", reason,
		"pid", decimal(ended.process.Pid()))
}

// restart tries until the server is up again. It reports false when ctx was done first.
func (s *Server) restart(ctx context.Context) bool {
	for {
		delay := s.countCrash(time.Now())
		timer := time.NewTimer(delay)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
		s.enter(Starting)
		err := s.bringUp(ctx)
		if err == nil {
			s.mu.Lock()
			s.status.Restarts++
			s.mu.Unlock()
			s.publish(telemetry.SeverityInfo, "database_restarted", "the server is up again")
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		s.couldNotRestart(err)
	}
}

func (s *Server) couldNotRestart(err error) {
	s.mu.Lock()
	s.status.LastFailure = err.Error()
	s.enterLocked(Down)
	s.mu.Unlock()
	s.options.Health.Set(telemetry.DatabaseDown, subject, "the server cannot be restarted: "+firstLine(err))
	s.publish(telemetry.SeverityCritical, "database_restart_failed", firstLine(err), "hint", hint.Of(err))
}

// firstLine leaves out the server's words, which the log has.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// countCrash remembers a crash and returns how long to wait before the next start.
func (s *Server) countCrash(now time.Time) time.Duration {
	s.mu.Lock()
	var (
		delay time.Duration
		loop  bool
	)
	s.crashes, delay, loop = nextRestart(s.crashes, now)
	count := len(s.crashes)
	s.mu.Unlock()
	if loop {
		s.options.Health.Set(telemetry.DatabaseCrashLoop, subject,
			fmt.Sprintf("%d crashes within %v; the next restart waits %v", count, restartMemory, delay))
	}
	return delay
}

// forgiveCrashes ends the warning of a crash loop once the server has been well for long enough.
func (s *Server) forgiveCrashes(now time.Time) {
	s.mu.Lock()
	calm := len(s.crashes) == 0 || now.Sub(s.crashes[len(s.crashes)-1]) >= restartMemory
	s.mu.Unlock()
	if calm {
		s.options.Health.Clear(telemetry.DatabaseCrashLoop, subject)
	}
}

// hold remembers a server that failed to start and does not end either, so that Stop tries again.
func (s *Server) hold(launched *postmaster) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.postmaster = launched
}

// up records that a server accepts connections.
func (s *Server) up(launched *postmaster, after time.Duration) {
	c := s.cluster
	s.mu.Lock()
	s.postmaster = launched
	s.urls = c.credentials
	s.status.PID = launched.process.Pid()
	s.status.Version, s.status.Major, s.status.Binaries = c.installation.Version, c.installation.Major, c.installation.Directory
	s.status.Account, s.status.Listen = c.account.name, c.endpoint.String()
	s.status.DataDirectory, s.status.LogPath = c.data(), LogPath(c.layout.directory)
	s.enterLocked(Up)
	s.mu.Unlock()
	s.options.Health.Clear(telemetry.DatabaseDown, subject)
	s.options.Health.Clear(telemetry.DatabaseRecovering, subject)
	s.publish(telemetry.SeverityInfo, "database_ready",
		fmt.Sprintf("PostgreSQL %s accepts connections on %s after %v", c.installation.Version, c.endpoint, after.Round(time.Millisecond)),
		"pid", decimal(launched.process.Pid()))
}

// observe takes what the server's log says about the server as a whole.
func (s *Server) observe(sign logSign, message string) {
	switch sign {
	case signBackendDied:
		s.publish(telemetry.SeverityWarning, "database_process_died", message)
	case signReinitialize:
		s.recovering("a process of the server died, so the server restarts itself")
	case signRecovering:
		s.recovering(message)
	case signProgress:
		if s.Status().State == Recovering {
			s.options.Health.Set(telemetry.DatabaseRecovering, subject, message)
		}
	case signReady:
		s.recovered()
	case signNone:
	}
}

func (s *Server) recovering(message string) {
	s.mu.Lock()
	news := s.status.State == Starting || s.status.State == Up
	if news {
		s.enterLocked(Recovering)
	}
	s.mu.Unlock()
	if news {
		s.options.Health.Set(telemetry.DatabaseRecovering, subject, message)
		s.publish(telemetry.SeverityWarning, "database_recovering", message)
	}
}

// recovered ends a recovery of a server that restarted itself; the end of one at start is told by bringUp.
func (s *Server) recovered() {
	s.mu.Lock()
	news := s.status.State == Recovering && s.postmaster != nil
	since := s.status.Since
	if news {
		s.enterLocked(Up)
	}
	s.mu.Unlock()
	if news {
		s.options.Health.Clear(telemetry.DatabaseRecovering, subject)
		s.publish(telemetry.SeverityInfo, "database_recovered",
			"the server accepts connections again after "+time.Since(since).Round(time.Millisecond).String())
	}
}

// doesNotAnswer records that a server runs but answers Ladder no longer.
func (s *Server) doesNotAnswer(reason error) {
	s.mu.Lock()
	news := s.status.State == Up
	if news {
		s.status.LastFailure = reason.Error()
		s.enterLocked(Down)
	}
	s.mu.Unlock()
	if news {
		s.options.Health.Set(telemetry.DatabaseDown, subject, "the server runs but does not answer: "+reason.Error())
	}
}

func (s *Server) answersAgain() {
	s.mu.Lock()
	news := s.status.State == Down && s.postmaster != nil
	if news {
		s.enterLocked(Up)
	}
	s.mu.Unlock()
	if news {
		s.options.Health.Clear(telemetry.DatabaseDown, subject)
	}
}

// fail records why Start failed.
func (s *Server) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.LastFailure = err.Error()
}

func (s *Server) enter(state State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enterLocked(state)
}

func (s *Server) enterLocked(state State) {
	if s.status.State != state {
		s.status.State, s.status.Since = state, time.Now()
	}
	if state == Stopped {
		s.status.PID = 0
	}
}

func (s *Server) logFailing(err error) {
	if err == nil {
		s.options.Health.Clear(telemetry.LogFailing, subject)
		return
	}
	s.options.Health.Set(telemetry.LogFailing, subject, LogPath(s.options.Directory)+": "+err.Error())
}

// clearWarnings takes back what was said about a server that no longer is.
func (s *Server) clearWarnings() {
	for _, code := range []telemetry.WarningCode{
		telemetry.DatabaseDown, telemetry.DatabaseCrashLoop, telemetry.DatabaseRecovering, telemetry.DatabaseDiskLow, telemetry.LogFailing,
	} {
		s.options.Health.Clear(code, subject)
	}
}

func (s *Server) publish(severity telemetry.Severity, code, message string, details ...string) {
	publish(s.options.Events, severity, code, message, details...)
}
