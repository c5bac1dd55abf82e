package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	firstListenPause = 100 * time.Millisecond // before listening again after the connection broke; doubles
	maxListenPause   = 5 * time.Second
	closeTimeout     = time.Second
)

// announcement is the payload of a notification; the trigger announce_post writes it.
type announcement struct {
	UserID      ID     `json:"user_id,string"`
	ID          ID     `json:"id,string"`
	Username    string `json:"username"`
	DisplayName string `json:"display_name"`
	Body        string `json:"body"`
}

// Listen tells posted of every new post of any instance, until ctx is done. It keeps one connection outside of the pool,
// opens it again when it breaks, and misses what was posted in between: listeners are a convenience, not a record.
func (s *Store) Listen(ctx context.Context, posted func(Post)) {
	pause := firstListenPause
	for ctx.Err() == nil {
		listening, err := s.listenOnce(ctx, posted)
		if ctx.Err() != nil {
			return
		}
		if listening {
			pause = firstListenPause
		}
		s.logger.Warn("not listening for new posts", "error", err, "retry_in", pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, maxListenPause)
	}
}

// listenOnce reports whether it came so far as to listen, and why it ended.
func (s *Store) listenOnce(ctx context.Context, posted func(Post)) (listening bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return false, fmt.Errorf("connecting to listen: %w", err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		_ = conn.Close(closing) // it is broken, or nobody needs it any more
	}()
	if err := conn.PgConn().ExecParams(ctx, `listen chirp_posts`, nil, nil, nil, nil).Read().Err; err != nil {
		return false, fmt.Errorf("listening: %w", err)
	}
	for {
		notification, err := conn.WaitForNotification(ctx)
		if err != nil {
			return true, fmt.Errorf("waiting for a notification: %w", err)
		}
		var a announcement
		if err := json.Unmarshal([]byte(notification.Payload), &a); err != nil {
			s.logger.Error("unreadable notification", "payload", notification.Payload, "error", err)
			continue
		}
		posted(Post{UserID: a.UserID, ID: a.ID, Username: a.Username, DisplayName: a.DisplayName, Body: a.Body})
	}
}
