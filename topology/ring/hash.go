package ring

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// The positions of points and keys are a contract between all programs that shall agree on owners, whatever their version:
//
//   - point n of a member (n counts from 0) stands at XXH64, seed 0, of the bytes of its name followed by n as 4 bytes, little-endian;
//   - a string or byte key stands at XXH64, seed 0, of its bytes; a number at XXH64 of its 8 bytes, little-endian;
//   - of both, the upper 52 bits count.
//
// Tests hold golden values of each.

// HashString is the position of a text key. Every bit of the key changes every bit of the position with probability 1/2.
func HashString(key string) uint64 { return xxhash.Sum64String(key) }

// HashBytes is HashString for bytes.
func HashBytes(key []byte) uint64 { return xxhash.Sum64(key) }

// HashUint64 is the position of a number, an identifier for instance.
func HashUint64(key uint64) uint64 {
	var text [8]byte
	binary.LittleEndian.PutUint64(text[:], key)
	return xxhash.Sum64(text[:])
}

// pointHasher gives the positions of one member's points.
type pointHasher struct{ text []byte }

func newPointHasher(name string) pointHasher {
	return pointHasher{append([]byte(name), 0, 0, 0, 0)}
}

func (h pointHasher) point(number uint32) uint64 {
	binary.LittleEndian.PutUint32(h.text[len(h.text)-4:], number)
	return xxhash.Sum64(h.text)
}
