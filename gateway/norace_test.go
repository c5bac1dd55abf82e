//go:build !race

package gateway

// raceEnabled says that the race detector is built in, which changes what memory and allocations mean.
const raceEnabled = false
