package supervised

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// partitions calls try with every way in which a split of column j may part rows: each threshold with
// missing values on either side, or, for a categorical column, each set of levels.
func partitions(d *Dataset, j int, rows []int32, try func(left, right []int32)) {
	part := func(goesLeft func(v float64) bool) {
		var left, right []int32
		for _, r := range rows {
			if goesLeft(d.Value(int(r), j)) {
				left = append(left, r)
			} else {
				right = append(right, r)
			}
		}
		if len(left) > 0 && len(right) > 0 {
			try(left, right)
		}
	}
	if levels := len(d.schema.Columns[j].Levels); levels > 0 {
		for set := range 1 << (levels + 1) { // the last bit: missing
			part(func(v float64) bool {
				if v != v {
					return set>>levels&1 == 1
				}
				return set>>int(v)&1 == 1
			})
		}
		return
	}
	for _, r := range rows {
		threshold := d.Value(int(r), j)
		for _, missingLeft := range []bool{false, true} {
			part(func(v float64) bool { return v <= threshold || missingLeft && v != v })
		}
	}
	part(func(v float64) bool { return v == v })
}

// impurity is the weighted impurity of rows, from its definition: of Gini for classes, else the variance.
func impurity(d *Dataset, weight []float64, rows []int32) float64 {
	sums := make([]float64, max(d.Classes(), 1))
	var total, out float64
	for _, r := range rows {
		total += weight[r]
		if d.Classes() == 0 {
			sums[0] += weight[r] * d.Target(int(r))
		} else {
			sums[int(d.Target(int(r)))] += weight[r]
		}
	}
	if d.Classes() == 0 {
		for _, r := range rows {
			out += weight[r] * math.Pow(d.Target(int(r))-sums[0]/total, 2)
		}
		return out
	}
	out = 1
	for _, s := range sums {
		out -= s / total * s / total
	}
	return total * out
}

// coarse is a table of few distinct values, so that no bin merges any, with a category and missing values.
func coarse(t testing.TB, r *rand.Rand, n, classes int) *Dataset {
	d := Data{Columns: []Column{{Name: "a"}, {Name: "b"}, {Name: "c", Kind: Categorical, Levels: []string{"p", "q", "r", "s"}}}}
	for k := range classes {
		d.Classes = append(d.Classes, string(rune('A'+k)))
	}
	for i := range n {
		x := []float64{float64(r.IntN(8)), r.NormFloat64(), float64(r.IntN(4))}
		y := math.Sin(x[0]) + x[1]*x[2] + 100
		if classes > 0 {
			y = float64(i % classes) // some of each
			if r.IntN(3) > 0 {
				y = float64(int(x[0]+x[2]) % classes)
			}
		}
		for j := range x {
			if r.IntN(5) == 0 {
				x[j] = nan
			}
		}
		d.Rows, d.Target, d.Weights = append(d.Rows, x), append(d.Target, y), append(d.Weights, 0.1+r.Float64())
	}
	return mustDataset(t, d)
}

// goesLeft is what a split says of a value, in the words of its fields.
func goesLeft(s *split, v float64) bool {
	switch {
	case v != v:
		return s.missingLeft
	case s.set != nil:
		return s.set.has(uint8(v))
	}
	return v <= s.threshold
}

// checkSides makes sure that the rows of n's children are those that its split sends there.
func checkSides(t *testing.T, d *Dataset, rows []int32, nodes []grownNode, n *grownNode) (left, right []int32) {
	a, b := &nodes[n.children[0]], &nodes[n.children[1]]
	require.Equal(t, [3]int{n.lo, a.hi, n.hi}, [3]int{a.lo, b.lo, b.hi})
	for _, r := range rows[a.lo:a.hi] {
		require.True(t, goesLeft(&n.split, d.Value(int(r), n.column)))
	}
	for _, r := range rows[b.lo:b.hi] {
		require.False(t, goesLeft(&n.split, d.Value(int(r), n.column)))
	}
	return rows[a.lo:a.hi], rows[b.lo:b.hi]
}

// Every node of a tree must be parted as well as a search over all partitions can, by exact values.
func TestForestTreeAgreesWithExactTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for trial := range 200 {
		n, classes, minLeaf := 2+r.IntN(40), []int{0, 2, 3}[trial%3], 1+r.IntN(3)
		d := coarse(t, r, n, classes)
		q, _, err := prepare(d, nil, maxBins, 1, 0)
		require.NoError(t, err)
		g := newForestGrower(q, d, classes, 5, minLeaf, d.Width())
		copy(g.weight, d.weights)
		nodes := g.grow(r)
		for i := range nodes {
			node := &nodes[i]
			rows := g.rows[node.lo:node.hi]
			best := math.Inf(1)
			for j := range d.Width() {
				if (classes > 2 || minLeaf > 1) && j == 2 {
					continue // no order of levels is sure to hold the best
				}
				partitions(d, j, rows, func(left, right []int32) {
					if min(len(left), len(right)) >= minLeaf {
						best = min(best, impurity(d, g.weight, left)+impurity(d, g.weight, right))
					}
				})
			}
			if node.column < 0 {
				depth5 := i > 0 && n > 8 // a leaf may also be one because it is pure or deep enough
				require.True(t, math.IsInf(best, 1) || g.pure(rows) || depth5, "trial %d: node %d could be split", trial, i)
				continue
			}
			left, right := checkSides(t, d, g.rows, nodes, node)
			reached := impurity(d, g.weight, left) + impurity(d, g.weight, right)
			require.LessOrEqual(t, reached, best+1e-9, "trial %d, node %d", trial, i)
			if classes != 3 && minLeaf == 1 {
				require.InDelta(t, best, reached, 1e-9, "trial %d, node %d", trial, i)
			}
			unit := 1.0
			if classes == 2 {
				unit = 2 // Gini's impurity is twice the variance of a share
			}
			require.InDelta(t, impurity(d, g.weight, rows)-reached, unit*node.gain, 1e-9, "trial %d, node %d", trial, i)
		}
	}
}

// The same for second-order gains, with sibling subtraction and both orders of growth.
func TestBoostTreeAgreesWithExactTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for trial := range 200 {
		n, minLeaf, l2 := 10+r.IntN(40), 1+r.IntN(3), []float64{0, 0.7}[trial%2]
		d := coarse(t, r, n, 0)
		q, _, err := prepare(d, nil, maxBins, 1, 0)
		require.NoError(t, err)
		grad, hess := make([]float64, n), make([]float64, n)
		var sumG, sumH float64
		for i := range n {
			grad[i], hess[i] = r.NormFloat64(), 0.1+r.Float64()
			sumG, sumH = sumG+math.Abs(grad[i]), sumH+hess[i]
		}
		o := GradientBoosting{Depth: 4, Leaves: 9, DepthWise: trial%4 < 2, Threads: 1 + trial%2}
		g := newBoostGrower(q, search{l2: l2, minLeaf: minLeaf, fixed: newFixedPoint(sumG, sumH, n)}, o)
		rows := make([]int32, n)
		for i := range n {
			rows[i] = int32(i)
			g.cells[i] = g.search.fixed.cell(grad[i], hess[i])
		}
		score := func(rows []int32) float64 {
			var sg, sh float64
			for _, r := range rows {
				sg, sh = sg+grad[r], sh+hess[r]
			}
			return sg * sg / (sh + l2)
		}
		nodes := g.grow(rows)
		require.Greater(t, len(nodes), 1)
		leaves := 0
		for i := range nodes {
			node := &nodes[i]
			if node.column < 0 {
				leaves++
				continue
			}
			all := rows[node.lo:node.hi]
			best := math.Inf(-1)
			for j := range d.Width() {
				if (l2 > 0 || minLeaf > 1) && j == 2 {
					continue // the best set need not lie in the order of G/H
				}
				partitions(d, j, all, func(left, right []int32) {
					if min(len(left), len(right)) >= minLeaf {
						best = max(best, score(left)+score(right)-score(all))
					}
				})
			}
			left, right := checkSides(t, d, rows, nodes, node)
			require.InDelta(t, score(left)+score(right)-score(all), node.gain, 1e-9)
			require.GreaterOrEqual(t, node.gain, best-1e-9, "trial %d, node %d", trial, i)
			if node.set == nil || l2 == 0 && minLeaf == 1 {
				require.InDelta(t, best, node.gain, 1e-9, "trial %d, node %d", trial, i)
			}
		}
		require.LessOrEqual(t, leaves, 9)
	}
}

func TestLeafWiseTakesTheLargestGainFirst(t *testing.T) {
	d := generated(t, 400, 0, true, 50)
	for _, depthWise := range []bool{false, true} {
		o := GradientBoosting{Rounds: 1, Leaves: 8, Depth: 10, MinLeaf: 2, DepthWise: depthWise}
		m, err := o.FitRegressor(d)
		require.NoError(t, err)
		deepest := m.trees.depths[0]
		if depthWise {
			assert.Equal(t, int32(3), deepest, "eight leaves need three levels")
		} else {
			assert.Greater(t, deepest, int32(3))
		}
	}
}

func TestFixedPointSumsAreExact(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	g, h := make([]float64, 1000), make([]float64, 1000)
	var sumG, sumH float64
	for i := range g {
		g[i], h[i] = r.NormFloat64()*math.Exp(5*r.NormFloat64()), r.Float64()
		sumG, sumH = sumG+math.Abs(g[i]), sumH+h[i]
	}
	f := newFixedPoint(sumG, sumH, len(g))
	var forward, back cell
	for i := range g {
		forward = forward.plus(f.cell(g[i], h[i]))
		back = back.plus(f.cell(g[len(g)-1-i], h[len(g)-1-i]))
	}
	assert.Equal(t, forward, back)
	assert.Equal(t, 1000, f.count(forward))
	assert.InDelta(t, sumH, f.hessian(forward), 1e-9)
	var want float64
	for _, v := range g {
		want += v
	}
	assert.InDelta(t, want, f.gradient(forward), 1e-12*sumG)
	for _, sum := range []float64{0, math.MaxFloat64, math.SmallestNonzeroFloat64} {
		f := newFixedPoint(sum, sum, 1)
		assert.InEpsilon(t, 1+sum, 1+f.gradient(f.cell(sum, sum)), 1e-9, "sum %v", sum)
	}
}

// code returns the bin of one value.
func (q *quantised) code(row int32, column int) uint8 {
	return uint8(q.words[column/lanes][row] >> (8 * (column % lanes)))
}

func TestCut(t *testing.T) {
	one := func(int) float64 { return 1 }
	repeat := func(v float64, n int) (out []float64) {
		for range n {
			out = append(out, v)
		}
		return out
	}
	for _, c := range []struct {
		name      string
		values    []float64
		bins      int
		low, high []float64
	}{
		{"each value a bin", []float64{3, nan, 1, 2, 2, math.Copysign(0, -1), 0}, 4, []float64{0, 1, 2, 3}, []float64{0, 1, 2, 3}},
		{"equal shares", []float64{1, 2, 3, 4, 5, 6}, 3, []float64{1, 3, 5}, []float64{2, 4, 6}},
		{"a heavy value stays alone", append(repeat(0, 90), 1, 2, 3, 4), 3, []float64{0, 1, 3}, []float64{0, 2, 4}},
		{"negative", []float64{-1, -3, -2}, 2, []float64{-3, -2}, []float64{-3, -1}},
		{"all missing", []float64{nan}, 2, nil, nil},
	} {
		low, high := cut(c.values, one, c.bins)
		assert.Equal(t, c.low, low, c.name)
		assert.Equal(t, c.high, high, c.name)
	}
	// Random: bins rise, hold every value, are no more than asked for, and find knows them.
	r := rand.New(rand.NewPCG(7, 7))
	for range 100 {
		values := make([]float64, 1+r.IntN(3000))
		for i := range values {
			values[i] = math.Round(r.NormFloat64() * math.Exp(8*r.Float64()))
		}
		bins := 2 + r.IntN(254)
		q := quantise([]input{{values: values, table: -1}}, one, len(values), bins, 1)
		c := q.columns[0]
		require.LessOrEqual(t, c.bins, bins)
		for i, v := range values {
			b := q.code(int32(i), 0)
			require.True(t, c.low[b] <= v && v <= c.high[b])
			require.True(t, b == 0 || c.high[b-1] < c.low[b])
		}
	}
}
