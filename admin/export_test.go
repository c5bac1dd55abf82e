package admin

import "time"

// SetStreamWriteTimeout makes slow clients of streams be noticed sooner.
func (s *Server) SetStreamWriteTimeout(timeout time.Duration) { s.streamWriteTimeout = timeout }

// OpenStreams is how many event streams are open.
func (s *Server) OpenStreams() int { return len(s.streams) }
