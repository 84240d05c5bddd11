package supervised

import (
	"fmt"
	"math"
	"slices"
)

// Correlations returns for each column the absolute value of its Pearson correlation with the target,
// rows counting by their weights and those without a value left out; 0 where one of the two does not
// vary. Codes of categories and of classes have no order, so that it wants numeric columns and a
// numeric target or two classes: ErrTask otherwise, with the column.
func Correlations(d *Dataset) ([]float64, error) {
	if k := d.Classes(); k > 2 {
		return nil, fmt.Errorf("%w: a correlation with one of %d classes", ErrTask, k)
	}
	out := make([]float64, d.Width())
	for j, c := range d.schema.Columns {
		if c.Kind == Categorical {
			return nil, fmt.Errorf("%w: a correlation with the categories of %q", ErrTask, c.Name)
		}
		r, _ := d.correlation(j)
		out[j] = math.Abs(r)
	}
	return out, nil
}

// correlation returns Pearson's r of column j and the target, and the weight of the rows behind it.
func (d *Dataset) correlation(j int) (r, total float64) {
	var sumX, sumY float64
	each := func(visit func(w, x, y float64)) {
		for i := range d.Len() {
			if x := d.Value(i, j); !math.IsNaN(x) {
				visit(d.Weight(i), x, d.Target(i))
			}
		}
	}
	each(func(w, x, y float64) { total, sumX, sumY = total+w, sumX+w*x, sumY+w*y })
	if total == 0 {
		return 0, 0
	}
	var xx, yy, xy float64
	each(func(w, x, y float64) {
		x, y = x-sumX/total, y-sumY/total
		xx, yy, xy = xx+w*x*x, yy+w*y*y, xy+w*x*y
	})
	if xx <= 0 || yy <= 0 {
		return 0, total
	}
	return min(max(xy/math.Sqrt(xx)/math.Sqrt(yy), -1), 1), total
}

// FScores returns for each column the F statistic of the target on it, larger for columns that tell
// more: of the analysis of variance of a numeric column over the classes, or of a numeric target over
// the levels of a categorical column, and r²/(1−r²)·(n−2) for two numbers. Rows without a value are left
// out; weights only tell which rows count at all. 0 where nothing varies, +Inf where nothing is left
// unexplained. A categorical column with classes is ErrTask: see MutualInformation.
func FScores(d *Dataset) ([]float64, error) {
	out := make([]float64, d.Width())
	for j, c := range d.schema.Columns {
		var group, value []float64
		groups := 0
		for i := range d.Len() {
			if x := d.Value(i, j); d.Weight(i) > 0 && !math.IsNaN(x) {
				group, value = append(group, x), append(value, d.Target(i))
			}
		}
		switch {
		case d.Classes() > 0 && c.Kind == Categorical:
			return nil, fmt.Errorf("%w: F of the categories of %q and classes", ErrTask, c.Name)
		case d.Classes() > 0:
			group, value, groups = value, group, d.Classes()
		case c.Kind == Categorical:
			groups = len(c.Levels)
		default:
			out[j] = fOfNumbers(group, value)
			continue
		}
		out[j] = fOfGroups(group, value, groups)
	}
	return out, nil
}

// fOfNumbers is the F statistic of simple linear regression.
func fOfNumbers(x, y []float64) float64 {
	var meanX, meanY, xx, yy, xy float64
	for i := range x {
		meanX += x[i] / float64(len(x))
		meanY += y[i] / float64(len(x))
	}
	for i := range x {
		a, b := x[i]-meanX, y[i]-meanY
		xx, yy, xy = xx+a*a, yy+b*b, xy+a*b
	}
	if len(x) < 3 || xx <= 0 || yy <= 0 {
		return 0
	}
	explained := xy / xx * xy
	return ratioOfF(explained, yy-explained, 1, len(x)-2)
}

// fOfGroups is the F statistic of the one-way analysis of variance of values by codes below groups.
func fOfGroups(group, value []float64, groups int) float64 {
	sums, counts := make([]float64, groups), make([]float64, groups)
	var mean float64
	for i, g := range group {
		sums[int(g)] += value[i]
		counts[int(g)]++
		mean += value[i] / float64(len(value))
	}
	var between, within float64
	present := 0
	for g, n := range counts {
		if n > 0 {
			present++
			e := sums[g]/n - mean
			between += n * e * e
		}
	}
	for i, g := range group {
		e := value[i] - sums[int(g)]/counts[int(g)]
		within += e * e
	}
	if present < 2 || len(value) <= present {
		return 0
	}
	return ratioOfF(between, within, present-1, len(value)-present)
}

func ratioOfF(explained, rest float64, freedom, left int) float64 {
	switch {
	case explained <= 0:
		return 0
	case rest <= 0:
		return math.Inf(1)
	}
	return explained / float64(freedom) / (rest / float64(left))
}

// MutualInformation returns for each column how many nats it and the target tell about each other, at
// least 0, whatever the form of the dependence: Σ p(a,b)·log(p(a,b)/(p(a)·p(b))) over the cells of a
// table (Cover & Thomas, Elements of Information Theory, section 2.3). Levels and classes are the cells
// as they are; numbers are cut into at most the given number of bins (at least 2; 0 means 16) that hold
// about as many rows each, equal values never parted. Missing is a cell of its own, so that
// values missing for a reason count. Rows count by their weights. With few rows a cell it is too large, by about
// (cells of the one − 1)·(cells of the other − 1)/(2·rows), alike for columns with as many cells.
func MutualInformation(d *Dataset, bins int) ([]float64, error) {
	if bins == 0 {
		bins = 16
	}
	if bins < 2 || bins > 1<<16 {
		return nil, fmt.Errorf("%w: %d bins", ErrOptions, bins)
	}
	target, targetCells := d.Targets(), d.Classes()
	if targetCells == 0 {
		target, targetCells = binned(target, bins)
	}
	out := make([]float64, d.Width())
	values := make([]float64, d.Len())
	for j, c := range d.schema.Columns {
		for i := range values {
			values[i] = d.Value(i, j)
		}
		cell, cells := values, len(c.Levels)
		if c.Kind == Numeric {
			cell, cells = binned(values, bins)
		}
		joint := make([]float64, (cells+1)*targetCells)
		for i, v := range cell {
			if math.IsNaN(v) {
				v = float64(cells)
			}
			joint[int(v)*targetCells+int(target[i])] += d.Weight(i)
		}
		out[j] = information(joint, targetCells)
	}
	return out, nil
}

// binned replaces values by the number of their bin, NaN staying, and returns how many bins there are.
func binned(values []float64, bins int) (cell []float64, cells int) {
	sorted := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	slices.Sort(sorted)
	var edges []float64 // the first value of each bin but the first
	for b := 1; b < bins && len(sorted) > 0; b++ {
		edge := sorted[b*len(sorted)/bins]
		if edge > sorted[0] && (len(edges) == 0 || edge > edges[len(edges)-1]) {
			edges = append(edges, edge)
		}
	}
	cell = make([]float64, len(values))
	for i, v := range values {
		at, found := slices.BinarySearch(edges, v)
		if found {
			at++
		}
		cell[i] = float64(at)
		if math.IsNaN(v) {
			cell[i] = v
		}
	}
	return cell, len(edges) + 1
}

// information returns the mutual information of rows and columns of a table of weights.
func information(joint []float64, width int) float64 {
	rows, columns := make([]float64, len(joint)/width), make([]float64, width)
	var total, sum float64
	for at, w := range joint {
		rows[at/width] += w
		columns[at%width] += w
		total += w
	}
	for at, w := range joint {
		if w > 0 {
			sum += w / total * math.Log(w/rows[at/width]*(total/columns[at%width]))
		}
	}
	return max(sum, 0)
}
