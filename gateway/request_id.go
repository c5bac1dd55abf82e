package gateway

import (
	"crypto/rand"
	"encoding/binary"
	"sync/atomic"
)

// MaxRequestID is the longest X-Request-Id that is taken from a client, in bytes; a longer one is replaced.
const MaxRequestID = 64

// requestID is what ties log lines of client, gateway and application together.
type requestID struct {
	text [MaxRequestID]byte
	size uint8
}

func (id *requestID) bytes() []byte { return id.text[:id.size] }

// take accepts an identifier that somebody else has given, if it is well formed: nothing in it can break a log line.
func (id *requestID) take(given []byte) bool {
	if len(given) == 0 || len(given) > MaxRequestID {
		return false
	}
	for _, b := range given {
		if !requestIDByte[b] {
			return false
		}
	}
	id.size = uint8(copy(id.text[:], given))
	return true
}

// requestIDByte is never written after it was made.
var requestIDByte = func() (table [256]bool) {
	for _, b := range []byte("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.:+/=@") {
		table[b] = true
	}
	return table
}()

const (
	hexDigits     = "0123456789abcdef"
	requestPrefix = 8  // hexadecimal digits that are this process's
	requestCount  = 10 // hexadecimal digits that count
)

// requestIDs gives identifiers that differ within this process, and most likely between processes. Use [newRequestIDs].
type requestIDs struct {
	prefix [requestPrefix]byte
	count  atomic.Uint64
}

func newRequestIDs() *requestIDs {
	var seed [4]byte
	_, _ = rand.Read(seed[:]) // never fails, crypto/rand says
	ids := &requestIDs{}
	putHex(ids.prefix[:], uint64(binary.LittleEndian.Uint32(seed[:])))
	return ids
}

// give makes the next identifier.
func (ids *requestIDs) give(id *requestID) {
	copy(id.text[:], ids.prefix[:])
	putHex(id.text[requestPrefix:requestPrefix+requestCount], ids.count.Add(1))
	id.size = requestPrefix + requestCount
}

// putHex fills dst with the lowest digits of n.
func putHex(dst []byte, n uint64) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = hexDigits[n&15]
		n >>= 4
	}
}
