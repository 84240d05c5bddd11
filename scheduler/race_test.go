//go:build race

package scheduler

// raceEnabled: the race detector is on; sync.Pool then drops on purpose, and everything is slow.
const raceEnabled = true
