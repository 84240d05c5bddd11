package replay

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"github.com/leptonsched/lepton/internal/codec"
)

// WriteTo writes priorities and the state of the random stream. Writing twice gives the same bytes.
func (p *Prioritised) WriteTo(w io.Writer) (int64, error) {
	state, err := p.pcg.MarshalBinary()
	if err != nil {
		return 0, fmt.Errorf("replay: saving priorities: %w", err)
	}
	var out codec.Writer
	out.Int(p.slots)
	out.Float(p.o.Alpha)
	out.Float(p.o.Epsilon)
	out.Uint64(p.faults)
	out.Float(p.highest)
	out.Blob(state)
	out.Floats(p.tree.levels[0][:p.used()])
	n, err := codec.WriteContainer(w, prioritisedKind, out.Bytes())
	if err != nil {
		return n, fmt.Errorf("replay: saving priorities: %w", err)
	}
	return n, nil
}

// used is the number of slots up to the last that has a priority.
func (p *Prioritised) used() int {
	n := p.slots
	for n > 0 && p.tree.get(n-1) == 0 {
		n--
	}
	return n
}

// ReadFrom continues where WriteTo was called, with the same number of slots and options; the Seed may
// differ, since the random stream goes on. On an error the sampler stays as it was.
func (p *Prioritised) ReadFrom(src io.Reader) (int64, error) {
	in, n, err := open(src, prioritisedKind)
	if err != nil {
		return n, err
	}
	slots, o := in.Int(), PrioritisedOptions{Alpha: in.Float(), Epsilon: in.Float(), Seed: p.o.Seed}
	if in.Err() == nil && (slots != p.slots || o != p.o) {
		return n, fmt.Errorf("%w: priorities of %d slots with %+v, not of %d with %+v", ErrSettings, slots, o, p.slots, p.o)
	}
	faults, highest, state, values := in.Uint64(), in.Float(), in.Blob(), in.Floats()
	if !(highest >= max(1, p.lowest) && highest <= 2*max(1, p.priority(largestError))) {
		in.Fail("a highest priority of %v", highest)
	}
	if len(values) > p.slots || len(values) > 0 && values[len(values)-1] == 0 {
		in.Fail("%d priorities for %d slots", len(values), p.slots)
	}
	for slot, v := range values {
		if math.Float64bits(v) != 0 && !(v >= p.lowest && v <= highest) {
			in.Fail("a priority of %v in slot %d", v, slot)
			break
		}
	}
	if err := in.Close(); err != nil {
		return n, fmt.Errorf("replay: loading priorities: %w", err)
	}
	var pcg rand.PCG
	if err := pcg.UnmarshalBinary(state); err != nil {
		return n, fmt.Errorf("replay: loading priorities: %w: %v", ErrCorrupt, err)
	}
	tree := newSumTree(p.slots)
	copy(tree.levels[0], values)
	tree.rebuild()
	p.tree, p.faults, p.highest, *p.pcg = tree, faults, highest, pcg
	return n, nil
}
