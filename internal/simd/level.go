package simd

import "os"

// Level names the instructions that the routines are made of. Higher levels need more of the processor.
type Level uint8

// The levels, from low to high.
const (
	Portable Level = iota // plain Go
	AVX2                  // 256-bit vectors with fused multiply-add
	AVX512                // 512-bit vectors and masks (AVX-512 F, VL, DQ and BW)
)

// String returns the level's name, the word that LEPTON_SIMD knows it by.
func (l Level) String() string {
	switch l {
	case AVX2:
		return "avx2"
	case AVX512:
		return "avx512"
	}
	return "portable"
}

// current is set when the program starts and never again.
var current = choose(os.Getenv("LEPTON_SIMD"), supported())

// Current returns the level of this process: the highest that processor and build support, or a lower one
// that the environment variable LEPTON_SIMD pins. Safe for concurrent use; it never changes.
func Current() Level { return current }

// choose returns the level for a word, which is at most best. Without a word that names a level it is best.
func choose(word string, best Level) Level {
	for l := Portable; l < best; l++ {
		if l.String() == word {
			return l
		}
	}
	return best
}
