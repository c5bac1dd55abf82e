//go:build !race

package balance

// raceEnabled says that the race detector is built in, which changes what allocations mean.
const raceEnabled = false
