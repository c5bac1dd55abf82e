package admin

import (
	"crypto/sha256"
	"sync"
	"time"
)

const sessionBytes = 32 // of randomness in a session's cookie

// sessions are the browsers that have shown a token. They are kept in memory alone: a restart logs everybody out.
type sessions struct {
	mu   sync.Mutex
	seen map[[sha256.Size]byte]time.Time // by hash of the cookie: when it was last shown
}

func newSessions() *sessions { return &sessions{seen: make(map[[sha256.Size]byte]time.Time)} }

// begin makes a session and returns the value of its cookie.
func (s *sessions) begin() string {
	id := randomText(sessionBytes)
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.makeRoom(now)
	s.seen[sha256.Sum256([]byte(id))] = now
	return id
}

// makeRoom forgets the sessions that have expired and, if there are still too many, the one unused longest.
func (s *sessions) makeRoom(now time.Time) {
	var oldest [sha256.Size]byte
	oldestSeen := now
	for key, seen := range s.seen {
		if now.Sub(seen) > SessionLifetime {
			delete(s.seen, key)
		} else if !seen.After(oldestSeen) {
			oldest, oldestSeen = key, seen
		}
	}
	if len(s.seen) >= MaxSessions {
		delete(s.seen, oldest)
	}
}

// valid reports whether a cookie belongs to a session, and keeps that session alive.
func (s *sessions) valid(id string) bool {
	key := sha256.Sum256([]byte(id))
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	seen, known := s.seen[key]
	if !known || now.Sub(seen) > SessionLifetime {
		delete(s.seen, key)
		return false
	}
	s.seen[key] = now
	return true
}

// end forgets a session.
func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.seen, sha256.Sum256([]byte(id)))
}

// clear forgets all of them.
func (s *sessions) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.seen)
}
