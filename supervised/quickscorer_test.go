package supervised

import (
	"cmp"
	"math/bits"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// quickScorer is another way down the trees, for up to 64 leaves each: every split that a row answers
// with "right" strikes its left leaves out of a bit vector, and the first leaf left over is the row's.
// Lucchese et al., QuickScorer (SIGIR 2015). It is here to check the walk, and because it was measured:
// on 100 trees of 63 leaves it takes one and a half times to twice as long (BenchmarkScorers), since a row answers "right" at
// half of all splits but passes only six on its way down a tree.
type quickScorer struct {
	splits [][]quickSplit // per slot, by rising key
	values []float64      // 64 per tree
	trees  int
}

type quickSplit struct {
	key, keep uint64
	tree      int
}

func newQuickScorer(e *ensemble) *quickScorer {
	q := &quickScorer{splits: make([][]quickSplit, len(e.slots)), values: make([]float64, 64*len(e.roots)), trees: len(e.roots)}
	for t, root := range e.roots {
		leaves := 0
		var visit func(at int32)
		visit = func(at int32) {
			n := &e.nodes[at]
			if n.isLeaf(at) {
				q.values[t*64+leaves] = e.leaves[n.key]
				leaves++
				return
			}
			first := leaves
			visit(at + 1)
			left := (uint64(1)<<(leaves-first) - 1) << first
			visit(n.right)
			q.splits[n.slot] = append(q.splits[n.slot], quickSplit{n.key, ^left, t})
		}
		visit(root)
	}
	for _, s := range q.splits {
		slices.SortFunc(s, func(a, b quickSplit) int { return cmp.Compare(a.key, b.key) })
	}
	return q
}

func (q *quickScorer) sum(alive []uint64, base float64, row []uint64) float64 {
	for t := range alive {
		alive[t] = ^uint64(0)
	}
	for s, splits := range q.splits {
		v := row[s]
		for i := range splits {
			n := &splits[i]
			if v <= n.key {
				break
			}
			alive[n.tree] &= n.keep
		}
	}
	for t, leaves := range alive {
		base += q.values[t*64+bits.TrailingZeros64(leaves)]
	}
	return base
}

// numericBoosting is 100 trees of up to 63 leaves, and rows read for them.
func numericBoosting(t testing.TB) (e *ensemble, rows [][]uint64) {
	d := skewed(t, 20000, 30, nil)
	m, err := GradientBoosting{}.FitRegressor(d)
	require.NoError(t, err)
	for i := range 4096 {
		row := make([]uint64, len(m.trees.slots))
		m.trees.read(row, d.Row(nil, i))
		rows = append(rows, row)
	}
	return &m.trees, rows
}

func TestWalkAgreesWithBitVectors(t *testing.T) {
	e, rows := numericBoosting(t)
	q := newQuickScorer(e)
	alive, out := make([]uint64, len(e.roots)), make([]float64, 1)
	for _, row := range rows {
		e.sum(out, row)
		require.Equal(t, out[0], q.sum(alive, e.base[0], row))
	}
}

func BenchmarkScorers(b *testing.B) {
	e, rows := numericBoosting(b)
	q := newQuickScorer(e)
	alive, out := make([]uint64, len(e.roots)), make([]float64, 1)
	b.Run("walk/trees=100/leaves=63", func(b *testing.B) {
		i := 0
		for b.Loop() {
			e.sum(out, rows[i%len(rows)])
			i++
		}
	})
	b.Run("bitvectors/trees=100/leaves=63", func(b *testing.B) {
		i := 0
		for b.Loop() {
			sink = q.sum(alive, e.base[0], rows[i%len(rows)])
			i++
		}
	})
}
