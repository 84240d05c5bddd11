//go:build !race

package leptontest

const raceEnabled = false
