package supervised

import (
	"errors"
	"math"
	"sync"
	"sync/atomic"
)

// ErrBins is the fault of a categorical column with more levels than a histogram has bins.
var ErrBins = errors.New("supervised: more categories than bins")

// maxBins is how many bins a column can have beside the one for missing values: a bin is one byte.
const maxBins = 255

// lanes is how many columns share one word of a quantised row.
const lanes = 4

// quantised is a table whose values were replaced by the number of the bin that they fall into. It is
// made once for a fit, and all trees, rounds and threads share it.
type quantised struct {
	rows    int
	columns []binColumn
	words   [][]uint32 // words[k][row] holds the bins of columns 4k to 4k+3, the first in the lowest byte
	cells   int        // in the histogram of one node
}

// binColumn says what the bins of one column stand for. Bin len(low) holds the missing values.
type binColumn struct {
	source    int       // the column of the Dataset
	table     int       // which encoding its values went through; −1: none
	low, high []float64 // the least and the greatest value of each bin, rising; nil when categorical
	bins      int       // without the one for missing values
	offset    int       // its first cell in a histogram
	missing   bool      // some row misses it
}

// input is one column on its way into bins.
type input struct {
	source, table int
	values        []float64
	levels        int // above 0: categorical, a value is the code of a level and its own bin
}

// quantise sorts the values of each column into at most bins bins of about as many rows. Each distinct
// value has a bin to itself when there are no more than that. Rows without weight shape no bin.
func quantise(inputs []input, weight func(row int) float64, rows, bins, threads int) *quantised {
	q := &quantised{rows: rows, columns: make([]binColumn, len(inputs)), words: make([][]uint32, (len(inputs)+lanes-1)/lanes)}
	parallel(threads, len(q.words), func(k int) {
		q.words[k] = make([]uint32, rows)
		for lane := range min(lanes, len(inputs)-k*lanes) {
			q.columns[k*lanes+lane] = quantiseColumn(q.words[k], lane, inputs[k*lanes+lane], weight, bins)
		}
	})
	for j := range q.columns {
		q.columns[j].offset = q.cells
		q.cells += q.columns[j].bins + 1
	}
	return q
}

func quantiseColumn(words []uint32, lane int, in input, weight func(int) float64, bins int) binColumn {
	c := binColumn{source: in.source, table: in.table, bins: in.levels}
	shift := 8 * lane
	if in.levels == 0 {
		c.low, c.high = cut(in.values, weight, bins)
		c.bins = len(c.low)
	}
	var bounds [maxBins + 1]float64 // the greatest value of each bin but the last, filled up with +Inf
	for b := range bounds {
		bounds[b] = math.Inf(1)
		if b+1 < len(c.low) {
			bounds[b] = between(c.high[b], c.low[b+1])
		}
	}
	for i, v := range in.values {
		code := c.bins
		switch {
		case v != v:
			c.missing = true
		case in.levels > 0:
			code = int(v)
		default:
			code = find(&bounds, v)
		}
		words[i] |= uint32(code) << shift
	}
	return c
}

// find returns the first place whose bound is at least v: a binary search without branches.
func find(bounds *[maxBins + 1]float64, v float64) int {
	at := 0
	for step := 128; step > 0; step /= 2 {
		next := at + step
		if v > bounds[(next-1)&maxBins] {
			at = next
		}
	}
	return at
}

// cut returns the ends of the bins. It closes a bin when it holds its share of the rows that are left,
// so that a value of many rows takes none of its neighbours in.
func cut(values []float64, weight func(int) float64, bins int) (low, high []float64) {
	keys := make([]uint64, 0, len(values))
	for i, v := range values {
		if v == v && weight(i) > 0 {
			keys = append(keys, orderedBits(v))
		}
	}
	radixSort(keys)
	distinct := 0
	for i := range keys {
		if i == 0 || keys[i] != keys[i-1] {
			distinct++
		}
	}
	run := func(i int) int { // the end of the equal keys from i on
		end := i + 1
		for end < len(keys) && keys[end] == keys[i] {
			end++
		}
		return end
	}
	for i := 0; i < len(keys); {
		first, binsLeft := i, bins-len(low)-1
		share := (len(keys) - first) / (binsLeft + 1)
		end := run(i)
		distinct--
		for i = end; i < len(keys) && (binsLeft == 0 || distinct > binsLeft); i = end {
			end = run(i)
			if binsLeft > 0 && i-first+end-first > 2*share {
				break // nearer to its share without the next value
			}
			distinct--
		}
		low, high = append(low, orderedFloat(keys[first])), append(high, orderedFloat(keys[i-1]))
	}
	return low, high
}

// orderedBits maps the finite numbers to integers of the same order; −0 counts as 0.
func orderedBits(v float64) uint64 {
	b := math.Float64bits(v + 0)
	if b>>63 != 0 {
		return ^b
	}
	return b | 1<<63
}

func orderedFloat(b uint64) float64 {
	if b>>63 != 0 {
		return math.Float64frombits(b &^ (1 << 63))
	}
	return math.Float64frombits(^b)
}

// radixSort sorts keys byte by byte, the lowest first, and skips the bytes that all have in common.
func radixSort(keys []uint64) {
	if len(keys) == 0 {
		return
	}
	var counts [8][256]int
	for _, k := range keys {
		for b := range counts {
			counts[b][uint8(k>>(8*b))]++
		}
	}
	from, to := keys, make([]uint64, len(keys))
	for b := range counts {
		count := &counts[b]
		if count[uint8(keys[0]>>(8*b))] == len(keys) {
			continue
		}
		at := 0
		for v, c := range count {
			count[v], at = at, at+c
		}
		for _, k := range from {
			v := uint8(k >> (8 * b))
			to[count[v]] = k
			count[v]++
		}
		from, to = to, from
	}
	copy(keys, from)
}

// between returns the middle of a < b, which is at least a and below b.
func between(a, b float64) float64 {
	if m := a/2 + b/2; m >= a && m < b {
		return m
	}
	return a
}

// lane returns the words that hold a column, and by how many bits to shift them.
func (q *quantised) lane(column int) (words []uint32, shift uint) {
	return q.words[column/lanes], uint(8 * (column % lanes))
}

// parallel does 0 to n−1 by turns on at most threads goroutines, of which the caller's is one, and waits
// for them.
func parallel(threads, n int, do func(i int)) {
	if threads <= 1 || n <= 1 {
		for i := range n {
			do(i)
		}
		return
	}
	var next atomic.Int64
	work := func() {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			do(i)
		}
	}
	var done sync.WaitGroup
	for range min(threads, n) - 1 {
		done.Go(work)
	}
	work()
	done.Wait()
}
