package supervised

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

// leafSeen is what a leaf of a streamTree knows of its rows.
type leafSeen struct {
	counts  []float64 // per class, those of the split that made it among them
	looked  float64   // rows since the last look for a split
	columns []columnSeen
}

// columnSeen is one watched column of a leaf.
type columnSeen struct {
	column int
	normal []normalSeen // numeric: per class
	levels []float64    // categorical: levels×classes
}

// normalSeen is a normal distribution and the range of its values.
type normalSeen struct {
	n, mean, dev float64 // dev: Σ (value − mean)²
	lo, hi       float64
}

func (t *streamTree) newLeaf(counts []float64) *leafSeen {
	l := &leafSeen{counts: counts}
	classes := len(counts)
	watch := func(j int) {
		c := columnSeen{column: j}
		if col := t.schema.Columns[j]; col.Kind == Categorical {
			c.levels = make([]float64, len(col.Levels)*classes)
		} else {
			c.normal = make([]normalSeen, classes)
		}
		l.columns = append(l.columns, c)
	}
	all := len(t.schema.Columns)
	if t.features >= all {
		for j := range all {
			watch(j)
		}
		return l
	}
	for _, j := range t.r.Perm(all)[:t.features] {
		watch(j)
	}
	return l
}

func (l *leafSeen) total() float64 { return floats.Sum(l.counts) }

func (l *leafSeen) add(x []float64, class int, weight float64) {
	l.counts[class] += weight
	for k := range l.columns {
		c := &l.columns[k]
		v := x[c.column]
		switch {
		case math.IsNaN(v):
		case c.levels != nil:
			c.levels[int(v)*len(l.counts)+class] += weight
		default:
			c.normal[class].add(v, weight)
		}
	}
}

// add is West's (1979) update of a weighted mean and deviation.
func (d *normalSeen) add(v, weight float64) {
	if d.n == 0 {
		d.lo, d.hi = v, v
	}
	d.lo, d.hi = min(d.lo, v), max(d.hi, v)
	d.n += weight
	apart := v - d.mean
	d.mean += apart * weight / d.n
	d.dev += weight * apart * (v - d.mean)
}

// below returns how many of the values are at most at, by the normal distribution within the range.
func (d *normalSeen) below(at float64) float64 {
	switch {
	case d.n == 0 || at < d.lo:
		return 0
	case at >= d.hi:
		return d.n
	}
	sd := math.Sqrt(d.dev / d.n)
	return d.n / 2 * math.Erfc((d.mean-at)/(sd*math.Sqrt2))
}

// streamCandidate is a split with its gain in bits and the class counts of its sides.
type streamCandidate struct {
	split       streamSplit
	gain        float64
	left, right []float64
}

// best returns the best split of the best column and the gain of the second-best column.
func (l *leafSeen) best(s *Schema) (best streamCandidate, second float64) {
	best.gain = math.Inf(-1)
	second = math.Inf(-1)
	for k := range l.columns {
		c := l.bestOf(&l.columns[k])
		if c.gain > best.gain {
			best, second = c, best.gain
		} else {
			second = max(second, c.gain)
		}
	}
	if best.left != nil {
		best.split.categorical = s.Columns[best.split.column].Kind == Categorical
		l.shareMissing(&best)
	}
	return best, second
}

// streamCuts is how many thresholds are tried between the ends of a numeric column.
const streamCuts = 10

// bestOf returns the best split of one column, of gain −Inf when it has none.
func (l *leafSeen) bestOf(c *columnSeen) streamCandidate {
	best := streamCandidate{gain: math.Inf(-1)}
	classes := len(l.counts)
	known := make([]float64, classes)
	left, right := make([]float64, classes), make([]float64, classes)
	try := func(at float64) {
		nl, nr := floats.Sum(left), floats.Sum(right)
		n := nl + nr
		if nl < 1 || nr < 1 {
			return
		}
		gain := classEntropy(known, n) - nl/n*classEntropy(left, nl) - nr/n*classEntropy(right, nr)
		gain *= n / l.total() // rows without a value gain nothing
		if gain > best.gain {
			best.gain, best.split = gain, streamSplit{column: c.column, at: at, missingLeft: nl >= nr}
			best.left, best.right = append(best.left[:0], left...), append(best.right[:0], right...)
		}
	}
	if c.levels != nil {
		for at, n := range c.levels {
			known[at%classes] += n
		}
		for level := 0; level < len(c.levels)/classes; level++ {
			copy(left, c.levels[level*classes:])
			floats.SubTo(right, known, left)
			try(float64(level))
		}
		return best
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for k, d := range c.normal {
		known[k] = d.n
		if d.n > 0 {
			lo, hi = min(lo, d.lo), max(hi, d.hi)
		}
	}
	if !(lo < hi) {
		return best
	}
	for cut := 1; cut <= streamCuts; cut++ {
		share := float64(cut) / (streamCuts + 1)
		at := lo*(1-share) + hi*share
		for k := range c.normal {
			left[k] = c.normal[k].below(at)
			right[k] = known[k] - left[k]
		}
		try(at)
	}
	return best
}

// shareMissing adds the rows without a value of the split's column to the side they will go to.
func (l *leafSeen) shareMissing(c *streamCandidate) {
	side := c.right
	if c.split.missingLeft {
		side = c.left
	}
	for k, n := range l.counts {
		side[k] += max(n-c.left[k]-c.right[k], 0)
	}
}

// classEntropy returns −Σ p·log₂(p) of n rows.
func classEntropy(counts []float64, n float64) float64 {
	var sum float64
	for _, c := range counts {
		if c > 0 {
			sum -= c / n * math.Log2(c/n)
		}
	}
	return sum
}
