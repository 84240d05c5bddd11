//go:build race

package supervised

// raceEnabled tells that sync.Pool drops what it is given now and then, on purpose, so allocations cannot be counted.
const raceEnabled = true
