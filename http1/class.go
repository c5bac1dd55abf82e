package http1

import (
	"encoding/binary"
	"math/bits"
)

// Classes of bytes, as bits of byteClass.
const (
	classToken      = 1 << iota // tchar: field names, methods, connection options (RFC 9110 §5.6.2)
	classUnderscore             // '_', which applications behind CGI confuse with '-'
	classHost                   // what a registered name or an IPv4 address may have here, see validHost
	classIPv6                   // what may stand in the brackets of an IPv6 literal
	classText                   // field values and reason phrases: HTAB, SP, VCHAR, obs-text (RFC 9110 §5.5)
	classTarget                 // request targets: VCHAR of ASCII but '#'
	classDigit
	classHex
)

// byteClass is never written after it was made.
var byteClass = classifyBytes()

func classifyBytes() (table [256]uint8) {
	set := func(class uint8, bytes string) {
		for _, b := range []byte(bytes) {
			table[b] |= class
		}
	}
	const (
		digits = "0123456789"
		letter = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		hex    = digits + "abcdefABCDEF"
	)
	set(classToken, digits+letter+"!#$%&'*+-.^_`|~")
	set(classUnderscore, "_")
	set(classHost, digits+letter+"-._~")
	set(classIPv6, hex+":.")
	set(classDigit, digits)
	set(classHex, hex)
	for b := range table {
		if b == '\t' || b >= ' ' && b != 0x7f {
			table[b] |= classText
		}
		if b > ' ' && b < 0x7f && b != '#' {
			table[b] |= classTarget
		}
	}
	return table
}

// all says whether every byte is of a class.
func all[T Text](s T, class uint8) bool {
	for i := range len(s) {
		if byteClass[s[i]]&class == 0 {
			return false
		}
	}
	return true
}

// isToken says whether s is a token (RFC 9110 §5.6.2).
func isToken[T Text](s T) bool { return len(s) > 0 && all(s, classToken) }

// Scanning looks at eight bytes at a time: the classic test for a zero byte, (x - 0x01…) &^ x & 0x80…, generalised to "below n"
// by subtracting n instead. Its lowest set bit is exact; higher ones may be false after a borrow, so only the lowest is used. DEL is
// the one byte below 0x80 to which adding 1 sets the high bit.
const (
	lanes     = 0x0101010101010101
	highBits  = 0x80 * lanes
	wordBytes = 8
)

// scanText gives the position of the first byte at or after i that is not classText, or len(b).
func scanText(b []byte, i int) int {
	for i+wordBytes <= len(b) {
		x := binary.LittleEndian.Uint64(b[i:])
		stop := (x - ' '*lanes | (x&^highBits + lanes)) &^ x & highBits
		if stop == 0 {
			i += wordBytes
			continue
		}
		i += bits.TrailingZeros64(stop) / 8
		if b[i] != '\t' {
			return i
		}
		i++
	}
	for i < len(b) && byteClass[b[i]]&classText != 0 {
		i++
	}
	return i
}

// scanTarget gives the position of the first byte at or after i that is not classTarget, or len(b).
func scanTarget(b []byte, i int) int {
	for i+wordBytes <= len(b) {
		x := binary.LittleEndian.Uint64(b[i:])
		hash := x ^ '#'*lanes
		stop := (x | (x - '!'*lanes) | (x&^highBits + lanes) | (hash-lanes)&^hash) & highBits
		if stop != 0 {
			return i + bits.TrailingZeros64(stop)/8
		}
		i += wordBytes
	}
	for i < len(b) && byteClass[b[i]]&classTarget != 0 {
		i++
	}
	return i
}

// lower folds an ASCII letter.
func lower(b byte) byte {
	if b >= 'A' && b <= 'Z' {
		b |= caseBit
	}
	return b
}

// equalFold compares without regard to the case of ASCII letters; want is in lower case already.
func equalFold(b []byte, want string) bool {
	if len(b) != len(want) {
		return false
	}
	if string(b) == want {
		return true
	}
	for i := range len(want) {
		if lower(b[i]) != want[i] {
			return false
		}
	}
	return true
}

// trimSpace cuts optional white space (RFC 9110 §5.6.3) from both ends.
func trimSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func isSpace(b byte) bool { return b == ' ' || b == '\t' }
