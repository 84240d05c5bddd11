package lepton_test

import (
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// Pieces handed out between two Resets never overlap, whatever is asked for.
func TestScratchPiecesAreApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s lepton.Scratch
		for range rapid.IntRange(1, 4).Draw(t, "decisions") {
			s.Reset()
			var pieces [][]float64
			for i, n := range rapid.SliceOfN(rapid.IntRange(0, 40), 0, 12).Draw(t, "sizes") {
				piece := s.Floats(n)
				if len(piece) != n || cap(piece) != n {
					t.Fatalf("asked for %d, got length %d, capacity %d", n, len(piece), cap(piece))
				}
				for j := range piece {
					piece[j] = float64(i)
				}
				pieces = append(pieces, piece)
			}
			for i, piece := range pieces {
				for _, v := range piece {
					if v != float64(i) {
						t.Fatalf("piece %d was overwritten by piece %v", i, v)
					}
				}
			}
		}
	})
}

func TestScratchSettlesDown(t *testing.T) {
	var s lepton.Scratch
	decide := func() {
		s.Reset()
		for _, n := range []int{10, 1, 19, 1213, 3} {
			s.Floats(n)[0] = 1
		}
	}
	for range 3 {
		decide()
	}
	assert.Zero(t, testing.AllocsPerRun(50, decide))
}

func TestNilScratchAllocates(t *testing.T) {
	var s *lepton.Scratch
	s.Reset()
	a, b := s.Floats(3), s.Floats(3)
	a[0], b[0] = 1, 2
	assert.Equal(t, []float64{1, 0, 0}, a)
	assert.Empty(t, s.Floats(0))
}

func TestScratchFloats32AreApart(t *testing.T) {
	var s lepton.Scratch
	for range 2 { // the second time from the block
		s.Reset()
		a, wide, b, none := s.Floats32(3), s.Floats(2), s.Floats32(4), s.Floats32(0)
		assert.Len(t, a, 3)
		assert.Equal(t, 3, cap(a))
		assert.Len(t, b, 4)
		assert.Empty(t, none)
		for i := range a {
			a[i] = 1
		}
		wide[0], wide[1] = 2, 2
		for i := range b {
			b[i] = 3
		}
		assert.Equal(t, []float32{1, 1, 1}, a)
		assert.Equal(t, []float64{2, 2}, wide)
		assert.Equal(t, []float32{3, 3, 3, 3}, b)
	}
	s.Reset()
	assert.Zero(t, testing.AllocsPerRun(100, func() { s.Reset(); s.Floats32(7) }))
}
