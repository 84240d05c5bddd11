package nn

// Batch is what a network reads at once: groups of rows, and for each group what its rows share.
type Batch struct {
	Shared []float32 // groups × shared features
	Rows   []float32 // rows × features of a row
	Starts []int     // first row of each group, and the number of rows at the end
}

// Reset empties b and keeps its memory.
func (b *Batch) Reset() {
	b.Shared, b.Rows, b.Starts = b.Shared[:0], b.Rows[:0], append(b.Starts[:0], 0)
}

// EndGroup ends a group of n rows, whose numbers the caller has appended.
func (b *Batch) EndGroup(n int) { b.Starts = append(b.Starts, b.Len()+n) }

// Groups returns the number of groups.
func (b *Batch) Groups() int { return max(len(b.Starts)-1, 0) }

// Len returns the number of rows.
func (b *Batch) Len() int {
	if len(b.Starts) == 0 {
		return 0
	}
	return b.Starts[len(b.Starts)-1]
}

// Slice returns groups from to to of b, for a network that reads so many shared and row features. The
// result shares b's numbers, and uses starts for its own.
func (b *Batch) Slice(from, to, shared, row int, starts []int) Batch {
	first, last := b.Starts[from], b.Starts[to]
	starts = starts[:0]
	for _, s := range b.Starts[from : to+1] {
		starts = append(starts, s-first)
	}
	return Batch{Shared: b.Shared[from*shared : to*shared], Rows: b.Rows[first*row : last*row], Starts: starts}
}
