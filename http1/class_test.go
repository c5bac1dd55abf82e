package http1

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestScanners compares the scanners with a loop over the table, at every length, offset and place of the byte that stops them.
func TestScanners(t *testing.T) {
	scanners := []struct {
		name  string
		scan  func([]byte, int) int
		class uint8
	}{{"scanText", scanText, classText}, {"scanTarget", scanTarget, classTarget}}
	random := rand.New(rand.NewPCG(1, 2))
	naive := func(b []byte, i int, class uint8) int {
		for i < len(b) && byteClass[b[i]]&class != 0 {
			i++
		}
		return i
	}
	for _, s := range scanners {
		check := func(b []byte, i int) {
			if got, want := s.scan(b, i), naive(b, i, s.class); got != want {
				t.Fatalf("%s(%q, %d) = %d, want %d", s.name, b, i, got, want)
			}
		}
		for length := range 40 {
			for place := range length {
				for stop := range 256 {
					b := bytes.Repeat([]byte{'a'}, length)
					b[place] = byte(stop)
					check(b, place/2)
				}
			}
		}
		for range 20000 {
			b := make([]byte, random.IntN(64))
			for i := range b {
				b[i] = byte(random.IntN(256))
				if random.IntN(4) > 0 {
					b[i] = "\t ~!#\x7f\x80\xff\x1f az"[random.IntN(12)]
				}
			}
			check(b, random.IntN(len(b)+1))
		}
	}
}

func TestClasses(t *testing.T) {
	const tchar = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" // RFC 9110 §5.6.2
	for b := range 256 {
		if got, want := isToken([]byte{byte(b)}), bytes.IndexByte([]byte(tchar), byte(b)) >= 0; got != want {
			t.Errorf("token %#x: %v", b, got)
		}
	}
}
