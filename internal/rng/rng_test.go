package rng

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestStreamsDifferByNameAndRepeatBySeed(t *testing.T) {
	a, b, other := New(1, "replay"), New(1, "replay"), New(1, "explore")
	first := a.Uint64()
	assert.Equal(t, first, b.Uint64())
	assert.NotEqual(t, first, other.Uint64())
	assert.NotEqual(t, first, New(2, "replay").Uint64())
}

// SplitMix64 from seed 1234567, published with the Java reference implementation.
func TestFinaliserIsSplitMix64(t *testing.T) {
	state := uint64(1234567)
	for _, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423} {
		state += 0x9e3779b97f4a7c15
		assert.Equal(t, want, finalise(state))
	}
}

func TestMixSpreadsNeighbours(t *testing.T) {
	// The mean of n uniform draws has standard deviation 1/sqrt(12n); five of those is the bound.
	const n = 100_000
	var sum float64
	for i := range uint64(n) {
		u := Uniform(Mix(7, i))
		assert.True(t, u >= 0 && u < 1)
		sum += u
	}
	assert.InDelta(t, 0.5, sum/n, 0.0046)
	assert.Less(t, Uniform(^uint64(0)), 1.0)
}
