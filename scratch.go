package lepton

import "unsafe"

// Scratch lends short-lived memory to policies, so that a decision allocates nothing.
//
// Floats and Floats32 hand out pieces of one block; Reset, called by whoever owns the scratch before each
// decision, takes them all back. Not safe for concurrent use. The zero value is ready, and a nil
// *Scratch allocates afresh each time.
type Scratch struct {
	block []float64
	used  int
	want  int // floats asked for since Reset, so that the block fits the next time
}

// Floats returns n values, not zeroed, good until the next Reset.
func (s *Scratch) Floats(n int) []float64 {
	if s == nil {
		return make([]float64, n)
	}
	s.want += n
	if s.used+n > len(s.block) {
		s.block = make([]float64, max(s.want, 2*len(s.block)))
		s.used = 0 // pieces handed out before keep the old block alive
	}
	piece := s.block[s.used : s.used+n : s.used+n]
	s.used += n
	return piece
}

// Floats32 is Floats for the narrower numbers that networks reckon with.
func (s *Scratch) Floats32(n int) []float32 {
	wide := s.Floats((n + 1) / 2)
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(wide))), 2*len(wide))[:n:n]
}

// Reset takes back everything that was handed out.
func (s *Scratch) Reset() {
	if s != nil {
		s.used, s.want = 0, 0
	}
}
