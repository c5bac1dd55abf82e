package store

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"
)

// ID of a user, post or image. It is positive and travels as a decimal string: JavaScript would round it as a number.
//
// Post and image IDs are made by the application, never by a sequence, and are ordered by time: 42 bits of milliseconds
// since 2024, then 21 bits that start at random in every millisecond. Instances need not agree on anything, because an
// ID has to be unique only within its user; timelines over many users order by (id, user_id).
type ID int64

const (
	idEpochMilliseconds = 1704067200000 // 2024-01-01T00:00:00Z
	idLowBits           = 21
)

var errInvalidID = errors.New("not an ID: want a positive decimal number")

// ParseID reads what [ID.String] wrote.
func ParseID(text string) (ID, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return 0, errInvalidID
	}
	return ID(n), nil
}

// String is the decimal form that stands in addresses and JSON.
func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// Time at which a post's or image's ID was made, to the millisecond. A user's ID has none.
func (id ID) Time() time.Time {
	return time.UnixMilli(int64(id)>>idLowBits + idEpochMilliseconds).UTC()
}

// firstID is the smallest ID that may be made at t.
func firstID(t time.Time) ID {
	return ID(max(0, t.UnixMilli()-idEpochMilliseconds) << idLowBits)
}

// UserID derives a user's ID from the lower-case username, so that a profile's address alone says where the user's rows
// are: no table of names that every database would have to ask. The price is that a username can never change hands.
// 63 bits of SHA-256: among a million users two names meet with a probability of 5e-8; the second one is then "taken".
func UserID(username string) ID {
	sum := sha256.Sum256([]byte(username))
	return ID(binary.BigEndian.Uint64(sum[:8])>>1 | 1)
}

// ids makes post and image IDs that rise within one process, even when the clock steps back.
type ids struct {
	mu   sync.Mutex
	last ID
}

func (g *ids) next(now time.Time) ID {
	g.mu.Lock()
	defer g.mu.Unlock()
	// The upper half of the low bits stays free for more IDs in the same millisecond.
	id := firstID(now) + ID(rand.Int64N(1<<(idLowBits-1)))
	if id <= g.last {
		id = g.last + 1
	}
	g.last = id
	return id
}
