package ring

import "testing"

var sink int

func TestLookupsDoNotAllocate(t *testing.T) {
	r := build(t, numbered(100, "app.%d"))
	key := uint64(1)
	for name, lookup := range map[string]func(){
		"Owner": func() { sink += r.Owner(HashUint64(key)) },
		"Owners": func() {
			left := 5
			for member := range r.Owners(HashUint64(key)) {
				sink += member
				if left--; left == 0 {
					break
				}
			}
		},
		"HashString": func() { sink += int(HashString("192.0.2.1")) },
	} {
		if allocations := testing.AllocsPerRun(1000, func() { key++; lookup() }); allocations != 0 {
			t.Errorf("%s allocates %v times", name, allocations)
		}
	}
}

func benchmarkRing(b *testing.B, count int) *Ring {
	r := build(b, numbered(count, "10.0.0.%d:80"))
	b.ReportAllocs()
	b.ResetTimer()
	return r
}

func BenchmarkOwnerOf10(b *testing.B)   { benchmarkOwner(b, 10) }
func BenchmarkOwnerOf1000(b *testing.B) { benchmarkOwner(b, 1000) }

func benchmarkOwner(b *testing.B, count int) {
	r := benchmarkRing(b, count)
	for n := range uint64(b.N) {
		sink += r.Owner(n * 0x9e3779b97f4a7c15)
	}
}

func BenchmarkThreeOwnersOf1000(b *testing.B) {
	r := benchmarkRing(b, 1000)
	for n := range uint64(b.N) {
		left := 3
		for member := range r.Owners(n * 0x9e3779b97f4a7c15) {
			sink += member
			if left--; left == 0 {
				break
			}
		}
	}
}

func BenchmarkNewOf10(b *testing.B)   { benchmarkNew(b, 10) }
func BenchmarkNewOf1000(b *testing.B) { benchmarkNew(b, 1000) }

func benchmarkNew(b *testing.B, count int) {
	members := numbered(count, "10.0.0.%d:80")
	b.ReportAllocs()
	for b.Loop() {
		sink += build(b, members).Points()
	}
}
