// Package rng derives independent random streams from one seed.
//
// A stream is named, so that adding a consumer does not shift another's numbers, and a single draw
// is a pure function of its coordinates, so that it needs no state at all.
package rng

import (
	"hash/fnv"
	"math/rand/v2"
)

// Source returns the generator of the stream called name under seed. Its state can be saved with
// MarshalBinary.
func Source(seed uint64, name string) *rand.PCG {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.NewPCG(seed, h.Sum64())
}

// New returns a rand.Rand over Source(seed, name).
func New(seed uint64, name string) *rand.Rand { return rand.New(Source(seed, name)) }

// Mix hashes a and b into 64 well-spread bits: the finaliser of SplitMix64 (Steele, Lea & Flood 2014)
// over each in turn.
func Mix(a, b uint64) uint64 { return Complete(Begin(a), b) }

// Begin is the part of Mix that a alone decides, for who mixes one a with many b:
// Mix(a, b) is Complete(Begin(a), b).
func Begin(a uint64) uint64 { return finalise(a + 0x9e3779b97f4a7c15) }

// Complete finishes what Begin began.
func Complete(begun, b uint64) uint64 { return finalise(begun ^ b + 0x9e3779b97f4a7c15) }

// Uniform maps bits to [0, 1) with 53 bits of precision.
func Uniform(bits uint64) float64 { return float64(bits>>11) * 0x1p-53 }

func finalise(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
