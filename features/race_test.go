//go:build race

package features_test

// raceEnabled: the race detector is on; sync.Pool then drops on purpose.
const raceEnabled = true
