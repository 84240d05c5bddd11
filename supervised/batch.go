package supervised

import "fmt"

// rowsTogether is how many rows a batch takes through some trees before it turns to the next: the trees
// then stay in the processor's nearest memory.
const rowsTogether = 128

// PredictRows writes m's answer for each row into dst. rows holds len(dst) rows of the model's width, one
// behind the other. The numbers are those of Predict, to the bit; for large forests they come several
// times as fast. It returns ErrWidth, and leaves dst alone, when rows is of another length.
func (m *ForestClassifier) PredictRows(dst, rows []float64) error {
	return m.forest.batch(dst, rows, func(out []float64) float64 { return out[1] })
}

// PredictRows writes m's estimate for each row into dst: see ForestClassifier.PredictRows.
func (m *ForestRegressor) PredictRows(dst, rows []float64) error {
	return m.forest.batch(dst, rows, func(out []float64) float64 { return out[0] })
}

// PredictRows writes the probability of class 1 for each row into dst: see ForestClassifier.PredictRows.
func (m *BoostedClassifier) PredictRows(dst, rows []float64) error {
	return m.trees.batch(dst, rows, func(out []float64) float64 {
		if len(out) == 1 {
			return sigmoid(out[0])
		}
		softmaxInPlace(out)
		return out[1]
	})
}

// PredictRows writes m's estimate for each row into dst: see ForestClassifier.PredictRows.
func (m *BoostedRegressor) PredictRows(dst, rows []float64) error {
	return m.trees.batch(dst, rows, func(out []float64) float64 { return m.link(out[0]) })
}

// batch calls answer with what the trees say of each row, and puts down what it returns.
func (e *ensemble) batch(dst, rows []float64, answer func(out []float64) float64) error {
	if len(rows) != len(dst)*e.columns {
		return fmt.Errorf("%w: %d numbers for %d rows of %d", ErrWidth, len(rows), len(dst), e.columns)
	}
	width := max(len(e.slots), 1)
	read := make([]uint64, min(rowsTogether, len(dst))*width)
	sums := make([]float64, min(rowsTogether, len(dst))*e.outputs)
	for start := 0; start < len(dst); start += rowsTogether {
		block := dst[start:min(start+rowsTogether, len(dst))]
		for i := range block {
			e.read(read[i*width:(i+1)*width], rows[(start+i)*e.columns:][:e.columns])
			copy(sums[i*e.outputs:], e.base)
		}
		e.sumBlock(sums, read, len(block), width)
		for i := range block {
			out := sums[i*e.outputs:][:e.outputs]
			e.finish(out)
			block[i] = answer(out)
		}
	}
	return nil
}

// sumBlock equals sum for each of n read rows, with the loops the other way round.
func (e *ensemble) sumBlock(sums []float64, read []uint64, n, width int) {
	var trees, at [together]int32
	for t := 0; t < len(e.roots); t += together {
		k := min(together, len(e.roots)-t)
		for j := range k {
			trees[j] = int32(t + j)
		}
		for i := range n {
			e.descend(&at, trees[:k], read[i*width:(i+1)*width])
			out := sums[i*e.outputs:][:e.outputs]
			for j, leaf := range at[:k] {
				e.addLeaf(out, t+j, leaf)
			}
		}
	}
}
