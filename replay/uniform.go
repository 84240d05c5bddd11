package replay

import (
	"fmt"
	"io"
	"math/bits"
	"math/rand/v2"

	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/rng"
)

const uniformKind = "replay.uniform"

// Uniform draws items of a ring, each with the same probability and with replacement, as experience
// replay does (Lin 1992; Mnih et al. 2015). Not safe for concurrent use.
type Uniform[T any] struct {
	draws
	ring *Ring[T]
}

// NewUniform draws from ring; the same seed and contents give the same draws.
func NewUniform[T any](ring *Ring[T], seed uint64) *Uniform[T] {
	return &Uniform[T]{newDraws(seed), ring}
}

// Sample fills dst with drawn items, in place in the ring, and returns how many it drew: len(dst), or
// 0 from an empty ring.
func (u *Uniform[T]) Sample(dst []*T) int {
	if u.ring.Len() == 0 {
		return 0
	}
	for i := range dst {
		dst[i] = u.ring.At(u.rand.IntN(u.ring.Len()))
	}
	return len(dst)
}

// UniformSlots draws slots of a Store, as Uniform does items of a ring. Not safe for concurrent use.
type UniformSlots struct {
	draws
	store *Store
}

// NewUniformSlots draws from store; the same seed and number of slots give the same draws.
func NewUniformSlots(store *Store, seed uint64) *UniformSlots {
	return &UniformSlots{newDraws(seed), store}
}

// Sample fills slots with drawn ones and returns how many it drew: len(slots), or 0 from an empty store.
func (u *UniformSlots) Sample(slots []int) int {
	if u.store.Len() == 0 {
		return 0
	}
	for i := range slots { // as exact as IntN to one part in 2³³, and quicker
		slot, _ := bits.Mul64(u.pcg.Uint64(), uint64(u.store.Len()))
		slots[i] = int(slot)
	}
	return len(slots)
}

// draws is a random stream that can be saved.
type draws struct {
	pcg  *rand.PCG
	rand *rand.Rand // over pcg, without state of its own
}

func newDraws(seed uint64) draws {
	pcg := rng.Source(seed, uniformKind)
	return draws{pcg, rand.New(pcg)}
}

// WriteTo writes the state of the random stream; what is drawn from is saved by itself.
func (d *draws) WriteTo(w io.Writer) (int64, error) {
	state, err := d.pcg.MarshalBinary()
	if err != nil {
		return 0, fmt.Errorf("replay: saving a sampler: %w", err)
	}
	n, err := codec.WriteContainer(w, uniformKind, state)
	if err != nil {
		return n, fmt.Errorf("replay: saving a sampler: %w", err)
	}
	return n, nil
}

// ReadFrom continues the random stream that WriteTo wrote. On an error the sampler stays as it was.
func (d *draws) ReadFrom(src io.Reader) (int64, error) {
	kind, state, n, err := codec.ReadContainer(src)
	if err != nil {
		return n, fmt.Errorf("replay: loading a sampler: %w", err)
	}
	if kind != uniformKind {
		return n, fmt.Errorf("%w: it holds %q, not %q", ErrSettings, kind, uniformKind)
	}
	var pcg rand.PCG
	if err := pcg.UnmarshalBinary(state); err != nil {
		return n, fmt.Errorf("replay: loading a sampler: %w: %v", ErrCorrupt, err)
	}
	*d.pcg = pcg
	return n, nil
}
