//go:build race

package leptontest

const raceEnabled = true
